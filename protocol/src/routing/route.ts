import { assert } from '../kernel/assert.js';
import { Columns } from '../kernel/columns.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';
import { ROUTE_HOLDS_INDEX, type RouteEntry } from '../packet/message.js';
import { CandidateTable, MTU_MAX, NOBODY } from './candidate.js';
import { METRIC_INFINITY } from './metric.js';
import type { NeighborTable } from './neighbor.js';
import { NONE } from './neighbor.js';
import { isNewer, packSequence } from './sequence.js';

/**
 * Routes to all destinations (SPEC §8.3), a distance vector after Babel (RFC 8966), one row of typed arrays
 * each: 84 B with its candidates, its place in the index and its requests.
 *
 * The feasibility distance of a row is the best (sequence, metric) this node ever advertised for the
 * destination. A neighbour's route may be taken only when it is better than that (RFC 8966 §3.5.1), so along
 * any chain of next hops the distance falls strictly and no loop can exist, whatever is lost, late or
 * reordered.
 *
 *   own        this node itself, row 0
 *   reachable  candidate 0 is the next hop; candidate 1, if any, takes over at once when it is lost
 *   starved    some neighbour offers a route, none is feasible: a newer sequence is asked for
 *   held       nobody offers one; the row stays until no neighbour can still point here, since forgetting its
 *              distance earlier could close a loop
 *
 * Two candidates are kept, the better ones. An infeasible route is not stored: it can become feasible only by
 * an update. An infeasible update of the next hop itself is not taken over either (RFC 8966 §3.5.3 allows
 * it): what it advertised before still bounds its distance, so the way stays free of loops while a newer
 * sequence is asked for.
 */

export const RouteState = { free: 0, own: 1, reachable: 2, starved: 3, held: 4 } as const;
export type RouteState = (typeof RouteState)[keyof typeof RouteState];

/** Which state may follow which. */
export const ROUTE_NEXT = {
  free: ['own', 'held'],
  own: [],
  reachable: ['starved', 'held'],
  starved: ['reachable', 'held'],
  held: ['reachable', 'starved', 'free'],
} as const satisfies Record<keyof typeof RouteState, readonly (keyof typeof RouteState)[]>;

const STATE_NAMES = ['free', 'own', 'reachable', 'starved', 'held'] as const;

/** The first row that the index gives. */
export const OWN_ROW = 0;

/**
 * A better candidate becomes the next hop if it is still better at a second look, at the latest this much
 * later.
 */
const SECOND_LOOK_MS = 2 * SECOND_MS;
/** "Better": a metric below this many fifths of the present one. */
const BETTER_FIFTHS = 4;
/** A metric closer to the advertised one than this share of it is not worth telling. */
const TELL_SHARE = 8;

/** What became of a row: nothing; something that only neighbours must hear; a change of the way itself. */
export type RouteChange = 'none' | 'told' | 'moved';

export class RouteTable {
  /**
   * What this node advertises: METRIC_INFINITY when nothing. Its next hop is told nothing (split horizon).
   */
  readonly sequence: Uint32Array;
  readonly metric: Uint16Array;
  readonly hops: Uint8Array;
  readonly mtu: Uint16Array;
  readonly flags: Uint8Array;
  readonly neighbor: Uint8Array;
  /** When to look at the row again: Infinity, or by its state to look, to ask, to forget. */
  readonly dueAt: Float64Array;
  readonly distanceSequence: Uint32Array;

  readonly #state: Uint8Array;
  readonly #distanceMetric: Uint16Array;
  readonly #candidates: CandidateTable;
  /** 1 once a first look found candidate 1 better. */
  readonly #isLeaning: Uint8Array;
  /** 1 while the next hop advertises something infeasible, so that what is stored of it is old. */
  readonly #isOutdated: Uint8Array;
  #indexVersion = 0;

  constructor(rowCount: number, neighbors: NeighborTable) {
    this.#candidates = new CandidateTable(rowCount, neighbors);
    const columns = new Columns(rowCount, 28);
    this.dueAt = columns.float64().fill(Infinity);
    this.sequence = columns.uint32();
    this.distanceSequence = columns.uint32();
    this.metric = columns.uint16().fill(METRIC_INFINITY);
    this.mtu = columns.uint16();
    this.#distanceMetric = columns.uint16().fill(METRIC_INFINITY);
    this.hops = columns.uint8();
    this.flags = columns.uint8();
    this.neighbor = columns.uint8().fill(NOBODY);
    this.#state = columns.uint8();
    this.#isLeaning = columns.uint8();
    this.#isOutdated = columns.uint8();
  }

  state(row: number): RouteState {
    return (this.#state[row] ?? RouteState.free) as RouteState; // only #to writes it
  }

  /** Whether a newer sequence would help: nothing is feasible, or the next hop's news are not. */
  isWanting(row: number): boolean {
    return this.#state[row] === RouteState.starved || this.#isOutdated[row] === 1;
  }

  openOwn(sequence: number): void {
    this.#to(OWN_ROW, RouteState.own);
    this.sequence[OWN_ROW] = sequence;
    this.metric[OWN_ROW] = 0;
    this.mtu[OWN_ROW] = MTU_MAX; // no link limits a packet to itself
  }

  /** A new row waits in `held` for its first offer, which is feasible: nothing was ever advertised. */
  open(row: number, sequence: number): void {
    this.#to(row, RouteState.held);
    this.distanceSequence[row] = sequence;
    this.#distanceMetric[row] = METRIC_INFINITY;
  }

  close(row: number): void {
    this.#to(row, RouteState.free);
    this.dueAt[row] = Infinity;
  }

  /** RFC 8966 §3.5.1. */
  isFeasible(row: number, sequence: number, metric: number): boolean {
    const distance = this.distanceSequence[row] ?? 0;
    if (sequence === distance) return metric < (this.#distanceMetric[row] ?? 0);
    return isNewer(sequence, distance);
  }

  /** Takes what a neighbour advertises now; `choose` must follow. */
  offer(now: Instant, row: number, neighbor: number, entry: RouteEntry): void {
    const sequence = packSequence(entry.boot, entry.sequence);
    const at = this.#candidates.find(row, neighbor);
    if (!this.isFeasible(row, sequence, entry.metric)) {
      this.#refuse(now, row, at, entry);
      return;
    }
    const into = at === NONE ? this.#placeFor(row, entry.metric + this.#candidates.cost(neighbor)) : at;
    if (into === NONE) return;
    if (into === row * 2) this.#isOutdated[row] = 0;
    this.#candidates.put(into, neighbor, entry);
  }

  /**
   * The neighbour has no route any more, or is lost; true when it was a candidate, then `choose` must follow.
   */
  withdraw(row: number, neighbor: number): boolean {
    const at = this.#candidates.find(row, neighbor);
    if (at === NONE) return false;
    this.#candidates.clear(at);
    return true;
  }

  hasCandidate(row: number, neighbor: number): boolean {
    return this.#candidates.find(row, neighbor) !== NONE;
  }

  /**
   * Another neighbour that packets may go to at once, NOBODY when there is none: it is feasible, so the way
   * through it cannot lead back here.
   */
  detour(row: number): number {
    const second = row * 2 + 1;
    if (!this.#candidates.isUsable(second) || !this.#isCandidateFeasible(row, second)) return NOBODY;
    return this.#candidates.neighbor[second] ?? NOBODY;
  }

  /** Chooses the next hop; false when nothing is feasible, then `starve` must follow. */
  choose(now: Instant, row: number): boolean {
    const first = row * 2;
    const second = first + 1;
    if (!this.#candidates.isUsable(first)) this.#candidates.clear(first);
    if (!this.#candidates.isUsable(second) || !this.#isCandidateFeasible(row, second))
      this.#candidates.clear(second);
    if (this.#candidates.neighbor[first] === NOBODY) this.#promote(row);
    if (this.#candidates.neighbor[first] === NOBODY) return false;
    if (this.#state[row] !== RouteState.reachable) this.#to(row, RouteState.reachable);
    if (!this.isWanting(row)) this.dueAt[row] = Infinity;
    this.#look(now, row);
    return true;
  }

  /** `isOffered`: some neighbour advertises a route that is not feasible. */
  starve(now: Instant, row: number, isOffered: boolean, holdMs: number): void {
    const next = isOffered ? RouteState.starved : RouteState.held;
    const isNew = this.#state[row] !== next;
    if (isNew) this.#to(row, next);
    if (isNew || this.dueAt[row] === Infinity) this.dueAt[row] = isOffered ? now : now + holdMs;
  }

  /**
   * Brings what is advertised up to date where the difference matters, and the feasibility distance with it.
   */
  publish(row: number): RouteChange {
    const heldIndex = this.holdsIndex(row);
    const change = this.#publish(row);
    if (this.holdsIndex(row) !== heldIndex) this.#indexVersion++;
    return change;
  }

  /** Counts the changes of who can be reached and keeps records for others. */
  get indexVersion(): number {
    return this.#indexVersion;
  }

  /** There is a route, and its destination keeps records for others. */
  holdsIndex(row: number): boolean {
    return ((this.flags[row] ?? 0) & ROUTE_HOLDS_INDEX) !== 0 && this.metric[row] !== METRIC_INFINITY;
  }

  #publish(row: number): RouteChange {
    if (this.#state[row] !== RouteState.reachable) {
      if (this.metric[row] === METRIC_INFINITY) return 'none';
      this.metric[row] = METRIC_INFINITY;
      this.neighbor[row] = NOBODY;
      return 'moved';
    }
    const change = this.#difference(row);
    if (change === 'none') return change;
    const first = row * 2;
    this.sequence[row] = this.#candidates.sequence[first] ?? 0;
    this.metric[row] = this.#candidates.total(first);
    this.hops[row] = this.#candidates.hops(first);
    this.flags[row] = this.#candidates.flags(first);
    this.mtu[row] = this.#candidates.mtu(first);
    this.neighbor[row] = this.#candidates.neighbor[first] ?? NOBODY;
    this.#lowerDistance(row);
    return change;
  }

  /** The own route is told again under a newer sequence. */
  raise(sequence: number): void {
    this.sequence[OWN_ROW] = sequence;
  }

  /** What this node says of itself; false when it said so before. */
  setOwnFlags(flags: number): boolean {
    const isNews = this.flags[OWN_ROW] !== flags;
    this.flags[OWN_ROW] = flags;
    return isNews;
  }

  #difference(row: number): RouteChange {
    const first = row * 2;
    const told = this.metric[row] ?? METRIC_INFINITY;
    const isSameWay =
      told !== METRIC_INFINITY &&
      this.neighbor[row] === this.#candidates.neighbor[first] &&
      this.hops[row] === this.#candidates.hops(first) &&
      this.mtu[row] === this.#candidates.mtu(first) &&
      Math.abs(this.#candidates.total(first) - told) * TELL_SHARE <= told;
    if (!isSameWay) return 'moved';
    const isSame =
      this.sequence[row] === this.#candidates.sequence[first] &&
      this.flags[row] === this.#candidates.flags(first);
    return isSame ? 'none' : 'told';
  }

  #lowerDistance(row: number): void {
    const sequence = this.sequence[row] ?? 0;
    const metric = this.metric[row] ?? METRIC_INFINITY;
    if (!this.isFeasible(row, sequence, metric)) return; // already as good
    this.distanceSequence[row] = sequence;
    this.#distanceMetric[row] = metric;
  }

  /**
   * An infeasible update: see the theory above. The next hop stays, unless candidate 1 is better than its
   * news.
   */
  #refuse(now: Instant, row: number, at: number, entry: RouteEntry): void {
    const first = row * 2;
    if (at === NONE) return;
    const isBetter = this.#candidates.isUsable(first + 1) && this.#isCandidateFeasible(row, first + 1);
    const news = entry.metric + this.#candidates.cost(this.#candidates.neighbor[first] ?? NOBODY);
    if (at !== first || (isBetter && this.#candidates.total(first + 1) < news)) {
      this.#candidates.clear(at);
      return;
    }
    if (this.#isOutdated[row] === 1) return;
    this.#isOutdated[row] = 1;
    this.dueAt[row] = now;
  }

  /** Where a new candidate of that total metric goes, NONE when both present ones are better. */
  #placeFor(row: number, total: number): number {
    const first = row * 2;
    const second = first + 1;
    if (this.#candidates.neighbor[first] === NOBODY) return first;
    if (!this.#candidates.isUsable(second) || !this.#isCandidateFeasible(row, second)) return second;
    return total < this.#candidates.total(second) ? second : NONE;
  }

  #promote(row: number): void {
    const first = row * 2;
    this.#candidates.swap(row);
    if (this.#isOutdated[row] === 1) this.#candidates.clear(first + 1);
    this.#isOutdated[row] = 0;
  }

  /** Hysteresis: candidate 1 must be clearly better at two looks. */
  #look(now: Instant, row: number): void {
    const first = row * 2;
    const isBetter =
      this.#candidates.isUsable(first + 1) &&
      this.#candidates.total(first + 1) * 5 < this.#candidates.total(first) * BETTER_FIFTHS;
    const wasLeaning = this.#isLeaning[row] === 1;
    this.#isLeaning[row] = isBetter && !wasLeaning ? 1 : 0;
    if (!isBetter) return;
    if (wasLeaning) {
      this.#promote(row);
      return;
    }
    this.dueAt[row] = Math.min(this.dueAt[row] ?? Infinity, now + SECOND_LOOK_MS);
  }

  #isCandidateFeasible(row: number, at: number): boolean {
    return this.isFeasible(
      row,
      this.#candidates.sequence[at] ?? 0,
      this.#candidates.metric[at] ?? METRIC_INFINITY,
    );
  }

  #to(row: number, next: RouteState): void {
    const from = STATE_NAMES[this.#state[row] ?? 0] ?? 'free';
    const allowed: readonly string[] = ROUTE_NEXT[from];
    assert(allowed.includes(STATE_NAMES[next]), 'a route changes state as the table says');
    this.#state[row] = next;
    this.#isLeaning[row] = 0;
    this.#isOutdated[row] = 0;
  }
}
