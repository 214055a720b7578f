import { Columns } from '../kernel/columns.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { type AdvertTable, routesBytes } from './advert.js';
import type { RouterOutput } from './doors.js';
import type { NeighborTable } from './neighbor.js';

/**
 * When neighbours are told what changed (SPEC §8.2): at once, as a rule, but in bundles and within a rate.
 * What comes within 30 ms shares messages, which makes a burst of changes both cheaper and faster.
 */

/** Once a second on the average, and sixteen times in a row after a quiet time. */
const TELL_MS = SECOND_MS;
const BURST_MS = 15 * SECOND_MS;
const BUNDLE_MS = 30;
/** Updates take at most a quarter of a link whose bit rate is known. */
const LINK_SHARE = 4;
/** Bounds what one turn puts out; the rest follows. */
const MESSAGES_MAX = 32;
/** Session header and tag, framing and what else is around a message. */
const PACKET_OVERHEAD_BYTES = 40;

export class Teller {
  readonly #neighbors: NeighborTable;
  readonly #adverts: AdvertTable;
  readonly #outbox: Outbox<RouterOutput>;
  /** By neighbour: when changes may be told again, and until when what was told uses its average rate up. */
  readonly #tellAt: Float64Array;
  readonly #paidUntil: Float64Array;

  constructor(neighbors: NeighborTable, adverts: AdvertTable, outbox: Outbox<RouterOutput>) {
    this.#neighbors = neighbors;
    this.#adverts = adverts;
    this.#outbox = outbox;
    const columns = new Columns(neighbors.rowCount, 16);
    this.#tellAt = columns.float64();
    this.#paidUntil = columns.float64();
  }

  open(now: Instant, neighbor: number): void {
    this.#tellAt[neighbor] = now;
    this.#paidUntil[neighbor] = now;
  }

  /** When changes that wait will be told; Infinity when none wait. */
  nextTimeout(neighbor: number): Instant {
    return this.#adverts.isPending(neighbor) ? (this.#tellAt[neighbor] ?? Infinity) : Infinity;
  }

  tell(now: Instant, neighbor: number): void {
    const bitrate = this.#neighbors.bitrate[neighbor] ?? 0;
    this.#adverts.reviewLink(neighbor, bitrate);
    if (now < this.nextTimeout(neighbor)) return;
    const share = bitrate === 0 ? Infinity : (bitrate * TELL_MS) / (8 * SECOND_MS * LINK_SHARE);
    const bytesMax = (this.#neighbors.mtu[neighbor] ?? 0) - PACKET_OVERHEAD_BYTES;
    const session = this.#neighbors.session[neighbor] ?? 0;
    let messages = 0;
    let bytes = 0;
    while (messages < MESSAGES_MAX && (messages === 0 || bytes < share)) {
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
    const paidUntil = Math.max(this.#paidUntil[neighbor] ?? 0, now) + Math.max(TELL_MS, airtimeMs);
    this.#paidUntil[neighbor] = paidUntil;
    this.#tellAt[neighbor] = Math.max(now + BUNDLE_MS, paidUntil - BURST_MS);
  }
}
