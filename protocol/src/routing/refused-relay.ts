import { toHex } from '../kernel/bytes.js';
import type { Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';
import type { RelayRefused } from '../packet/message.js';
import type { RouterOutput } from './doors.js';
import type { RouteExchange } from './exchange.js';
import { DESTINATION, type Flow, SOURCE } from './label.js';
import { type NeighborTable, NONE } from './neighbor.js';
import { highOf, lowOf, SHORT_ID_BYTES, shortIdBytes } from './short-id.js';

/**
 * What becomes of a source that has more forwarded than its share (SPEC §8.11): the relay tells the neighbour
 * that the frame came from, and from hop to hop it gets back to the source. Each step goes against the route
 * by which the frame came, so that nobody beside it can refuse anything.
 */

/** So many are told in a row, and then in a second; others are silent. */
const TOLD_MAX = 8;
/** The share of a source is full again after that. */
const RETRY_S = 1;

export interface RefusedRelayOptions {
  readonly id: Uint8Array;
  readonly neighbors: NeighborTable;
  readonly exchange: RouteExchange;
  readonly outbox: Outbox<RouterOutput>;
}

export class RefusedRelay {
  readonly #options: RefusedRelayOptions;
  #told = 0;
  #since: Instant = -Infinity;

  constructor(options: RefusedRelayOptions) {
    this.#options = options;
  }

  /** A frame of that source came from there and is dropped. */
  tell(now: Instant, from: number, flow: Flow): void {
    if (!this.#mayTell(now)) return;
    const source = shortIdBytes(flow[SOURCE] ?? 0, flow[SOURCE + 1] ?? 0);
    const destination = shortIdBytes(flow[DESTINATION] ?? 0, flow[DESTINATION + 1] ?? 0);
    const relay = this.#options.id.subarray(0, SHORT_ID_BYTES);
    this.#send(from, { kind: 'relayRefused', source, destination, relay, retryS: RETRY_S });
  }

  /** False when the one who says it does not forward for this node on that way. */
  onRefused(now: Instant, from: number, message: RelayRefused): boolean {
    const { exchange, outbox, id } = this.#options;
    const { source, destination, relay, retryS } = message;
    const to = toHex(destination);
    if (exchange.nextHopFor(now, highOf(to), lowOf(to)) !== from) return false;
    const origin = toHex(source);
    if (origin === toHex(id.subarray(0, SHORT_ID_BYTES))) {
      outbox.push({ kind: 'refused', destination: to, relay: toHex(relay), retryMs: retryS * SECOND_MS });
      return true;
    }
    const back = exchange.nextHopFor(now, highOf(origin), lowOf(origin));
    if (back === NONE || back === from) return false;
    if (this.#mayTell(now)) this.#send(back, message);
    return true;
  }

  #mayTell(now: Instant): boolean {
    if (now >= this.#since + SECOND_MS) {
      this.#since = now;
      this.#told = 0;
    }
    return this.#told < TOLD_MAX;
  }

  #send(to: number, message: RelayRefused): void {
    this.#told++;
    const neighbor = this.#options.neighbors.session(to);
    this.#options.outbox.push({ kind: 'message', neighbor, message, reliable: false });
  }
}
