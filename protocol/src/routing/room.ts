import { readU32 } from '../kernel/bytes.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { ROUTE_IS_LANDMARK, type RouteEntry } from '../packet/message.js';
import type { RoutingMessage } from './doors.js';
import { METRIC_INFINITY } from './metric.js';
import { NONE } from './neighbor.js';
import { Cell } from './neighbor-cells.js';
import { type Occupancy, OwnReach } from './own-reach.js';
import { OWN_ROW, RouteState } from './route.js';
import { packSequence } from './sequence.js';
import { shortIdBytes } from './short-id.js';
import { type RouteTables, reportRoute } from './tables.js';

/**
 * Who gets a row of the route table (SPEC §8.9). The last free ones are for neighbours, which must always be
 * reachable. When others find no room, neighbours are asked to tell less: far destinations first, landmarks
 * last. Routes that were searched for have a quarter of the table then.
 *
 * A row is given to another destination only when no neighbour points here for it any more, since its
 * feasibility distance is forgotten with it.
 */

const DEMAND_SHARE = 4;
const DEMAND_MIN = 6;
/** So many rows are made free before they are wanted: a search meets them all along its way. */
const SPARE_COUNT = 2;
/** When rows have become free, those that found none are told again after this. */
const AGAIN_MS = SECOND_MS;

export interface RoomOptions {
  readonly tables: RouteTables;
  readonly limits: Limits;
}

export class Room {
  readonly own = new OwnReach();
  readonly #tables: RouteTables;
  readonly #neighborCountMax: number;
  readonly #demandCountMax: number;
  #againAt: Instant = Infinity;

  constructor({ tables, limits }: RoomOptions) {
    this.#tables = tables;
    this.#neighborCountMax = limits.neighborCountMax;
    const half = Math.floor(limits.routeCountMax / 2);
    const share = Math.floor(limits.routeCountMax / DEMAND_SHARE);
    this.#demandCountMax = Math.max(Math.min(DEMAND_MIN, half), share);
  }

  /** A neighbour is live: it is asked for as much as there is room for. */
  open(neighbor: number): void {
    this.#tables.neighbors.cells.set(neighbor, Cell.isRefused, 0);
    this.#tables.neighbors.cells.set(neighbor, Cell.isRoomAgain, 0);
    const { hops, landmarkHops } = this.own;
    this.#send(neighbor, { kind: 'vicinity', hops, landmarkHops });
  }

  nextTimeout(): Instant {
    return Math.min(this.#againAt, this.own.growAt);
  }

  onTimeout(now: Instant): void {
    if (now >= this.own.growAt && this.own.grow(now, this.#occupancy())) this.#tellAll();
    if (now < this.#againAt) return;
    this.#againAt = Infinity;
    for (let neighbor = 0; neighbor < this.#tables.neighbors.rowEnd; neighbor++) {
      if (this.isRefused(neighbor)) this.#tables.neighbors.cells.set(neighbor, Cell.isRoomAgain, 1);
    }
  }

  /** A row for a new destination, or NONE. What is further than was asked for is passed over. */
  admit(now: Instant, neighbor: number, entry: RouteEntry): number {
    const [high, low] = [readU32(entry.destination, 0), readU32(entry.destination, 4)];
    const isNeighbor = this.#tables.neighbors.findId(high, low) !== NONE;
    if (!isNeighbor && !this.own.covers(entry.hops, entry.flags)) return NONE;
    const isRoom = this.#make(isNeighbor ? 0 : this.#reserveCount() + this.#demandReserve());
    if (isRoom) return this.#open(high, low, entry);
    this.#refuse(now, neighbor);
    return NONE;
  }

  /**
   * A row for a destination that somebody searches for, or NONE. One that would have a row in any case has it
   * for this node too.
   */
  admitSought(now: Instant, neighbor: number, entry: RouteEntry): number {
    const [high, low] = [readU32(entry.destination, 0), readU32(entry.destination, 4)];
    const { demand } = this.#tables;
    const reserve = this.#reserveCount();
    const isNear = this.own.covers(entry.hops, entry.flags);
    if (isNear && this.#make(reserve + this.#demandReserve())) return this.#open(high, low, entry);
    const isPlenty = this.#make(reserve + SPARE_COUNT);
    const isRoom = demand.count < this.#demandCountMax && this.#make(reserve);
    if (!isPlenty || demand.count >= this.#demandCountMax - SPARE_COUNT) this.#giveUpIdlest(now);
    if (!isRoom) {
      this.#refuse(now, neighbor);
      return NONE;
    }
    const row = this.#open(high, low, entry);
    demand.add(now, row);
    return row;
  }

  isRefused(neighbor: number): boolean {
    return this.#tables.neighbors.cells.get(neighbor, Cell.isRefused) === 1;
  }

  /** Whether a destination that found no room may find it now; true once. */
  takeRoomAgain(neighbor: number): boolean {
    const isRoom = this.#tables.neighbors.cells.get(neighbor, Cell.isRoomAgain) === 1;
    this.#tables.neighbors.cells.set(neighbor, Cell.isRoomAgain, 0);
    return isRoom;
  }

  /** The neighbour is about to tell everything again. */
  startResync(neighbor: number): void {
    this.#tables.neighbors.cells.set(neighbor, Cell.isRefused, 0);
  }

  /** Rows may have become free. */
  freed(now: Instant): void {
    const at = Math.max(now + AGAIN_MS, this.own.settledAt);
    if (this.#tables.neighbors.cells.find(Cell.isRefused, 1) !== NONE)
      this.#againAt = Math.min(this.#againAt, at);
  }

  forget(row: number): void {
    const { index, routes, adverts, demand } = this.#tables;
    if (demand.isSought(row)) this.#unwant(row);
    adverts.forget(row);
    routes.close(row);
    demand.remove(row);
    index.remove(row);
  }

  #open(high: number, low: number, entry: RouteEntry): number {
    const row = this.#tables.index.add(high, low);
    this.#tables.routes.open(row, packSequence(entry.boot, entry.sequence));
    return row;
  }

  /** Whether a row is free beside so many. */
  #make(spare: number): boolean {
    const { index } = this.#tables;
    if (index.freeCount <= spare) this.#reclaim(spare + 1);
    return index.freeCount > spare;
  }

  /** Frees rows that nobody points to, until so many are free. */
  #reclaim(count: number): void {
    const { index, routes, adverts } = this.#tables;
    for (let row = OWN_ROW + 1; row < index.rowEnd && index.freeCount < count; row++) {
      if (routes.state(row) === RouteState.held && adverts.isQuiet(row)) this.forget(row);
    }
  }

  #refuse(now: Instant, neighbor: number): void {
    this.#tables.neighbors.cells.set(neighbor, Cell.isRefused, 1);
    this.#tables.outbox.push({ kind: 'dropped', reason: 'overLimit' });
    if (!this.own.isSettled(now) || !this.own.shrink(now, this.#occupancy())) return;
    this.#tellAll();
    this.freed(now); // as soon as the neighbours have followed
  }

  /** A route that was searched for makes room, unless it is near enough to stay in any case. */
  #giveUpIdlest(now: Instant): void {
    const { routes, demand } = this.#tables;
    const row = demand.idlest(now);
    if (row === NONE) return;
    this.#unwant(row);
    if (this.own.covers((routes.hops[row] ?? 0) - 1, routes.flags[row] ?? 0)) {
      demand.remove(row);
      reportRoute(this.#tables, row);
    } else {
      demand.giveUp(row);
    }
  }

  /** Also those who offer no route now may have been asked for one. */
  #unwant(row: number): void {
    const { high, low } = this.#tables.index;
    const destination = shortIdBytes(high[row] ?? 0, low[row] ?? 0);
    this.#sendAll({ kind: 'routeUnwanted', destination });
  }

  #tellAll(): void {
    const { hops, landmarkHops } = this.own;
    this.#sendAll({ kind: 'vicinity', hops, landmarkHops });
  }

  #sendAll(message: RoutingMessage): void {
    const { neighbors } = this.#tables;
    for (let neighbor = 0; neighbor < neighbors.rowEnd; neighbor++) {
      if (neighbors.isLive(neighbor)) this.#send(neighbor, message);
    }
  }

  #send(neighbor: number, message: RoutingMessage): void {
    const session = this.#tables.neighbors.session(neighbor);
    this.#tables.outbox.push({ kind: 'message', neighbor: session, message, reliable: true });
  }

  /** Rows that neighbours without one may still need. */
  #reserveCount(): number {
    const { neighbors, index } = this.#tables;
    let count = this.#neighborCountMax;
    if (index.freeCount > count) return count;
    for (let neighbor = 0; neighbor < neighbors.rowEnd; neighbor++) {
      const high = neighbors.high(neighbor);
      const low = neighbors.low(neighbor);
      if (neighbors.isLive(neighbor) && index.find(high, low) !== NONE) count--;
    }
    return count;
  }

  /** While everything fits, nothing is kept for searches. */
  #demandReserve(): number {
    return this.own.isLimited ? Math.max(0, this.#demandCountMax - this.#tables.demand.count) : 0;
  }

  #occupancy(): Occupancy {
    const { index, routes, demand } = this.#tables;
    let [landmarks, ring, landmarkRing, held] = [0, 0, 0, 0];
    for (let row = OWN_ROW + 1; row < index.rowEnd; row++) {
      if (routes.state(row) === RouteState.held) held++;
      if ((routes.metric[row] ?? METRIC_INFINITY) === METRIC_INFINITY || demand.isSought(row)) continue;
      const hops = (routes.hops[row] ?? 0) - 1; // as its next hop tells
      const isLandmark = ((routes.flags[row] ?? 0) & ROUTE_IS_LANDMARK) !== 0;
      if (isLandmark) landmarks++;
      if (hops === this.own.hops) ring++;
      if (isLandmark && hops === this.own.landmarkHops) landmarkRing++;
    }
    const room = index.freeCount + held - this.#reserveCount() - this.#demandReserve();
    return { rows: index.rowCount, landmarks, ring, landmarkRing, room };
  }
}
