import { Columns } from '../kernel/columns.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { RouteRequest } from '../packet/message.js';
import type { AdvertTable } from './advert.js';
import { NOBODY } from './candidate.js';
import type { DestinationIndex } from './destination.js';
import type { RouterOutput } from './doors.js';
import { type NeighborTable, NONE } from './neighbor.js';
import type { RouteTable } from './route.js';
import { bootOf, counterOf, nextSequence, packSequence } from './sequence.js';
import { shortIdBytes } from './short-id.js';

/**
 * Requests for a newer sequence of a destination (SPEC §8.3, RFC 8966 §3.8): the own ones, repeated while
 * nothing feasible comes, and those of others, passed on towards the destination.
 */

/** A request is repeated after 1 s, 2 s, 4 s ... 512 s while somebody offers a route. */
const ASK_MS = SECOND_MS;
const ASK_DOUBLINGS_MAX = 9;
/** Changed offers that are still infeasible are asked about sooner. */
const ASK_AGAIN_MS = 500;
const ASK_NEIGHBORS_MAX = 3;
const REQUEST_HOPS = 255;
/** The same request is passed on once in this time. */
const PASS_MS = 500;

export interface SeekerOptions {
  readonly neighbors: NeighborTable;
  readonly index: DestinationIndex;
  readonly routes: RouteTable;
  readonly adverts: AdvertTable;
  readonly outbox: Outbox<RouterOutput>;
}

export class SequenceSeeker {
  readonly #neighbors: NeighborTable;
  readonly #index: DestinationIndex;
  readonly #routes: RouteTable;
  readonly #adverts: AdvertTable;
  readonly #outbox: Outbox<RouterOutput>;
  /** By route row: own requests in vain; the request that was passed on last, and when. */
  readonly #askCount: Uint8Array;
  readonly #passedSequence: Uint32Array;
  readonly #passedAt: Float64Array;

  constructor(options: SeekerOptions) {
    const rows = options.index.rowCount;
    this.#neighbors = options.neighbors;
    this.#index = options.index;
    this.#routes = options.routes;
    this.#adverts = options.adverts;
    this.#outbox = options.outbox;
    const columns = new Columns(rows, 13);
    this.#passedAt = columns.float64().fill(-Infinity);
    this.#passedSequence = columns.uint32();
    this.#askCount = columns.uint8();
  }

  /** The row changed its state, or its destination: pauses start over. */
  reset(row: number): void {
    this.#askCount[row] = 0;
    this.#passedAt[row] = -Infinity;
  }

  /** Whether the first request may still be under way. */
  isHopeful(row: number): boolean {
    return (this.#askCount[row] ?? 0) <= 1;
  }

  /** A starved destination is offered differently: do not wait for the end of the pause. */
  hasten(now: Instant, row: number): void {
    this.#askCount[row] = 0;
    this.#routes.dueAt[row] = Math.min(this.#routes.dueAt[row] ?? Infinity, now + ASK_AGAIN_MS);
  }

  /** Asks the next hop, if there is one whose news are infeasible, and some of those that offer a route. */
  ask(now: Instant, row: number): void {
    const count = this.#askCount[row] ?? 0;
    const wanted = nextSequence(this.#routes.distanceSequence[row] ?? 0);
    const nextHop = this.#routes.neighbor[row] ?? NOBODY;
    const rows = this.#neighbors.rowEnd;
    let asked = 0;
    let pauseMs = ASK_MS;
    if (nextHop !== NOBODY) this.#request(nextHop, row, wanted, REQUEST_HOPS);
    for (let i = 0; i < rows && asked < ASK_NEIGHBORS_MAX; i++) {
      const neighbor = (count + i) % rows;
      if (neighbor === nextHop || !this.#adverts.isOfferedBy(neighbor, row)) continue;
      this.#request(neighbor, row, wanted, REQUEST_HOPS);
      pauseMs = Math.max(pauseMs, 2 * this.#neighbors.roundTripMs(neighbor));
      asked++;
    }
    this.#routes.dueAt[row] = now + pauseMs * (1 << count);
    this.#askCount[row] = Math.min(count + 1, ASK_DOUBLINGS_MAX);
  }

  /** Passes a request on, but not back. */
  pass(now: Instant, from: number, row: number, request: RouteRequest): void {
    const wanted = packSequence(request.boot, request.sequence);
    const isRepeated = this.#passedSequence[row] === wanted && now < (this.#passedAt[row] ?? 0) + PASS_MS;
    if (request.hopLimit <= 1 || isRepeated) return;
    const to = this.#passTo(from, row);
    if (to === NONE) return;
    this.#passedSequence[row] = wanted;
    this.#passedAt[row] = now;
    this.#request(to, row, wanted, request.hopLimit - 1);
  }

  /** The next hop, else anyone else who offers a route: a request needs no feasible one. */
  #passTo(from: number, row: number): number {
    const nextHop = this.#routes.neighbor[row] ?? NOBODY;
    if (nextHop !== NOBODY && nextHop !== from) return nextHop;
    for (let neighbor = 0; neighbor < this.#neighbors.rowEnd; neighbor++) {
      if (neighbor !== from && this.#adverts.isOfferedBy(neighbor, row)) return neighbor;
    }
    return NONE;
  }

  #request(neighbor: number, row: number, wanted: number, hopLimit: number): void {
    const destination = shortIdBytes(this.#index.high[row] ?? 0, this.#index.low[row] ?? 0);
    const boot = bootOf(wanted);
    const sequence = counterOf(wanted);
    this.#outbox.push({
      kind: 'message',
      neighbor: this.#neighbors.session(neighbor),
      message: { kind: 'routeRequest', destination, boot, sequence, hopLimit },
      reliable: true,
    });
  }
}
