/**
 * The receiving half of reliable delivery (SPEC §7.9, §7.10): numbered units come out once and in order; the
 * parts of a transfer come out as the one message they were cut from.
 */
import type { CborWriter } from '../cbor/writer.js';
import type { Instant } from '../kernel/time.js';
import { encodeMessage } from '../packet/codec.js';
import type { Message, Part } from '../packet/message.js';
import { FIELD_TYPES } from '../packet/message-table.js';
import { expandNumber, NumberRing } from './number-ring.js';
import { ackDelayMs } from './unit.js';

/** Later units that wait for a gap: times a packet of RAM each. */
const WINDOW_MAX = 256;
/**
 * While units arrive in order that nobody waits for, one acknowledgement is enough for so many (RFC 9000
 * §13.2), unless the next one stays away: packets of its own for each would cost both ends as much as they.
 */
const UNITS_PER_ACK = 8;
/** The peer asks whether its base is known: it is told with what else there is to tell, if that comes. */
const REPEATED_BASE_ACK_DELAY_MS = 50;
/** Type and number, while nothing is missing. */
const ACK_BYTES_MAX = 4;

/** Around the longest body: the longest path, and the heads of a request. */
const OTHER_FIELDS_BYTES_MAX = FIELD_TYPES.path.max + 32;

/** Takes the place of routes that are not to be believed. */
const NO_ROUTES: Message = { kind: 'routes', entries: [] };

/** What a part led to: nothing yet, the encoded message, or a transfer to refuse. */
export type Reassembled =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'complete'; readonly encoded: Uint8Array }
  | { readonly kind: 'refused'; readonly transfer: number };

export class Receiver {
  readonly #window: number;
  readonly #messageBytesMax: number;
  #expected = 0;
  /** Units from `expected` on; that one itself only until `next` takes it. Undefined while there is none. */
  #waiting: NumberRing<Message> | undefined;
  /** Of the units that wait; means nothing when none does. */
  #highest = 0;
  /** When to acknowledge, at the latest: -Infinity is now. Undefined when nothing waits for it. */
  #ackAt: Instant | undefined;
  /** Units that nothing was said of yet. */
  #quietUnits = 0;
  #assembly: { transfer: number; bytes: Uint8Array; filled: number } | undefined;

  /** `window`: units beyond the next one that are kept while it is missing. */
  constructor(window: number, messageBytesMax: number) {
    this.#window = Math.min(window, WINDOW_MAX);
    this.#messageBytesMax = messageBytesMax;
  }

  get window(): number {
    return this.#window;
  }

  get isAckDue(): boolean {
    return this.#ackAt === -Infinity;
  }

  /** When an acknowledgement falls due that waits for more units. */
  pollTimeout(): Instant | undefined {
    return this.isAckDue ? undefined : this.#ackAt;
  }

  handleTimeout(now: Instant): void {
    if (this.#ackAt !== undefined && now >= this.#ackAt) this.#ackAt = -Infinity;
  }

  /** A peer without memory of us starts at `base` (16 bits). */
  restart(base: number): void {
    this.#expected = base;
    this.#waiting = undefined;
    this.#assembly = undefined;
    this.#ackAt = -Infinity;
  }

  /** The peer gave up all units before `base` (16 bits); those of them that are here already come out. */
  skipTo(now: Instant, base: number): readonly Message[] {
    const to = expandNumber(base, this.#expected);
    this.#acknowledge(now, to > this.#expected ? 0 : REPEATED_BASE_ACK_DELAY_MS);
    const released: Message[] = [];
    while (this.#expected < to && this.#waiting !== undefined) {
      const message = this.next();
      if (message === undefined) this.#expected++;
      else released.push(message);
    }
    this.#expected = Math.max(this.#expected, to);
    for (let message = this.next(); message !== undefined; message = this.next()) released.push(message);
    return released;
  }

  /** Takes unit `number` (16 bits); what is in order now comes out of `next`. */
  take(now: Instant, number: number, message: Message): void {
    const whole = expandNumber(number, this.#expected);
    const ahead = whole - this.#expected;
    const isInOrder = ahead === 0 && this.#waiting === undefined;
    this.#acknowledge(now, isInOrder ? ackDelayMs(message) : 0);
    if (ahead < 0 || ahead > this.#window) return;
    if (this.#waiting === undefined || whole > this.#highest) this.#highest = whole;
    else if (this.#waiting.get(whole) !== undefined) return;
    this.#waiting ??= new NumberRing();
    this.#waiting.put(whole, message, this.#expected);
  }

  /** The message of the unit that is expected next, if it is here. */
  next(): Message | undefined {
    const message = this.#waiting?.get(this.#expected);
    if (message === undefined) return undefined;
    this.#waiting?.remove(this.#expected++);
    if (this.#waiting?.count === 0) this.#waiting = undefined;
    return message;
  }

  /**
   * The peer is no neighbor any more: routes that wait for a gap would be believed when they come out, long
   * after it.
   */
  retractRoutes(): void {
    if (this.#waiting === undefined) return;
    for (let number = this.#expected; number <= this.#highest; number++) {
      const message = this.#waiting.get(number);
      if (message?.kind !== 'routes' && message?.kind !== 'routeSeekBack') continue;
      this.#waiting.put(number, NO_ROUTES, this.#expected);
    }
  }

  /** The acknowledgement that is due; taking it makes it done. */
  takeAck(): Message {
    this.#quietUnits = 0;
    this.#ackAt = undefined;
    const cumulative = (this.#expected + 0xffff) & 0xffff;
    const waiting = this.#waiting;
    if (waiting === undefined) return { kind: 'ack', cumulative };
    const beyond = this.#highest - this.#expected;
    const bitmap = new Uint8Array(Math.ceil(beyond / 8));
    for (let i = 0; i < beyond; i++) {
      if (waiting.get(this.#expected + 1 + i) === undefined) continue;
      bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7));
    }
    return { kind: 'selectiveAck', cumulative, window: this.#window, bitmap };
  }

  /** What waits for more units goes with a packet that goes in any case, if it fits. */
  addAck(into: CborWriter, room: number): void {
    if (this.#ackAt === undefined || into.length + ACK_BYTES_MAX > room) return;
    encodeMessage(this.takeAck(), into);
  }

  /** Parts come in order, one transfer at a time; a new transfer ends the one before. */
  reassemble(part: Part): Reassembled {
    if (part.total > this.#messageBytesMax + OTHER_FIELDS_BYTES_MAX)
      return { kind: 'refused', transfer: part.transfer };
    if (part.offset === 0) {
      this.#assembly = { transfer: part.transfer, bytes: new Uint8Array(part.total), filled: 0 };
    }
    const assembly = this.#assembly;
    const isNext =
      assembly !== undefined &&
      assembly.transfer === part.transfer &&
      assembly.filled === part.offset &&
      assembly.bytes.length === part.total &&
      part.offset + part.bytes.length <= part.total;
    if (!isNext || assembly === undefined) return { kind: 'waiting' };
    assembly.bytes.set(part.bytes, part.offset);
    assembly.filled += part.bytes.length;
    if (assembly.filled < part.total) return { kind: 'waiting' };
    this.#assembly = undefined;
    return { kind: 'complete', encoded: assembly.bytes };
  }

  #acknowledge(now: Instant, delayMs: number): void {
    const isNow = delayMs === 0 || ++this.#quietUnits >= UNITS_PER_ACK;
    this.#ackAt = isNow ? -Infinity : Math.min(this.#ackAt ?? Infinity, now + delayMs);
  }
}
