import type { Fleet } from './fleet.js';
import { type Model, UNREACHABLE } from './model.js';

/** Of the pairs that some way joins, how many packets would find one, by the tables of all nodes now. */
export interface Reach {
  readonly connected: number;
  readonly reached: number;
  /** One pair that is not reached, to look at. */
  readonly example: readonly [number, number] | undefined;
}

const UNKNOWN = 0;
const ARRIVES = 1;
const FAILS = 2;

/** Follows next hops from everybody to each of these destinations (default all), one left out if need be. */
export function surveyReach(
  fleet: Fleet,
  model: Model,
  destinations?: readonly number[],
  without?: number,
): Reach {
  const walk = new Walk(fleet, model);
  let connected = 0;
  let reached = 0;
  let example: readonly [number, number] | undefined;
  for (const to of destinations ?? fleet.members.keys()) {
    const piece = model.pieceOf[to];
    if (piece === UNREACHABLE) continue;
    const fates = walk.fates(to);
    for (let from = 0; from < fates.length; from++) {
      if (from === to || from === without || model.pieceOf[from] !== piece) continue;
      connected++;
      if (fates[from] === ARRIVES) reached++;
      else example ??= [from, to];
    }
  }
  return { connected, reached, example };
}

/** 1 when there is nobody to reach. */
export function shareOf({ connected, reached }: Reach): number {
  return connected === 0 ? 1 : reached / connected;
}

export interface Stretch {
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
}

type Pair = readonly [from: number, to: number];

/** Wires on the way of a packet, for each on the shortest: of those pairs (default all) that are reached. */
export function surveyStretch(fleet: Fleet, model: Model, pairs?: Iterable<Pair>): Stretch {
  const walk = new Walk(fleet, model);
  const found: number[] = [];
  let last: number | undefined;
  let fates: ArrayLike<number> = [];
  let shortest: ArrayLike<number> = [];
  for (const [from, to] of pairs ?? pairsOf(fleet.members.length)) {
    if (to !== last) {
      last = to;
      fates = walk.fates(to);
      shortest = model.distances(to);
    }
    if (fates[from] === ARRIVES) found.push((walk.lengths[from] as number) / (shortest[from] as number));
  }
  return stretchOf(found);
}

/** All, one destination after the other. */
function* pairsOf(count: number): Iterable<Pair> {
  for (let to = 0; to < count; to++)
    for (let from = 0; from < count; from++) if (from !== to) yield [from, to];
}

function stretchOf(found: number[]): Stretch {
  found.sort((a, b) => a - b);
  const sum = found.reduce((total, each) => total + each, 0);
  const at = (share: number): number => found[Math.floor((found.length - 1) * share)] ?? 1;
  return { mean: found.length === 0 ? 1 : sum / found.length, p95: at(0.95), max: at(1) };
}

/** Follows the next hops to one destination after the other, each node's only once. */
class Walk {
  /** Of the last destination: wires from each node, where it arrives. */
  readonly lengths: Int32Array;
  readonly #fleet: Fleet;
  readonly #model: Model;
  readonly #fates: Uint8Array;

  constructor(fleet: Fleet, model: Model) {
    this.#fleet = fleet;
    this.#model = model;
    this.#fates = new Uint8Array(fleet.members.length);
    this.lengths = new Int32Array(fleet.members.length);
  }

  /** By node. Valid until the next call. */
  fates(to: number): Uint8Array {
    const fates = this.#fates.fill(UNKNOWN);
    fates[to] = ARRIVES;
    this.lengths.fill(0);
    for (let from = 0; from < fates.length; from++) if (fates[from] === UNKNOWN) this.#follow(from, to);
    return fates;
  }

  /** A node on the way that forwards for nobody ends it, so its fate is only that of its own packets. */
  #follow(from: number, to: number): void {
    const fates = this.#fates;
    const way: number[] = [];
    let at: number | undefined = from;
    while (at !== undefined && fates[at] === UNKNOWN && !way.includes(at)) {
      if (way.length > 0 && this.#fleet.members[at]?.forwards === false) {
        at = undefined;
        break;
      }
      way.push(at);
      at = this.#nextHop(at, to);
    }
    const isPassed = at === to || (at !== undefined && this.#fleet.members[at]?.forwards !== false);
    const arrives = at !== undefined && isPassed && fates[at] === ARRIVES;
    let length = at === undefined ? 0 : (this.lengths[at] as number);
    for (const node of way.reverse()) {
      fates[node] = arrives ? ARRIVES : FAILS;
      this.lengths[node] = ++length;
    }
  }

  /** Undefined when there is none, or none that a packet could get to now. */
  #nextHop(from: number, to: number): number | undefined {
    const { members } = this.#fleet;
    const short = members[to]?.identity.short;
    const member = members[from];
    if (short === undefined || member === undefined || !member.host.isRunning) return undefined;
    const hop = member.node.nextHop(short);
    const next = hop === undefined ? undefined : this.#fleet.indexOf(hop);
    return next !== undefined && this.#model.neighborsOf(from).includes(next) ? next : undefined;
  }
}
