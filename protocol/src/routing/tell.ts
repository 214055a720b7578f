import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import type { AdvertTable } from './advert.js';
import type { RouterOutput } from './doors.js';
import type { NeighborTable } from './neighbor.js';
import { Cell } from './neighbor-cells.js';
import { routesBytes } from './route-entry.js';
import type { RouteTables } from './tables.js';

/**
 * When neighbours are told what changed (SPEC §8.3): at once after a quiet time, then in bundles. The more
 * was told lately, the longer the next bundle gathers: a single failure passes quickly, and when a whole
 * network starts at once, many changes share each message, and most never travel, since better ones overtake
 * them.
 */

/** Once a second on the average; what a slow link could not carry yet is paid for within this time. */
const TELL_MS = SECOND_MS;
const BURST_MS = 15 * SECOND_MS;
/**
 * The shortest bundle: a failure is mended in a few messages, so the first five go so fast. Then it doubles
 * with each second that is not paid for yet.
 */
const BUNDLE_MS = 30;
const BUNDLE_DOUBLES_MS = 4 * TELL_MS;
const BUNDLE_DOUBLINGS_MAX = 5;
/** Updates take at most a quarter of a link whose bit rate is known. */
const LINK_SHARE = 4;
/** Bounds what one turn puts out; the rest follows. */
const MESSAGES_MAX = 32;
/**
 * Of the messages that may wait for one peer, so many are routes: one in sixteen. A board with eight
 * neighbours would else hold everything that it tells eight times at once.
 */
const UNDER_WAY_SHIFT = 4;
/** Session header and tag, framing and what else is around a message. */
const PACKET_OVERHEAD_BYTES = 40;

export class Teller {
  readonly #neighbors: NeighborTable;
  readonly #adverts: AdvertTable;
  readonly #outbox: Outbox<RouterOutput>;
  readonly #underWayMax: number;

  constructor(tables: Pick<RouteTables, 'neighbors' | 'adverts' | 'outbox'>, limits: Limits) {
    const { neighbors, adverts, outbox } = tables;
    this.#neighbors = neighbors;
    this.#adverts = adverts;
    this.#outbox = outbox;
    this.#underWayMax = Math.max(1, limits.sendQueueMax >> UNDER_WAY_SHIFT);
  }

  /** With a new neighbour comes all that it knows, and others are likely to come too: no quiet time. */
  open(now: Instant, neighbor: number): void {
    this.#neighbors.cells.set(neighbor, Cell.tellAt, now);
    this.#neighbors.cells.set(neighbor, Cell.toldUntil, now + BUNDLE_DOUBLES_MS);
  }

  /** When changes that wait will be told; Infinity when none wait, or a receipt must come before. */
  nextTimeout(neighbor: number): Instant {
    if (!this.#adverts.isPending(neighbor) || this.#room(neighbor) <= 0) return Infinity;
    return this.#neighbors.cells.get(neighbor, Cell.tellAt);
  }

  #room(neighbor: number): number {
    return this.#underWayMax - this.#adverts.receipts.underWay(neighbor);
  }

  tell(now: Instant, neighbor: number): void {
    const bitrate = this.#neighbors.bitrate(neighbor);
    this.#adverts.reviewLink(neighbor, bitrate);
    if (now < this.nextTimeout(neighbor)) return;
    const share = bitrate === 0 ? Infinity : (bitrate * TELL_MS) / (8 * SECOND_MS * LINK_SHARE);
    const bytesMax = this.#neighbors.mtu(neighbor) - PACKET_OVERHEAD_BYTES;
    const session = this.#neighbors.session(neighbor);
    const messagesMax = Math.min(MESSAGES_MAX, this.#room(neighbor));
    let messages = 0;
    let bytes = 0;
    while (messages < messagesMax && (messages === 0 || bytes < share)) {
      const entries = this.#adverts.shift(neighbor, bytesMax);
      if (entries.length === 0) break;
      const message = { kind: 'routes', entries } as const;
      const tag = this.#adverts.receipts.send(neighbor);
      this.#outbox.push({ kind: 'message', neighbor: session, message, reliable: true, tag });
      messages++;
      bytes += routesBytes(entries) + PACKET_OVERHEAD_BYTES;
    }
    if (messages === 0) return;
    const airtimeMs = bitrate === 0 ? 0 : (bytes * 8 * SECOND_MS * LINK_SHARE) / bitrate;
    const paidUntil =
      Math.max(this.#neighbors.cells.get(neighbor, Cell.toldUntil), now) + Math.max(TELL_MS, airtimeMs);
    this.#neighbors.cells.set(neighbor, Cell.toldUntil, paidUntil);
    const tellAt = Math.max(now + bundleMs(paidUntil - now), paidUntil - BURST_MS);
    this.#neighbors.cells.set(neighbor, Cell.tellAt, tellAt);
  }
}

/** How long changes gather after a message, when so much time is not paid for. */
function bundleMs(unpaidMs: number): number {
  const doublings = Math.floor((unpaidMs - BUNDLE_DOUBLES_MS) / TELL_MS);
  return BUNDLE_MS << Math.min(Math.max(doublings, 0), BUNDLE_DOUBLINGS_MAX);
}
