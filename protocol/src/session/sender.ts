/**
 * The sending half of reliable delivery to one peer (SPEC §7.9): messages become numbered units, each
 * acknowledged; units reach the application once and in order as long as both ends keep their state, whatever
 * sessions and paths come and go below. A message that does not fit a packet is a transfer: a run of `part`
 * units (SPEC §7.10).
 *
 * Numbers are kept whole here and are 16 bits on the wire; the receive window is far below 2^15, so that they
 * expand without doubt. The other half is `receiver.ts`; the two directions are independent.
 */
import type { CborWriter } from '../cbor/writer.js';
import { assert } from '../kernel/assert.js';
import { Queue } from '../kernel/queue.js';
import type { Instant } from '../kernel/time.js';
import { MINUTE_MS } from '../kernel/time.js';
import { Congestion } from './congestion.js';
import { Flight } from './flight.js';
import { expandNumber } from './number-ring.js';
import {
  ackDelayMsOf,
  newUnit,
  noRoutes,
  type Outgoing,
  PART_HEADER_BYTES,
  tellsRoutes,
  UNIT_PREFIX_BYTES,
  type Unit,
  writeUnit,
} from './unit.js';

/**
 * A unit that is not acknowledged for this long makes its message fail; but only after so many repetitions,
 * as the node may have slept meanwhile.
 */
const GIVE_UP_MS = 2 * MINUTE_MS;
const GIVE_UP_TIMEOUTS = 8;
/** A unit is lost when one that is this much younger was acknowledged (RFC 9002 §6.1.1). */
const REORDER_UNITS = 3;
/** Parts smaller than this are not worth a packet. */
const PART_BYTES_MIN = 16;
/** What a peer may ask to be sent ahead; no more units are ever under way. */
const PEER_WINDOW_MAX = 256;

export interface Settled {
  readonly tag: number;
  readonly ok: boolean;
}

/** The sending direction. */
export class Sender {
  readonly #queueMax: number;
  readonly #congestion = new Congestion();
  /**
   * Unit numbers never restart while this object lives; those from `oldest` to before `next` are not settled.
   */
  #next = 0;
  #oldest = 0;
  /** Undefined while nothing is under way. */
  #flight: Flight | undefined;
  /** Those that no unit carries yet; undefined while there is none. */
  #messages: Queue<Outgoing> | undefined;
  /** Messages that are sent in parts, oldest first; undefined while there is none. */
  #transfers: Outgoing[] | undefined;
  #nextTransfer = 0;
  #partsInARow = 0;
  #peerWindow = 16;
  #timeouts = 0;
  #deadline: Instant | undefined;
  /** Of what was settled in this turn. */
  #settled: Settled[] | undefined;
  #highestAcknowledged = -1;
  /** Counter of the newest packet that the acknowledgement at hand confirms. */
  #newestPacket = -1;
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
    return this.#flight === undefined && this.#messages === undefined && this.#transfers === undefined;
  }

  /** Timeouts since anything was acknowledged. */
  get timeouts(): number {
    return this.#timeouts;
  }

  pollTimeout(): Instant | undefined {
    return this.#deadline;
  }

  /** What was settled since; undefined when nothing was. */
  takeSettled(): readonly Settled[] | undefined {
    const settled = this.#settled;
    this.#settled = undefined;
    return settled;
  }

  /**
   * False when the queue is full. `encoded` is one encoded message; it is kept. `isDatagram`: it may have no
   * number of its own, so it goes in parts even if it fits when its turn comes.
   */
  enqueue(encoded: Uint8Array, tag: number | undefined, isDatagram = false): boolean {
    const underWay = (this.#transfers?.length ?? 0) + (this.#flight?.count ?? 0);
    if ((this.#messages?.length ?? 0) + underWay >= this.#queueMax) return false;
    const message = { encoded, tag, transfer: undefined };
    if (isDatagram) this.#beginTransfer(message);
    else {
      this.#messages ??= new Queue();
      this.#messages.push(message);
    }
    return true;
  }

  /**
   * Writes the next unit, prefix included, behind what packet number `packet` holds already; false if none
   * may go or fits. `room` is what an empty packet holds: messages beyond it are cut into parts.
   */
  writeNext(now: Instant, into: CborWriter, room: number, packet: number): boolean {
    if (this.#repeatLost(now, into, room, packet)) return true;
    const window = Math.min(this.#congestion.window, this.#peerWindow);
    if ((this.#flight?.underWay ?? 0) >= window || this.#next - this.#oldest >= this.#peerWindow)
      return false;
    this.#moveLargeMessages(room);
    const left = room - into.length;
    const isPartsTurn =
      this.#transfers !== undefined && (this.#messages === undefined || this.#partsInARow < 1);
    const unit = isPartsTurn ? this.#nextPart(now, left, packet) : this.#nextMessage(now, left, packet);
    if (unit === undefined) return false;
    const number = this.#next++;
    writeUnit(into, number, unit);
    this.#flight ??= new Flight();
    this.#flight.put(number, unit, this.#oldest);
    if (this.#deadline === undefined) this.#arm(now);
    return true;
  }

  /**
   * The peer has everything up to `cumulative`, and of those after it what `bitmap` says. Returns the counter
   * of the newest packet that this confirms, or -1.
   */
  acknowledge(now: Instant, cumulative: number, bitmap: Uint8Array, window: number | undefined): number {
    const upTo = expandNumber(cumulative, Math.max(this.#oldest - 1, 0));
    if (upTo >= this.#next) return -1;
    if (this.#skippedTo !== undefined && upTo >= this.#skippedTo - 1) this.#skippedTo = undefined;
    if (window !== undefined) this.setPeerWindow(window);
    const flight = this.#flight;
    const before = flight?.missingCount ?? 0;
    this.#newestPacket = -1;
    for (let number = this.#oldest; number <= upTo; number++) this.#finish(now, number);
    for (let i = 0; i < bitmap.length * 8 && upTo + 2 + i < this.#next; i++) {
      if (((bitmap[i >> 3] as number) & (1 << (i & 7))) !== 0) this.#hold(now, upTo + 2 + i);
    }
    const count = before - (flight?.missingCount ?? 0);
    if (flight === undefined || count === 0) return -1;
    this.#timeouts = 0;
    this.#congestion.acknowledged(count);
    while (this.#oldest < this.#next && flight.get(this.#oldest) === undefined) this.#oldest++;
    if (flight.count === 0) this.#flight = undefined;
    this.#detectLoss(now);
    this.#arm(now);
    return this.#newestPacket;
  }

  /** The peer takes `window` units beyond what it has. */
  setPeerWindow(window: number): void {
    this.#peerWindow = Math.max(1, Math.min(window, PEER_WINDOW_MAX));
  }

  /** The peer will not reassemble this transfer. */
  refuse(transfer: number): void {
    for (const message of this.#transfers ?? []) {
      if (message.transfer?.number === transfer) message.transfer.isRefused = true;
    }
    for (let number = this.#oldest; number < this.#next; number++) {
      const of = this.#flight?.get(number)?.of;
      if (of?.transfer?.number === transfer) of.transfer.isRefused = true;
    }
    const left = this.#transfers?.filter((message) => {
      if (message.transfer?.isRefused !== true) return true;
      message.transfer.offset = message.encoded.length;
      this.#settleIfDone(message);
      return false;
    });
    this.#transfers = left?.length === 0 ? undefined : left;
  }

  handleTimeout(now: Instant): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#timeouts++;
    this.#congestion.timedOut(now);
    this.#markAllLost();
    const first = this.#flight?.get(this.#oldest);
    const isOld = first !== undefined && now - first.firstSentAt >= GIVE_UP_MS;
    if (isOld && this.#timeouts >= GIVE_UP_TIMEOUTS) this.failAll();
    this.#arm(now);
  }

  /** Another path: send again at once what is under way, and learn the path anew. */
  pathChanged(now: Instant): void {
    this.#congestion.reset();
    this.#markAllLost();
    this.#arm(now);
  }

  /** The same path leads another way, or again: what timed out is repeated at once, at its known pace. */
  rerouted(now: Instant): void {
    if (this.#timeouts === 0) return;
    this.#congestion.rerouted();
    this.#markAllLost();
    this.#arm(now);
  }

  /**
   * The peer is no neighbor any more: routes that it was not told yet would be believed when they come late,
   * and could close a loop then. What has a number already goes on without them, as the next ones need it.
   */
  retractRoutes(): void {
    const waiting = this.#messages;
    this.#messages = undefined;
    for (let message = waiting?.shift(); message !== undefined; message = waiting?.shift()) {
      if (tellsRoutes(message.encoded)) this.#fail(message);
      else {
        this.#messages ??= new Queue();
        this.#messages.push(message);
      }
    }
    for (let number = this.#oldest; number < this.#next; number++) {
      const of = this.#flight?.get(number)?.of;
      if (of === undefined || of.transfer !== undefined || !tellsRoutes(of.encoded)) continue;
      this.#fail(of);
      of.encoded = noRoutes();
    }
    for (const { encoded, transfer } of this.#transfers ?? []) {
      if (transfer !== undefined && tellsRoutes(encoded)) this.refuse(transfer.number);
    }
  }

  #fail(message: Outgoing): void {
    if (message.tag !== undefined) this.#settle(message.tag, false);
    message.tag = undefined;
  }

  /** Everything that waits or is under way fails; numbers go on behind it. */
  failAll(): void {
    const tags = new Set<number | undefined>();
    for (let number = this.#oldest; number < this.#next; number++)
      tags.add(this.#flight?.get(number)?.of.tag);
    for (const message of this.#transfers ?? []) tags.add(message.tag);
    const waiting = this.#messages;
    for (let message = waiting?.shift(); message !== undefined; message = waiting?.shift()) {
      tags.add(message.tag);
    }
    for (const tag of tags) if (tag !== undefined) this.#settle(tag, false);
    this.#messages = undefined;
    this.#flight = undefined;
    this.#transfers = undefined;
    if (this.#oldest !== this.#next) this.#skippedTo = this.#next;
    this.#oldest = this.#next;
    this.#deadline = undefined;
  }

  #repeatLost(now: Instant, into: CborWriter, room: number, packet: number): boolean {
    const flight = this.#flight;
    if (flight === undefined || flight.lostCount === 0) return false;
    const { underWay } = flight;
    if (underWay >= this.#congestion.window) return false;
    const number = flight.firstLost(this.#oldest, this.#next);
    const unit = flight.get(number);
    assert(unit !== undefined, 'a lost unit is under way');
    const left = room - into.length;
    // A path with smaller packets still carries it: the link below cuts it into fragments.
    if (unit.length > left && (into.length > 0 || (underWay > 0 && left < unit.length / 2))) return false;
    flight.repeat(now, unit, packet);
    this.#arm(now);
    writeUnit(into, number, unit);
    return true;
  }

  #moveLargeMessages(room: number): void {
    for (let head = this.#messages?.first; head !== undefined; head = this.#messages?.first) {
      if (head.encoded.length + UNIT_PREFIX_BYTES <= room) return;
      this.#shiftMessage();
      this.#beginTransfer(head);
    }
  }

  #beginTransfer(message: Outgoing): void {
    const number = this.#nextTransfer;
    message.transfer = { number, offset: 0, unitsUnderWay: 0, isRefused: false };
    this.#nextTransfer = (this.#nextTransfer + 1) & 0xffff;
    this.#transfers ??= [];
    this.#transfers.push(message);
  }

  #nextMessage(now: Instant, left: number, packet: number): Unit | undefined {
    const message = this.#messages?.first;
    if (message === undefined || message.encoded.length + UNIT_PREFIX_BYTES > left) return undefined;
    this.#shiftMessage();
    this.#partsInARow = 0;
    return newUnit(now, message, message.encoded.length, packet);
  }

  #nextPart(now: Instant, left: number, packet: number): Unit | undefined {
    const message = this.#transfers?.[0];
    const size = left - UNIT_PREFIX_BYTES - PART_HEADER_BYTES;
    if (message === undefined || size < PART_BYTES_MIN) return undefined;
    this.#partsInARow++;
    const unit = newUnit(now, message, size, packet);
    if (unit.span?.to === message.encoded.length) this.#endTransfer();
    return unit;
  }

  #shiftMessage(): void {
    this.#messages?.shift();
    if (this.#messages?.length === 0) this.#messages = undefined;
  }

  /** All parts of the oldest one are on their way. */
  #endTransfer(): void {
    this.#transfers?.shift();
    if (this.#transfers?.length === 0) this.#transfers = undefined;
  }

  /** The peer's application has it: forgets the unit, and settles its message with the last one. */
  #finish(now: Instant, number: number): void {
    this.#hold(now, number);
    const unit = number < this.#oldest ? undefined : this.#flight?.get(number);
    if (unit === undefined) return;
    this.#flight?.remove(number);
    if (unit.of.transfer !== undefined) unit.of.transfer.unitsUnderWay--;
    this.#settleIfDone(unit.of);
  }

  /**
   * The peer has the unit, but its application has it only after those before: should the peer restart until
   * then, it is gone.
   */
  #hold(now: Instant, number: number): void {
    const unit = number < this.#oldest ? undefined : this.#flight?.get(number);
    if (unit === undefined || unit.state === 'held') return;
    if (unit.packet > this.#newestPacket) this.#newestPacket = unit.packet;
    if (number > this.#highestAcknowledged) this.#highestAcknowledged = number;
    // Of a unit that was sent twice, or taken for lost, nobody knows which packet was acknowledged (Karn).
    if (!unit.isRepeated && unit.state !== 'lost') {
      this.#congestion.sample(now, now - unit.sentAt, ackDelayMsOf(unit));
    }
    this.#flight?.hold(unit);
  }

  #settleIfDone(message: Outgoing): void {
    const { encoded, tag, transfer } = message;
    const isDone =
      transfer === undefined || (transfer.offset >= encoded.length && transfer.unitsUnderWay === 0);
    if (isDone && tag !== undefined) this.#settle(tag, transfer?.isRefused !== true);
  }

  #settle(tag: number, ok: boolean): void {
    this.#settled ??= [];
    this.#settled.push({ tag, ok });
  }

  #detectLoss(now: Instant): void {
    let isAny = false;
    const end = Math.min(this.#next, this.#highestAcknowledged - REORDER_UNITS + 1);
    for (let number = this.#oldest; number < end; number++) {
      const unit = this.#flight?.get(number);
      if (unit?.state !== 'underWay') continue;
      if (now - unit.sentAt < (this.#congestion.roundTripMs ?? 0) / 2) continue;
      this.#flight?.markLost(number, unit);
      isAny = true;
    }
    if (isAny) this.#congestion.lost(now);
  }

  #markAllLost(): void {
    for (let number = this.#oldest; number < this.#next; number++) {
      const unit = this.#flight?.get(number);
      if (unit !== undefined) this.#flight?.markLost(number, unit);
    }
  }

  #arm(now: Instant): void {
    this.#deadline = this.#flight === undefined ? undefined : now + this.#congestion.timeoutMs;
  }
}
