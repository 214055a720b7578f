/** One numbered unit of reliable delivery (SPEC §7.9): a whole message, or a part of one (SPEC §7.10). */
import { CborWriter } from '../cbor/writer.js';
import type { Instant } from '../kernel/time.js';
import { encodeMessage } from '../packet/codec.js';
import type { Message } from '../packet/message.js';
import { rowOfKind } from '../packet/message-rows.js';

/** Type and number before the message: 1 + 3 B. */
export const UNIT_PREFIX_BYTES = 4;
/** Type, transfer, offset, total and byte string header of a part: 1 + 3 + 5 + 5 + 3 B. */
export const PART_HEADER_BYTES = 17;

/**
 * What neighbors tell each other: no application waits for it, and more is likely to go the other way.
 * Records are not among it: by them the round trip of a relayed path is measured first.
 */
const BACKGROUND = ['routes', 'routeRequest', 'find'] as const;
/** It may wait so long for its acknowledgement; round trips are measured without that (RFC 9002 §5.3). */
const BACKGROUND_ACK_DELAY_MS = 50;
/** A part that others follow may wait so long. */
const PART_ACK_DELAY_MS = 5;

/** A message on its way, and how far it has come. */
export interface Outgoing {
  encoded: Uint8Array;
  tag: number | undefined;
  /** Set once the message turned out not to fit and is sent in parts. */
  transfer: Transfer | undefined;
}

export interface Transfer {
  readonly number: number;
  /** Bytes that units carry already. */
  offset: number;
  unitsUnderWay: number;
  isRefused: boolean;
}

/** Whether it says where a route leads: that is true only while the receiver is a neighbor (SPEC §8.3). */
export function tellsRoutes(encoded: Uint8Array): boolean {
  return isOf('routes', encoded) || isOf('routeSeekBack', encoded);
}

/** How long the acknowledgement of a message may wait for others. */
export function ackDelayMs(message: Message): number {
  if (message.kind === 'part') {
    return message.offset + message.bytes.length < message.total ? PART_ACK_DELAY_MS : 0;
  }
  for (const kind of BACKGROUND) if (kind === message.kind) return BACKGROUND_ACK_DELAY_MS;
  return 0;
}

/** How long that of a unit may have waited. */
export function ackDelayMsOf({ of: { encoded } }: Unit): number {
  for (const kind of BACKGROUND) if (isOf(kind, encoded)) return BACKGROUND_ACK_DELAY_MS;
  return 0;
}

/** All type and control numbers that are asked for are written in one byte. */
function isOf(kind: Message['kind'], [type, control]: Uint8Array): boolean {
  const row = rowOfKind(kind);
  return type === row.type && (row.control === undefined || control === row.control);
}

/** `routes` without any. */
export function noRoutes(): Uint8Array {
  const writer = new CborWriter();
  encodeMessage({ kind: 'routes', entries: [] }, writer);
  return writer.take();
}

/** What is kept of a unit: enough to write it again, byte for byte. */
export interface Unit {
  readonly of: Outgoing;
  /** The bytes of the message that it carries; undefined: all of them. */
  readonly span: { readonly from: number; readonly to: number } | undefined;
  /** As written, prefix included. */
  length: number;
  readonly firstSentAt: Instant;
  sentAt: Instant;
  /** Counter of the packet that carried it last. */
  packet: number;
  isRepeated: boolean;
  /** Held: the peer has it and waits for one before it. */
  state: 'underWay' | 'lost' | 'held';
}

/** The unit of a message, or of the next `size` bytes of one that is sent in parts, or of what is left. */
export function newUnit(now: Instant, of: Outgoing, size: number, packet: number): Unit {
  const { encoded, transfer } = of;
  let span: Unit['span'];
  if (transfer !== undefined) {
    span = { from: transfer.offset, to: Math.min(encoded.length, transfer.offset + size) };
    transfer.offset = span.to;
    transfer.unitsUnderWay++;
  }
  return {
    of,
    span,
    length: 0,
    firstSentAt: now,
    sentAt: now,
    packet,
    isRepeated: false,
    state: 'underWay',
  };
}

export function writeUnit(into: CborWriter, number: number, unit: Unit): void {
  const start = into.length;
  const { of, span } = unit;
  const { encoded, transfer } = of;
  encodeMessage({ kind: 'reliable', number: number & 0xffff }, into);
  if (transfer === undefined || span === undefined) into.raw(encoded);
  else {
    const bytes = encoded.subarray(span.from, span.to);
    const total = encoded.length;
    encodeMessage({ kind: 'part', transfer: transfer.number, offset: span.from, total, bytes }, into);
  }
  unit.length = into.length - start;
}
