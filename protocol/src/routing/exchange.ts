import { readU32 } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import {
  ROUTE_HOLDS_INDEX,
  ROUTE_IS_LANDMARK,
  type RouteEntries,
  type RouteEntry,
  type RouteRequest,
} from '../packet/message.js';
import { AdvertTable } from './advert.js';
import { NOBODY } from './candidate.js';
import { Demand } from './demand.js';
import { DestinationIndex } from './destination.js';
import type { Landmark, RouterOutput } from './doors.js';
import { METRIC_INFINITY } from './metric.js';
import { type NeighborTable, NONE } from './neighbor.js';
import { Room } from './room.js';
import { OWN_ROW, RouteState, RouteTable } from './route.js';
import { mixRoute } from './route-entry.js';
import { RouteSearch } from './search.js';
import { SequenceSeeker } from './seek.js';
import { bootOf, isNewer, packSequence } from './sequence.js';
import { shortKey } from './short-id.js';
import { type RouteTables, reportRoute } from './tables.js';
import { Teller } from './tell.js';

/**
 * Keeps the routes up to date with the neighbours (SPEC §8.2-8.3): takes their updates, chooses, tells what
 * changed, asks for newer sequences where nothing is feasible and passes such requests on towards the
 * destination.
 */

/**
 * A lost route's distance is remembered at least so long (RFC 8966 appendix B), and as long as a neighbour
 * may live.
 */
const HOLD_MS = 3 * MINUTE_MS;
/** More than the 3.5 intervals after which a silent neighbour is dead. */
const HOLD_INTERVALS = 4;
/** A retraction that could not be told yet keeps the row so much longer. */
const HOLD_AGAIN_MS = 10 * SECOND_MS;

/** The own sequence rises at most once in this time. */
const RAISE_MS = SECOND_MS;
/** To a later boot so rarely: each is stored, and a record is signed for it. Any member can ask for one. */
const REBOOT_MS = MINUTE_MS;

export interface RouteExchangeOptions {
  readonly id: Uint8Array;
  readonly boot: number;
  readonly limits: Limits;
  readonly neighbors: NeighborTable;
  readonly outbox: Outbox<RouterOutput>;
}

export class RouteExchange {
  readonly #outbox: Outbox<RouterOutput>;
  readonly #index: DestinationIndex;
  readonly #routes: RouteTable;
  readonly #adverts: AdvertTable;
  readonly #demand: Demand;
  readonly #tables: RouteTables;
  readonly #seeker: SequenceSeeker;
  readonly teller: Teller;
  readonly room: Room;
  readonly search: RouteSearch;
  #holdMs = HOLD_MS;
  /** No row is due before. */
  #rowsDueAt: Instant = Infinity;
  /** The own sequence, when it rose last, and what it must still rise to: in this boot, and beyond it. */
  #sequence: number;
  #raisedAt: Instant = -Infinity;
  #raiseTo: number | undefined;
  #rebootedAt: Instant = -Infinity;
  #rebootTo: number | undefined;

  constructor(options: RouteExchangeOptions) {
    const { id, boot, limits, neighbors } = options;
    const rows = limits.routeCountMax + 1;
    this.#outbox = options.outbox;
    this.#index = new DestinationIndex(rows);
    this.#routes = new RouteTable(rows, neighbors);
    this.#adverts = new AdvertTable(neighbors, this.#index, this.#routes);
    this.#demand = new Demand(rows);
    const { outbox } = options;
    const tables = {
      neighbors,
      index: this.#index,
      routes: this.#routes,
      adverts: this.#adverts,
      demand: this.#demand,
      outbox,
    };
    this.#tables = tables;
    this.#seeker = new SequenceSeeker(tables);
    this.teller = new Teller(tables, limits);
    this.room = new Room({ tables, limits });
    this.search = new RouteSearch(tables, this.room);
    this.#sequence = packSequence(boot, 0);
    this.#index.add(readU32(id, 0), readU32(id, 4));
    this.#routes.openOwn(this.#sequence);
  }

  /** The neighbour that packets for that node go to, NONE when nobody does. */
  nextHop(high: number, low: number): number {
    const row = this.#index.find(high, low);
    const neighbor = row === NONE ? NOBODY : (this.#routes.neighbor[row] ?? NOBODY);
    return neighbor === NOBODY ? NONE : neighbor;
  }

  /** As `nextHop`, for a packet. */
  nextHopFor(now: Instant, high: number, low: number): number {
    const row = this.#index.find(high, low);
    const neighbor = row === NONE ? NOBODY : (this.#routes.neighbor[row] ?? NOBODY);
    if (neighbor === NOBODY) return NONE;
    this.#demand.use(now, row);
    return neighbor;
  }

  /** Where packets of this node itself go while there is no next hop, NONE when nowhere. */
  stopgapFor(now: Instant, high: number, low: number): number {
    const row = this.#index.find(high, low);
    const neighbor = row === NONE ? NOBODY : this.#stopgap(row);
    if (neighbor === NOBODY) return NONE;
    this.#demand.use(now, row);
    return neighbor;
  }

  /** How many links that neighbour says to be away. */
  offeredHops(neighbor: number, high: number, low: number): number {
    return this.#adverts.offeredHops(neighbor, this.#index.find(high, low));
  }

  /** As `nextHopFor`, while that neighbour is in doubt: another one, or the same where there is no other. */
  detour(high: number, low: number, instead: number): number {
    const row = this.#index.find(high, low);
    const other = row === NONE ? NOBODY : this.#routes.detour(row);
    return other === NOBODY ? instead : other;
  }

  /** The supernodes that there are routes to. */
  landmarks(): readonly Landmark[] {
    const { metric, hops, flags } = this.#routes;
    const landmarks: Landmark[] = [];
    for (let row = OWN_ROW + 1; row < this.#index.rowEnd; row++) {
      const isLandmark = ((flags[row] ?? 0) & ROUTE_IS_LANDMARK) !== 0;
      if (!isLandmark || (this.#routes.neighbor[row] ?? NOBODY) === NOBODY) continue;
      const destination = shortKey(this.#index.high[row] ?? 0, this.#index.low[row] ?? 0);
      landmarks.push({ destination, metric: metric[row] ?? 0, hops: hops[row] ?? 0 });
    }
    return landmarks;
  }

  /** What this node says of itself to everybody. */
  setLandmark(isLandmark: boolean, holdsIndex: boolean): void {
    const flags = (isLandmark ? ROUTE_IS_LANDMARK : 0) | (holdsIndex ? ROUTE_HOLDS_INDEX : 0);
    if (this.#routes.setOwnFlags(flags)) this.#adverts.touch(OWN_ROW);
  }

  get indexVersion(): number {
    return this.#routes.indexVersion;
  }

  indexHolders(): readonly ShortKey[] {
    const holders: ShortKey[] = [];
    for (let row = OWN_ROW + 1; row < this.#index.rowCount; row++) {
      if (!this.#routes.holdsIndex(row)) continue;
      holders.push(shortKey(this.#index.high[row] ?? 0, this.#index.low[row] ?? 0));
    }
    return holders;
  }

  /** Whether there is a way to anybody who is no neighbour, or no room to be told of one. */
  reachesBeyond(): boolean {
    const { neighbors } = this.#tables;
    if (this.room.own.hops === 0) return true;
    for (let row = OWN_ROW + 1; row < this.#index.rowEnd; row++) {
      if ((this.#routes.neighbor[row] ?? NOBODY) === NOBODY) continue;
      if (neighbors.findId(this.#index.high[row] ?? 0, this.#index.low[row] ?? 0) === NONE) return true;
    }
    return false;
  }

  /** Links to that node; only for one that has a next hop. */
  hops(high: number, low: number): number {
    return this.#routes.hops[this.#index.find(high, low)] ?? 0;
  }

  /** The smallest MTU on the way; only for one that has a next hop. */
  mtu(high: number, low: number): number {
    return this.#routes.mtu[this.#index.find(high, low)] ?? 0;
  }

  /** Rows in use, the own one among them. */
  get routeCount(): number {
    return this.#index.rowCount - this.#index.freeCount;
  }

  nextTimeout(): Instant {
    const raiseAt = this.#raiseTo === undefined ? Infinity : this.#raisedAt + RAISE_MS;
    const rebootAt = this.#rebootTo === undefined ? Infinity : this.#rebootedAt + REBOOT_MS;
    const ownAt = Math.min(this.#rowsDueAt, raiseAt, rebootAt);
    return Math.min(ownAt, this.room.nextTimeout(), this.search.nextTimeout());
  }

  /** Heartbeats go out so rarely: what must outlive a dead neighbour outlives that. */
  noteInterval(ms: number): void {
    this.#holdMs = Math.max(this.#holdMs, ms * HOLD_INTERVALS);
  }

  open(now: Instant, neighbor: number): void {
    this.#adverts.open(neighbor);
    this.teller.open(now, neighbor);
    this.room.open(neighbor);
  }

  /** Nothing goes through that neighbour any more. */
  leave(now: Instant, neighbor: number): void {
    for (let row = 0; row < this.#index.rowEnd; row++) {
      const wasOffered = this.#adverts.hear(neighbor, row, 0);
      if (this.#routes.withdraw(row, neighbor) || wasOffered) this.#settle(now, row);
    }
    this.#adverts.leave(neighbor);
  }

  /** It will never come back under the same session. */
  close(neighbor: number): void {
    this.#adverts.close(neighbor);
  }

  costChanged(now: Instant, neighbor: number): void {
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if (this.#routes.hasCandidate(row, neighbor)) this.#settle(now, row);
    }
  }

  onRoutes(now: Instant, neighbor: number, entries: RouteEntries): void {
    for (const entry of entries) this.#onEntry(now, neighbor, entry);
  }

  onRouteRequest(now: Instant, neighbor: number, request: RouteRequest): void {
    const row = this.#index.find(readU32(request.destination, 0), readU32(request.destination, 4));
    const wanted = packSequence(request.boot, request.sequence);
    if (row === NONE) return;
    if (row === OWN_ROW) this.#onWanted(now, wanted);
    this.#adverts.touchFor(neighbor, row); // what there is may help already
    const isNews = isNewer(wanted, this.#routes.sequence[row] ?? 0);
    if (row !== OWN_ROW && isNews && this.#routes.state(row) === RouteState.reachable) {
      this.#seeker.pass(now, neighbor, row, request);
    }
  }

  /** A neighbour wants to be told as far as that. */
  setReach(neighbor: number, hops: number, landmarkHops: number): void {
    this.#adverts.setReach(neighbor, hops, landmarkHops);
  }

  onUnwanted(neighbor: number, destination: Uint8Array): void {
    const row = this.#index.find(readU32(destination, 0), readU32(destination, 4));
    if (row !== NONE) this.#adverts.unwant(neighbor, row);
  }

  /** A neighbour has taken routes that it was told. */
  onSettled(now: Instant, tag: number, ok: boolean): void {
    this.#adverts.receipts.settle(tag, ok);
    this.room.freed(now);
  }

  onTimeout(now: Instant): void {
    this.#raise(now);
    this.room.onTimeout(now);
    this.search.onTimeout(now);
    if (now < this.#rowsDueAt) return;
    this.#rowsDueAt = Infinity;
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if ((this.#routes.dueAt[row] ?? Infinity) <= now) this.#onRowDue(now, row);
      this.#await(row);
    }
  }

  /** Tells a neighbour everything again. */
  dump(neighbor: number): void {
    this.#adverts.touchAll(neighbor);
  }

  toldDigest(neighbor: number): number {
    return this.#adverts.toldDigest(neighbor);
  }

  heardDigest(neighbor: number): number {
    return this.#adverts.heardDigest(neighbor);
  }

  /** The neighbour is about to tell everything again. */
  startResync(neighbor: number): void {
    this.room.startResync(neighbor);
    this.#adverts.forgetHeard(neighbor);
  }

  /** It did: routes of it that it did not repeat are gone. */
  finishResync(now: Instant, neighbor: number): void {
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if (this.#adverts.isOfferedBy(neighbor, row)) continue;
      if (this.#routes.withdraw(row, neighbor)) this.#settle(now, row);
    }
  }

  #onEntry(now: Instant, neighbor: number, entry: RouteEntry): void {
    const high = readU32(entry.destination, 0);
    const low = readU32(entry.destination, 4);
    const sequence = packSequence(entry.boot, entry.sequence);
    const isRetraction = entry.metric >= METRIC_INFINITY;
    let row = this.#index.find(high, low);
    if (row === OWN_ROW || (row === NONE && isRetraction)) return;
    if (row === NONE) row = this.#admit(now, neighbor, entry);
    if (row === NONE) return;
    const mix = isRetraction ? 0 : mixRoute(high, low, sequence, entry);
    const isNews = this.#adverts.hear(neighbor, row, mix, isRetraction ? 0 : entry.hops);
    if (isRetraction) this.#routes.withdraw(row, neighbor);
    else this.#routes.offer(now, row, neighbor, entry);
    this.#settle(now, row);
    if (isNews && this.#routes.state(row) === RouteState.starved) {
      this.#seeker.hasten(now, row);
      this.#await(row);
    }
  }

  #admit(now: Instant, neighbor: number, entry: RouteEntry): number {
    const high = readU32(entry.destination, 0);
    const low = readU32(entry.destination, 4);
    const row = this.search.isSought(high, low)
      ? this.room.admitSought(now, neighbor, entry)
      : this.room.admit(now, neighbor, entry);
    if (row !== NONE) this.#seeker.reset(row);
    return row;
  }

  /** After anything about a row changed: choose, tell, report, ask. */
  #settle(now: Instant, row: number): void {
    if (row === OWN_ROW) return;
    const routes = this.#routes;
    const before = routes.state(row);
    if (!routes.choose(now, row)) routes.starve(now, row, this.#adverts.isOffered(row), this.#holdMs);
    if (routes.state(row) !== before) this.#seeker.reset(row);
    const change = routes.publish(row);
    if (change !== 'none') this.#adverts.touch(row);
    if (routes.isWanting(row) && (routes.dueAt[row] ?? Infinity) <= now) this.#seeker.ask(now, row);
    const state = routes.state(row);
    if (change === 'moved' && state === RouteState.reachable) this.search.onReachable(row);
    const isStopgapNews = before === RouteState.starved || state === RouteState.starved;
    if (change === 'moved' || isStopgapNews) reportRoute(this.#tables, row, this.#stopgap(row));
    this.#await(row);
  }

  /**
   * While a newer sequence is under way: who says to be the fewest links away, feasible or not. Such an offer
   * may be old and lead back here, so nobody is told, and no packet of others goes that way.
   */
  #stopgap(row: number): number {
    const isStarved = this.#routes.state(row) === RouteState.starved;
    return isStarved && this.#seeker.isHopeful(row) ? this.#adverts.nearestOfferer(row) : NOBODY;
  }

  #onRowDue(now: Instant, row: number): void {
    if (this.#routes.state(row) !== RouteState.held) this.#settle(now, row);
    else if (this.#adverts.isTold(row)) this.#routes.dueAt[row] = now + HOLD_AGAIN_MS;
    else this.#forget(now, row);
  }

  #forget(now: Instant, row: number): void {
    this.room.forget(row);
    this.room.freed(now);
  }

  #await(row: number): void {
    this.#rowsDueAt = Math.min(this.#rowsDueAt, this.#routes.dueAt[row] ?? Infinity);
  }

  /** Somebody has no way to this node but with a newer sequence. */
  #onWanted(now: Instant, wanted: number): void {
    const isBeyond = bootOf(wanted) !== bootOf(this.#sequence);
    if (isBeyond && isNewer(wanted, this.#rebootTo ?? this.#sequence)) this.#rebootTo = wanted;
    if (!isBeyond && isNewer(wanted, this.#raiseTo ?? this.#sequence)) this.#raiseTo = wanted;
    this.#raise(now);
  }

  /**
   * Raises the own sequence as far as the network asks, also past a boot that only the network remembers: the
   * store was lost then, and every later number of this boot would be taken for old.
   */
  #raise(now: Instant): void {
    const isLost = this.#rebootTo !== undefined && now >= this.#rebootedAt + REBOOT_MS;
    const wanted = isLost ? this.#rebootTo : this.#raiseTo;
    if (wanted === undefined || (!isLost && now < this.#raisedAt + RAISE_MS)) return;
    this.#raiseTo = undefined;
    if (isLost) {
      this.#rebootTo = undefined;
      this.#rebootedAt = now;
      this.#outbox.push({ kind: 'boot', boot: bootOf(wanted) });
    }
    this.#raisedAt = now;
    this.#sequence = wanted;
    this.#routes.raise(wanted);
    this.#adverts.touch(OWN_ROW);
  }
}
