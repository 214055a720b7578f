import type { Cells } from '../kernel/cells.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import type { Heartbeat } from '../packet/message.js';
import type { RouterOutput, RoutingMessage } from './doors.js';
import type { RouteExchange } from './exchange.js';
import { intervalIn, isWish, WISH } from './interval.js';
import type { NeighborTable } from './neighbor.js';
import { Cell } from './neighbor-cells.js';

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
/** And sooner when room was made for what was refused. */
export const WANT_ROOM_MS = 10 * SECOND_MS;
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
  readonly #cells: Cells;

  constructor(options: HeartbeatsOptions) {
    this.#random = options.random;
    this.#neighbors = options.neighbors;
    this.#exchange = options.exchange;
    this.#outbox = options.outbox;
    this.#cells = options.neighbors.cells;
  }

  /** The neighbour is live: nothing is known of what it was asked before. */
  open(now: Instant, neighbor: number): void {
    this.#cells.set(neighbor, Cell.beatAt, now);
    this.#cells.set(neighbor, Cell.wantAt, now + this.#patienceMs(neighbor));
    this.#cells.set(neighbor, Cell.dumpAt, Infinity);
    this.#cells.set(neighbor, Cell.wantedAt, -Infinity);
    this.#cells.set(neighbor, Cell.dumpedAt, -Infinity);
    this.#cells.set(neighbor, Cell.isOrdered, 1);
    this.#cells.set(neighbor, Cell.mismatches, 0);
    this.#cells.set(neighbor, Cell.isResyncing, 0);
  }

  onHeartbeat(now: Instant, neighbor: number, heartbeat: Heartbeat): void {
    this.#neighbors.announced(neighbor, intervalIn(heartbeat), isWish(heartbeat));
    this.hasten(now, neighbor);
    const isSame = heartbeat.digest === this.#exchange.heardDigest(neighbor);
    const isRefused = this.#exchange.room.isRefused(neighbor);
    if ((isSame || isRefused) && this.#cells.get(neighbor, Cell.isResyncing) === 1) {
      this.#cells.set(neighbor, Cell.isResyncing, 0);
      this.#exchange.finishResync(now, neighbor);
    }
    if (isSame) {
      this.#cells.set(neighbor, Cell.mismatches, 0);
      this.#cells.set(neighbor, Cell.wantAt, Infinity);
      return;
    }
    this.#cells.set(
      neighbor,
      Cell.mismatches,
      Math.min(this.#cells.get(neighbor, Cell.mismatches) + 1, MISMATCHES_MAX),
    );
    if (this.#cells.get(neighbor, Cell.mismatches) === MISMATCHES_MAX) {
      this.want(now, neighbor, isRefused ? WANT_REFUSED_MS : WANT_MS);
    }
  }

  /** Routes came: what was lost may be in them, and there may be more to come. */
  onRoutes(now: Instant, neighbor: number): void {
    this.#cells.set(neighbor, Cell.mismatches, 0);
    const wantAt = this.#cells.get(neighbor, Cell.wantAt);
    if (wantAt !== Infinity)
      this.#cells.set(neighbor, Cell.wantAt, Math.max(wantAt, now + this.#patienceMs(neighbor)));
  }

  onRoutesWanted(now: Instant, neighbor: number): void {
    this.#cells.set(neighbor, Cell.dumpAt, Math.max(now, this.#cells.get(neighbor, Cell.dumpedAt) + DUMP_MS));
    this.onTimeout(now, neighbor);
  }

  /** All routes of that neighbour are to be asked for, as soon as its turn comes. */
  want(now: Instant, neighbor: number, pauseMs: number): void {
    this.#cells.set(neighbor, Cell.wantAt, Math.max(now, this.#cells.get(neighbor, Cell.wantedAt) + pauseMs));
  }

  onTimeout(now: Instant, neighbor: number): void {
    if (this.#cells.get(neighbor, Cell.dumpAt) <= now) this.#dump(now, neighbor);
    if (this.#cells.get(neighbor, Cell.wantAt) <= now) this.#ask(now, neighbor);
  }

  /**
   * Sends the heartbeat if it is due. `tellAt`: when routes that wait will be told, Infinity when none wait.
   */
  beat(now: Instant, neighbor: number, tellAt: Instant): void {
    if (now < this.#cells.get(neighbor, Cell.beatAt)) return;
    if (tellAt !== Infinity) {
      this.#cells.set(neighbor, Cell.beatAt, tellAt);
      return;
    }
    const intervalMs = this.#neighbors.intervalMs(neighbor);
    const intervalS = Math.ceil(intervalMs / SECOND_MS) + (this.#neighbors.hasWish ? WISH : 0);
    const digest = this.#exchange.toldDigest(neighbor);
    this.#exchange.noteInterval(intervalMs);
    this.#send(
      neighbor,
      { kind: 'heartbeat', digest, intervalS },
      this.#cells.get(neighbor, Cell.isOrdered) === 1,
    );
    this.#cells.set(neighbor, Cell.isOrdered, 0);
    const earlierMs = randomBelow(this.#random, Math.floor(intervalMs / JITTER_SHARE));
    this.#cells.set(neighbor, Cell.beatAt, now + intervalMs - earlierMs);
  }

  /** The interval may be shorter now. */
  hasten(now: Instant, neighbor: number): void {
    const beatAt = this.#cells.get(neighbor, Cell.beatAt);
    this.#cells.set(neighbor, Cell.beatAt, Math.min(beatAt, now + this.#neighbors.intervalMs(neighbor)));
  }

  nextTimeout(neighbor: number): Instant {
    const sendAt = Math.min(this.#cells.get(neighbor, Cell.beatAt), this.#cells.get(neighbor, Cell.dumpAt));
    return Math.min(sendAt, this.#cells.get(neighbor, Cell.wantAt));
  }

  #dump(now: Instant, neighbor: number): void {
    this.#cells.set(neighbor, Cell.dumpAt, Infinity);
    this.#cells.set(neighbor, Cell.dumpedAt, now);
    this.#exchange.dump(neighbor);
    this.#cells.set(neighbor, Cell.isOrdered, 1); // its digest says whether all of that arrived
    this.#cells.set(neighbor, Cell.beatAt, now);
  }

  #ask(now: Instant, neighbor: number): void {
    this.#cells.set(neighbor, Cell.wantAt, Infinity);
    this.#cells.set(neighbor, Cell.wantedAt, now);
    this.#cells.set(neighbor, Cell.mismatches, 0);
    this.#cells.set(neighbor, Cell.isResyncing, 1);
    this.#exchange.startResync(neighbor);
    this.#send(neighbor, { kind: 'routesWanted' }, true);
  }

  #patienceMs(neighbor: number): number {
    return Math.max(FIRST_ROUTES_MS, 4 * this.#neighbors.roundTripMs(neighbor));
  }

  #send(neighbor: number, message: RoutingMessage, reliable: boolean): void {
    const session = this.#neighbors.session(neighbor);
    this.#outbox.push({ kind: 'message', neighbor: session, message, reliable });
  }
}
