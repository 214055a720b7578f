import { Columns } from '../kernel/columns.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import type { Heartbeat } from '../packet/message.js';
import type { RouterOutput, RoutingMessage } from './doors.js';
import type { RouteExchange } from './exchange.js';
import type { NeighborTable } from './neighbor.js';

/**
 * Heartbeats both ways, the digests in them, and the repair when digests differ (SPEC §8.2), by neighbour
 * row.
 *
 * A digest says something only when all before it was told, so a heartbeat waits for routes that wait. When
 * two in a row differ, with no routes between them, all routes are asked for; what is not repeated by the
 * time the digests agree is gone. A new neighbour tells its routes by itself and a heartbeat in order behind
 * them: if that does not agree within a moment, the neighbour may not have noticed that it is new, or is
 * telling what it told in an earlier session, and is asked too.
 */

/** So many heartbeats in a row must differ. */
const MISMATCHES_MAX = 2;
/** A new neighbour's routes may take this long, or four round trips, before they are asked for. */
const FIRST_ROUTES_MS = SECOND_MS;
/** A neighbour is asked for all routes at most this often; rarer while no answer can find room here. */
const WANT_MS = MINUTE_MS;
const WANT_REFUSED_MS = 10 * MINUTE_MS;
/** A neighbour gets all routes at most this often, however often it asks. */
const DUMP_MS = 10 * SECOND_MS;
/** Heartbeats come up to an eighth earlier than announced, so that neighbours do not keep step. */
const JITTER_SHARE = 8;

export interface HeartbeatsOptions {
  readonly random: Random;
  readonly neighbors: NeighborTable;
  readonly exchange: RouteExchange;
  readonly outbox: Outbox<RouterOutput>;
}

export class Heartbeats {
  readonly #random: Random;
  readonly #neighbors: NeighborTable;
  readonly #exchange: RouteExchange;
  readonly #outbox: Outbox<RouterOutput>;
  /** When to send the next one, to ask for all routes, to tell all; Infinity: not at all. */
  readonly #beatAt: Float64Array;
  readonly #wantAt: Float64Array;
  readonly #dumpAt: Float64Array;
  /** When all routes were asked for, and told on demand. */
  readonly #wantedAt: Float64Array;
  readonly #dumpedAt: Float64Array;
  /** 1: the next one must not overtake the routes before it. */
  readonly #isOrdered: Uint8Array;
  /** Heartbeats in a row that differed. */
  readonly #mismatches: Uint8Array;
  /** 1 while the neighbour tells its routes anew. */
  readonly #isResyncing: Uint8Array;

  constructor(options: HeartbeatsOptions) {
    const rows = options.neighbors.rowCount;
    this.#random = options.random;
    this.#neighbors = options.neighbors;
    this.#exchange = options.exchange;
    this.#outbox = options.outbox;
    const columns = new Columns(rows, 43);
    this.#beatAt = columns.float64();
    this.#wantAt = columns.float64();
    this.#dumpAt = columns.float64();
    this.#wantedAt = columns.float64();
    this.#dumpedAt = columns.float64();
    this.#isOrdered = columns.uint8();
    this.#mismatches = columns.uint8();
    this.#isResyncing = columns.uint8();
  }

  /** The neighbour is live: nothing is known of what it was asked before. */
  open(now: Instant, neighbor: number): void {
    this.#beatAt[neighbor] = now;
    this.#wantAt[neighbor] = now + this.#patienceMs(neighbor);
    this.#dumpAt[neighbor] = Infinity;
    this.#wantedAt[neighbor] = -Infinity;
    this.#dumpedAt[neighbor] = -Infinity;
    this.#isOrdered[neighbor] = 1;
    this.#mismatches[neighbor] = 0;
    this.#isResyncing[neighbor] = 0;
  }

  onHeartbeat(now: Instant, neighbor: number, heartbeat: Heartbeat): void {
    this.#neighbors.announced(neighbor, heartbeat.intervalS);
    const isSame = heartbeat.digest === this.#exchange.heardDigest(neighbor);
    const isRefused = this.#exchange.isRefused(neighbor);
    if ((isSame || isRefused) && this.#isResyncing[neighbor] === 1) {
      this.#isResyncing[neighbor] = 0;
      this.#exchange.finishResync(now, neighbor);
    }
    if (isSame) {
      this.#mismatches[neighbor] = 0;
      this.#wantAt[neighbor] = Infinity;
      return;
    }
    this.#mismatches[neighbor] = Math.min((this.#mismatches[neighbor] ?? 0) + 1, MISMATCHES_MAX);
    if (this.#mismatches[neighbor] === MISMATCHES_MAX) this.want(now, neighbor, isRefused);
  }

  /** Routes came: what was lost may be in them, and there may be more to come. */
  onRoutes(now: Instant, neighbor: number): void {
    this.#mismatches[neighbor] = 0;
    const wantAt = this.#wantAt[neighbor] ?? Infinity;
    if (wantAt !== Infinity) this.#wantAt[neighbor] = Math.max(wantAt, now + this.#patienceMs(neighbor));
  }

  onRoutesWanted(now: Instant, neighbor: number): void {
    this.#dumpAt[neighbor] = Math.max(now, (this.#dumpedAt[neighbor] ?? 0) + DUMP_MS);
    this.onTimeout(now, neighbor);
  }

  /** All routes of that neighbour are to be asked for, as soon as its turn comes. */
  want(now: Instant, neighbor: number, isRefused: boolean): void {
    const pauseMs = isRefused ? WANT_REFUSED_MS : WANT_MS;
    this.#wantAt[neighbor] = Math.max(now, (this.#wantedAt[neighbor] ?? 0) + pauseMs);
  }

  onTimeout(now: Instant, neighbor: number): void {
    if ((this.#dumpAt[neighbor] ?? Infinity) <= now) this.#dump(now, neighbor);
    if ((this.#wantAt[neighbor] ?? Infinity) <= now) this.#ask(now, neighbor);
  }

  /**
   * Sends the heartbeat if it is due. `tellAt`: when routes that wait will be told, Infinity when none wait.
   */
  beat(now: Instant, neighbor: number, tellAt: Instant): void {
    if (now < (this.#beatAt[neighbor] ?? Infinity)) return;
    if (tellAt !== Infinity) {
      this.#beatAt[neighbor] = tellAt;
      return;
    }
    const intervalMs = this.#neighbors.intervalMs(neighbor);
    const intervalS = Math.ceil(intervalMs / SECOND_MS);
    const digest = this.#exchange.toldDigest(neighbor);
    this.#exchange.noteInterval(intervalMs);
    this.#send(neighbor, { kind: 'heartbeat', digest, intervalS }, this.#isOrdered[neighbor] === 1);
    this.#isOrdered[neighbor] = 0;
    const earlierMs = randomBelow(this.#random, Math.floor(intervalMs / JITTER_SHARE));
    this.#beatAt[neighbor] = now + intervalMs - earlierMs;
  }

  /** The interval may be shorter now. */
  hasten(now: Instant, neighbor: number): void {
    const beatAt = this.#beatAt[neighbor] ?? Infinity;
    this.#beatAt[neighbor] = Math.min(beatAt, now + this.#neighbors.intervalMs(neighbor));
  }

  nextTimeout(neighbor: number): Instant {
    const sendAt = Math.min(this.#beatAt[neighbor] ?? Infinity, this.#dumpAt[neighbor] ?? Infinity);
    return Math.min(sendAt, this.#wantAt[neighbor] ?? Infinity);
  }

  #dump(now: Instant, neighbor: number): void {
    this.#dumpAt[neighbor] = Infinity;
    this.#dumpedAt[neighbor] = now;
    this.#exchange.dump(neighbor);
    this.#isOrdered[neighbor] = 1; // its digest says whether all of that arrived
    this.#beatAt[neighbor] = now;
  }

  #ask(now: Instant, neighbor: number): void {
    this.#wantAt[neighbor] = Infinity;
    this.#wantedAt[neighbor] = now;
    this.#mismatches[neighbor] = 0;
    this.#isResyncing[neighbor] = 1;
    this.#exchange.startResync(neighbor);
    this.#send(neighbor, { kind: 'routesWanted' }, true);
  }

  #patienceMs(neighbor: number): number {
    return Math.max(FIRST_ROUTES_MS, 4 * (this.#neighbors.roundTripMs[neighbor] ?? 0));
  }

  #send(neighbor: number, message: RoutingMessage, reliable: boolean): void {
    const session = this.#neighbors.session[neighbor] ?? 0;
    this.#outbox.push({ kind: 'message', neighbor: session, message, reliable });
  }
}
