import { assert } from '../kernel/assert.js';
import { concatBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { LinkAddress, LinkId } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { classify } from './first-byte.js';

/*
 * Packets larger than the MTU of a link travel in fragments between the two stations of that link (SPEC
 * §4.7):
 *
 *   first    0x60 + tag >> 8, tag & 255, index 0, count, bytes
 *   others   0x60 + tag >> 8, tag & 255, index, bytes
 *
 * Nothing protects a fragment itself, whatever it carries does; hence the bounds. Whoever floods fragments
 * only costs reassemblies, first those of stations without a session.
 */

const FRAGMENT = 0x60;
const FRAGMENT_LAST = 0x6f;
const FIRST_HEADER_BYTES = 4;
const HEADER_BYTES = 3;

/** The largest packet that fragments may carry. */
export const DATAGRAM_BYTES_MAX = 1280;
/** 1,280 B at the least MTU of 64 are 21 pieces of 61 B. */
export const FRAGMENT_COUNT_MAX = 32;
export const TAG_COUNT = 0x1000;

/** 8 x 1,280 B = 10 kB at most, and only while neighbours fill them. */
const REASSEMBLY_COUNT_MAX = 8;
const REASSEMBLY_PER_SOURCE_MAX = 2;
/** Enough for a handshake with strangers on a serial line: H2 of XX with two certificates has 267 B. */
const STRANGER_DATAGRAM_BYTES_MAX = 320;
const STRANGER_COUNT_MAX = 4;

const LIFETIME_MS_MIN = 2000;
const LIFETIME_AIRTIMES = 8;

export interface FragmentSource {
  readonly link: LinkId;
  readonly address: LinkAddress;
  /** Whether the station there is a neighbor. */
  readonly isAuthenticated: boolean;
  /** How long the next fragment may take: `fragmentLifetimeMs` of the link. */
  readonly lifetimeMs: number;
}

interface Reassembly {
  readonly source: FragmentSource;
  readonly tag: number;
  readonly pieces: Uint8Array[];
  /** Bit i: piece i is here. */
  present: number;
  /** 0 until the first fragment tells. */
  count: number;
  bytes: number;
  expiresAt: Instant;
}

/** Time without a new fragment after which a packet is given up. */
export function fragmentLifetimeMs(mtu: number, bitrate: number): number {
  if (bitrate === 0) return LIFETIME_MS_MIN;
  return Math.max(LIFETIME_MS_MIN, Math.ceil((LIFETIME_AIRTIMES * mtu * 8 * 1000) / bitrate));
}

/**
 * The packet itself when it fits, else its fragments in order; undefined when even fragments cannot carry it.
 * The sender counts `tag` up per link, modulo TAG_COUNT.
 */
export function fragmentPacket(
  packet: Uint8Array,
  mtu: number,
  tag: number,
): readonly Uint8Array[] | undefined {
  if (packet.length <= mtu) return [packet];
  if (packet.length > DATAGRAM_BYTES_MAX || mtu <= FIRST_HEADER_BYTES) return undefined;
  // The first header has one byte more than the others: as if there were one more byte to carry.
  const count = Math.ceil((packet.length + 1) / (mtu - HEADER_BYTES));
  if (count > FRAGMENT_COUNT_MAX) return undefined;
  const fragments: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const header = [FRAGMENT | (tag >> 8), tag & 0xff, index];
    if (index === 0) header.push(count);
    const end = Math.min(packet.length, at + mtu - header.length);
    fragments.push(concatBytes(new Uint8Array(header), packet.subarray(at, end)));
    at = end;
  }
  return fragments;
}

/**
 * Puts fragments together again. Oldest first in its list; what expired goes when the next fragment comes.
 */
export class Reassembler {
  #open: Reassembly[] = [];

  /** The whole packet once it is complete, undefined while pieces miss, or why this fragment was dropped. */
  push(now: Instant, source: FragmentSource, fragment: Uint8Array): Uint8Array | DropReason | undefined {
    this.expire(now);
    const fault = fragmentFault(fragment);
    if (fault !== undefined) return fault;
    const index = fragment[2] as number;
    const tag = (((fragment[0] as number) & 0x0f) << 8) | (fragment[1] as number);
    const piece = fragment.subarray(index === 0 ? FIRST_HEADER_BYTES : HEADER_BYTES);
    const reassembly = this.#find(source, tag) ?? this.#start(now, source, tag);
    if (reassembly === undefined) return 'overLimit';
    const dropped = addPiece(reassembly, index, index === 0 ? (fragment[3] as number) : 0, piece);
    if (dropped !== undefined) {
      this.#forget(reassembly);
      return dropped;
    }
    reassembly.expiresAt = now + source.lifetimeMs;
    if (!isComplete(reassembly)) return undefined;
    this.#forget(reassembly);
    const packet = concatBytes(...reassembly.pieces);
    return classify(packet[0] ?? 0) === 'fragment' ? 'malformed' : packet;
  }

  /** Drops what waited too long and tells how many that were. */
  expire(now: Instant): number {
    const before = this.#open.length;
    if (before > 0) this.#open = this.#open.filter((reassembly) => reassembly.expiresAt > now);
    return before - this.#open.length;
  }

  closeLink(link: LinkId): void {
    this.#open = this.#open.filter((reassembly) => reassembly.source.link !== link);
  }

  #find(source: FragmentSource, tag: number): Reassembly | undefined {
    return this.#open.find((reassembly) => reassembly.tag === tag && isFrom(reassembly, source));
  }

  #start(now: Instant, source: FragmentSource, tag: number): Reassembly | undefined {
    if (!this.#makeRoom(source)) return undefined;
    const expiresAt = now + source.lifetimeMs;
    const reassembly = { source, tag, pieces: [], present: 0, count: 0, bytes: 0, expiresAt };
    this.#open.push(reassembly);
    assert(this.#open.length <= REASSEMBLY_COUNT_MAX, 'reassemblies are bounded');
    return reassembly;
  }

  /**
   * A source loses its own oldest first, then strangers theirs; only a neighbour may push a neighbour out.
   */
  #makeRoom(source: FragmentSource): boolean {
    const own = this.#open.filter((reassembly) => isFrom(reassembly, source));
    const strangers = this.#open.filter((reassembly) => !reassembly.source.isAuthenticated);
    let leaves: Reassembly | undefined;
    if (own.length >= REASSEMBLY_PER_SOURCE_MAX) leaves = own[0];
    else if (!source.isAuthenticated && strangers.length >= STRANGER_COUNT_MAX) leaves = strangers[0];
    else if (this.#open.length < REASSEMBLY_COUNT_MAX) return true;
    else leaves = strangers[0] ?? (source.isAuthenticated ? this.#open[0] : undefined);
    if (leaves !== undefined) this.#forget(leaves);
    return leaves !== undefined;
  }

  #forget(reassembly: Reassembly): void {
    this.#open = this.#open.filter((other) => other !== reassembly);
  }
}

function fragmentFault(fragment: Uint8Array): DropReason | undefined {
  const [first, , index, count] = fragment;
  if (first === undefined) return 'empty';
  if (first < FRAGMENT || first > FRAGMENT_LAST) return 'unknownType';
  const header = index === 0 ? FIRST_HEADER_BYTES : HEADER_BYTES;
  if (index === undefined || fragment.length <= header) return 'truncated';
  if (index >= FRAGMENT_COUNT_MAX) return 'malformed';
  const isCountPossible = count !== undefined && count >= 2 && count <= FRAGMENT_COUNT_MAX;
  return index === 0 && !isCountPossible ? 'malformed' : undefined;
}

/** A piece that is already there, or beyond the end, says that two packets share a tag: both are lost. */
function addPiece(
  reassembly: Reassembly,
  index: number,
  count: number,
  piece: Uint8Array,
): DropReason | undefined {
  if ((reassembly.present & (1 << index)) !== 0) return 'malformed';
  const bytesMax = reassembly.source.isAuthenticated ? DATAGRAM_BYTES_MAX : STRANGER_DATAGRAM_BYTES_MAX;
  if (reassembly.bytes + piece.length > bytesMax) return 'oversize';
  while (reassembly.pieces.length <= index) reassembly.pieces.push(EMPTY);
  reassembly.pieces[index] = copyBytes(piece);
  reassembly.present |= 1 << index;
  reassembly.bytes += piece.length;
  if (count > 0) reassembly.count = count;
  return reassembly.count > 0 && reassembly.pieces.length > reassembly.count ? 'malformed' : undefined;
}

function isComplete(reassembly: Reassembly): boolean {
  const all = reassembly.count === 32 ? -1 : (1 << reassembly.count) - 1;
  return reassembly.count > 0 && reassembly.present === all;
}

function isFrom(reassembly: Reassembly, source: FragmentSource): boolean {
  return reassembly.source.link === source.link && reassembly.source.address === source.address;
}
