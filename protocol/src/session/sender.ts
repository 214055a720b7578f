/**
 * The sending half of reliable delivery to one peer (SPEC §7.9): messages become numbered units, each
 * acknowledged; units reach the application once and in order as long as both ends keep their state, whatever
 * sessions and paths come and go below. A message that does not fit a packet is a transfer: a run of `part`
 * units (SPEC §7.10).
 *
 * Numbers are kept whole here and are 16 bits on the wire; the receive window is far below 2^15, so that they
 * expand without doubt. The other half is `receiver.ts`; the two directions are independent.
 */

import { CborWriter } from '../cbor/writer.js';
import type { Instant } from '../kernel/time.js';
import { MINUTE_MS } from '../kernel/time.js';
import { encodeMessage } from '../packet/codec.js';
import { Congestion } from './congestion.js';

/** A unit that is not acknowledged for this long makes its message fail. */
const GIVE_UP_MS = 2 * MINUTE_MS;
/** A unit is lost when one that is this much younger was acknowledged (RFC 9002 §6.1.1). */
const REORDER_UNITS = 3;
/** Type and number before the message: 1 + 3 B. */
export const UNIT_PREFIX_BYTES = 4;
/** Type, transfer, offset, total and byte string header of a part: 1 + 3 + 5 + 5 + 3 B. */
const PART_HEADER_BYTES = 17;
/** Parts smaller than this are not worth a packet. */
const PART_BYTES_MIN = 16;

/** The whole number nearest to `expected` whose low 16 bits are `wire`. */
export function expandNumber(wire: number, expected: number): number {
  let number = expected - (expected % 0x1_0000) + wire;
  if (number > expected + 0x8000) number -= 0x1_0000;
  else if (number < expected - 0x8000) number += 0x1_0000;
  return number;
}

interface Outgoing {
  readonly encoded: Uint8Array;
  readonly tag: number | undefined;
  /** Set once the message turned out not to fit and is sent in parts. */
  transfer: number | undefined;
  offset: number;
  unitsUnderWay: number;
  isRefused: boolean;
}

interface Unit {
  readonly bytes: Uint8Array;
  readonly of: Outgoing;
  readonly firstSentAt: Instant;
  sentAt: Instant;
  /** Counter of the packet that carried it last. */
  packet: number;
  isRepeated: boolean;
  isLost: boolean;
}

export interface Settled {
  readonly tag: number;
  readonly ok: boolean;
}

/** The sending direction. */
export class Sender {
  readonly #queueMax: number;
  readonly #congestion = new Congestion();
  /** Unit numbers never restart while this object lives. */
  #next = 0;
  #oldest = 0;
  #units = new Map<number, Unit>();
  #lostCount = 0;
  #messages: Outgoing[] = [];
  #transfers: Outgoing[] = [];
  #nextTransfer = 0;
  #partsInARow = 0;
  #peerWindow = 16;
  #timeouts = 0;
  #deadline: Instant | undefined;
  #settled: Settled[] = [];
  #highestAcknowledged = -1;
  /** Set while the peer may still wait for numbers that were given up. */
  #skippedTo: number | undefined;

  constructor(queueMax: number) {
    this.#queueMax = queueMax;
  }

  get roundTripMs(): number | undefined {
    return this.#congestion.roundTripMs;
  }

  /** The oldest number that the peer may still need. */
  get base(): number {
    return this.#oldest;
  }

  /** True while the peer must be told `base`, because units before it will never come. */
  get hasSkipped(): boolean {
    return this.#skippedTo !== undefined;
  }

  get isIdle(): boolean {
    return this.#units.size === 0 && this.#messages.length === 0 && this.#transfers.length === 0;
  }

  /** Timeouts since anything was acknowledged. */
  get timeouts(): number {
    return this.#timeouts;
  }

  pollTimeout(): Instant | undefined {
    return this.#deadline;
  }

  takeSettled(): Settled | undefined {
    return this.#settled.shift();
  }

  /** False when the queue is full. `encoded` is one encoded message; it is kept. */
  enqueue(encoded: Uint8Array, tag: number | undefined): boolean {
    if (this.#messages.length + this.#transfers.length + this.#units.size >= this.#queueMax) return false;
    const message = { encoded, tag, transfer: undefined, offset: 0, unitsUnderWay: 0, isRefused: false };
    this.#messages.push(message);
    return true;
  }

  /**
   * The next unit to send, prefix included, at most `room` bytes, in packet number `packet`; undefined if
   * none may go or fits. `fullRoom` is what an empty packet holds: messages beyond it are cut into parts.
   */
  nextUnit(now: Instant, room: number, fullRoom: number, packet: number): Uint8Array | undefined {
    const repeated = this.#nextLost(now, room, packet);
    if (repeated !== undefined) return repeated;
    const window = Math.min(this.#congestion.window, this.#peerWindow);
    if (this.#units.size - this.#lostCount >= window || this.#next - this.#oldest >= this.#peerWindow)
      return undefined;
    this.#moveLargeMessages(fullRoom);
    const isPartsTurn = this.#transfers.length > 0 && (this.#messages.length === 0 || this.#partsInARow < 1);
    if (isPartsTurn) return this.#nextPart(now, room, packet);
    return this.#nextMessage(now, room, packet);
  }

  /** The peer has everything up to `cumulative`, and of those after it what `bitmap` says. */
  acknowledge(now: Instant, cumulative: number, bitmap: Uint8Array, window: number | undefined): number {
    const upTo = expandNumber(cumulative, Math.max(this.#oldest - 1, 0));
    if (upTo >= this.#next) return -1;
    if (this.#skippedTo !== undefined && upTo >= this.#skippedTo - 1) this.#skippedTo = undefined;
    if (window !== undefined) this.#peerWindow = Math.max(1, Math.min(window, 256));
    let newestPacket = -1;
    let count = 0;
    const take = (number: number): void => {
      const unit = this.#units.get(number);
      if (unit === undefined) return;
      count++;
      if (unit.packet > newestPacket) newestPacket = unit.packet;
      this.#finish(now, number, unit);
    };
    for (let number = this.#oldest; number <= upTo; number++) take(number);
    for (let i = 0; i < bitmap.length * 8; i++) {
      if (((bitmap[i >> 3] as number) & (1 << (i & 7))) !== 0 && upTo + 2 + i < this.#next)
        take(upTo + 2 + i);
    }
    if (count === 0) return -1;
    this.#timeouts = 0;
    this.#congestion.acknowledged(count);
    this.#advance();
    this.#detectLoss(now);
    this.#arm(now);
    return newestPacket;
  }

  /** The peer takes `window` units beyond what it has. */
  setPeerWindow(window: number): void {
    this.#peerWindow = Math.max(1, Math.min(window, 256));
  }

  /** The peer will not reassemble this transfer. */
  refuse(transfer: number): void {
    for (const message of this.#transfers) if (message.transfer === transfer) message.isRefused = true;
    for (const unit of this.#units.values()) if (unit.of.transfer === transfer) unit.of.isRefused = true;
    this.#transfers = this.#transfers.filter((message) => {
      if (!message.isRefused) return true;
      message.offset = message.encoded.length;
      this.#settleIfDone(message);
      return false;
    });
  }

  handleTimeout(now: Instant): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#timeouts++;
    this.#congestion.timedOut(now);
    for (const unit of this.#units.values()) this.#markLost(unit);
    const first = this.#units.get(this.#oldest);
    if (first !== undefined && now - first.firstSentAt >= GIVE_UP_MS) this.failAll();
    this.#arm(now);
  }

  /** Another path: send again at once what is under way, and learn the path anew. */
  pathChanged(now: Instant): void {
    this.#congestion.reset();
    for (const unit of this.#units.values()) this.#markLost(unit);
    this.#arm(now);
  }

  /** Everything that waits or is under way fails; numbers go on behind it. */
  failAll(): void {
    const tags = new Set<number>();
    for (const unit of this.#units.values()) if (unit.of.tag !== undefined) tags.add(unit.of.tag);
    for (const message of this.#messages) if (message.tag !== undefined) tags.add(message.tag);
    for (const message of this.#transfers) if (message.tag !== undefined) tags.add(message.tag);
    for (const tag of tags) this.#settled.push({ tag, ok: false });
    this.#units = new Map();
    this.#messages = [];
    this.#transfers = [];
    this.#lostCount = 0;
    if (this.#oldest !== this.#next) this.#skippedTo = this.#next;
    this.#oldest = this.#next;
    this.#deadline = undefined;
  }

  #nextLost(now: Instant, room: number, packet: number): Uint8Array | undefined {
    if (this.#lostCount === 0) return undefined;
    const underWay = this.#units.size - this.#lostCount;
    if (underWay >= this.#congestion.window) return undefined;
    for (const unit of this.#units.values()) {
      if (!unit.isLost) continue;
      // A path with smaller packets still carries it: the link below cuts it into fragments.
      if (unit.bytes.length > room && underWay > 0 && room < unit.bytes.length / 2) return undefined;
      unit.isLost = false;
      this.#lostCount--;
      unit.isRepeated = true;
      unit.sentAt = now;
      unit.packet = packet;
      this.#arm(now);
      return unit.bytes;
    }
    return undefined;
  }

  #moveLargeMessages(fullRoom: number): void {
    const head = this.#messages[0];
    if (head === undefined || head.encoded.length + UNIT_PREFIX_BYTES <= fullRoom) return;
    this.#messages.shift();
    head.transfer = this.#nextTransfer;
    this.#nextTransfer = (this.#nextTransfer + 1) & 0xffff;
    this.#transfers.push(head);
    this.#moveLargeMessages(fullRoom);
  }

  #nextMessage(now: Instant, room: number, packet: number): Uint8Array | undefined {
    const message = this.#messages[0];
    if (message === undefined || message.encoded.length + UNIT_PREFIX_BYTES > room) return undefined;
    this.#messages.shift();
    this.#partsInARow = 0;
    message.offset = message.encoded.length;
    return this.#sendUnit(now, message, message.encoded, packet);
  }

  #nextPart(now: Instant, room: number, packet: number): Uint8Array | undefined {
    const message = this.#transfers[0];
    const size = room - UNIT_PREFIX_BYTES - PART_HEADER_BYTES;
    if (message?.transfer === undefined || size < PART_BYTES_MIN) return undefined;
    this.#partsInARow++;
    const total = message.encoded.length;
    const bytes = message.encoded.subarray(message.offset, Math.min(total, message.offset + size));
    const into = new CborWriter(bytes.length + PART_HEADER_BYTES);
    encodeMessage({ kind: 'part', transfer: message.transfer, offset: message.offset, total, bytes }, into);
    message.offset += bytes.length;
    if (message.offset === total) this.#transfers.shift();
    return this.#sendUnit(now, message, into.finish(), packet);
  }

  #sendUnit(now: Instant, of: Outgoing, message: Uint8Array, packet: number): Uint8Array {
    const number = this.#next++;
    const into = new CborWriter(message.length + UNIT_PREFIX_BYTES);
    encodeMessage({ kind: 'reliable', number: number & 0xffff }, into);
    const bytes = into.raw(message).finish();
    const unit = { bytes, of, firstSentAt: now, sentAt: now, packet, isRepeated: false, isLost: false };
    this.#units.set(number, unit);
    of.unitsUnderWay++;
    if (this.#deadline === undefined) this.#arm(now);
    return bytes;
  }

  #finish(now: Instant, number: number, unit: Unit): void {
    this.#units.delete(number);
    if (unit.isLost) this.#lostCount--;
    if (number > this.#highestAcknowledged) this.#highestAcknowledged = number;
    // Of a unit that was sent twice, or taken for lost, nobody knows which packet was acknowledged (Karn).
    if (!unit.isRepeated && !unit.isLost) this.#congestion.sample(now, now - unit.sentAt);
    unit.of.unitsUnderWay--;
    this.#settleIfDone(unit.of);
  }

  #settleIfDone(message: Outgoing): void {
    const isAllSent = message.offset >= message.encoded.length;
    if (!isAllSent || message.unitsUnderWay > 0 || message.tag === undefined) return;
    this.#settled.push({ tag: message.tag, ok: !message.isRefused });
  }

  #advance(): void {
    while (this.#oldest < this.#next && !this.#units.has(this.#oldest)) this.#oldest++;
  }

  #detectLoss(now: Instant): void {
    let isAny = false;
    for (const [number, unit] of this.#units) {
      if (number > this.#highestAcknowledged - REORDER_UNITS) break;
      if (unit.isLost || now - unit.sentAt < (this.#congestion.roundTripMs ?? 0) / 2) continue;
      this.#markLost(unit);
      isAny = true;
    }
    if (isAny) this.#congestion.lost(now);
  }

  #markLost(unit: Unit): void {
    if (unit.isLost) return;
    unit.isLost = true;
    this.#lostCount++;
  }

  #arm(now: Instant): void {
    this.#deadline = this.#units.size === 0 ? undefined : now + this.#congestion.timeoutMs;
  }
}
