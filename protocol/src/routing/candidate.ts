import { Columns } from '../kernel/columns.js';
import type { RouteEntry } from '../packet/message.js';
import { METRIC_INFINITY } from './metric.js';
import { type NeighborTable, NONE } from './neighbor.js';
import { packSequence } from './sequence.js';

/** Stands for no neighbour. */
export const NOBODY = 255;
export const MTU_MAX = 0xffff;
const HOPS_MAX = 255;

/**
 * The two best ways to each destination, with what the neighbour advertised: candidates 0 and 1 of row r are
 * at 2 r and 2 r + 1.
 */
export class CandidateTable {
  readonly neighbor: Uint8Array;
  readonly sequence: Uint32Array;
  readonly metric: Uint16Array;
  readonly #hops: Uint8Array;
  readonly #mtu: Uint16Array;
  readonly #flags: Uint8Array;
  readonly #neighbors: NeighborTable;

  constructor(rowCount: number, neighbors: NeighborTable) {
    const columns = new Columns(rowCount * 2, 11);
    this.sequence = columns.uint32();
    this.metric = columns.uint16();
    this.#mtu = columns.uint16();
    this.neighbor = columns.uint8().fill(NOBODY);
    this.#hops = columns.uint8();
    this.#flags = columns.uint8();
    this.#neighbors = neighbors;
  }

  /** Which of the two comes from that neighbour, or NONE. */
  find(row: number, neighbor: number): number {
    if (this.neighbor[row * 2] === neighbor) return row * 2;
    return this.neighbor[row * 2 + 1] === neighbor ? row * 2 + 1 : NONE;
  }

  put(at: number, neighbor: number, entry: RouteEntry): void {
    this.neighbor[at] = neighbor;
    this.sequence[at] = packSequence(entry.boot, entry.sequence);
    this.metric[at] = entry.metric;
    this.#hops[at] = Math.min(entry.hops, HOPS_MAX);
    this.#mtu[at] = Math.min(entry.mtu, MTU_MAX);
    this.#flags[at] = entry.flags;
  }

  clear(at: number): void {
    this.neighbor[at] = NOBODY;
  }

  swap(row: number): void {
    const at = row * 2;
    for (const column of [this.neighbor, this.sequence, this.metric, this.#hops, this.#mtu, this.#flags]) {
      const kept = column[at] ?? 0;
      column[at] = column[at + 1] ?? 0;
      column[at + 1] = kept;
    }
  }

  isUsable(at: number): boolean {
    const isSomebody = this.neighbor[at] !== NOBODY;
    return isSomebody && this.total(at) < METRIC_INFINITY && (this.#hops[at] ?? 0) < HOPS_MAX;
  }

  /** Metric with the link to the neighbour. */
  total(at: number): number {
    return (this.metric[at] ?? METRIC_INFINITY) + this.cost(this.neighbor[at] ?? NOBODY);
  }

  cost(neighbor: number): number {
    return neighbor === NOBODY ? METRIC_INFINITY : this.#neighbors.cost(neighbor);
  }

  hops(at: number): number {
    return (this.#hops[at] ?? 0) + 1;
  }

  flags(at: number): number {
    return this.#flags[at] ?? 0;
  }

  mtu(at: number): number {
    return Math.min(this.#mtu[at] ?? 0, this.#neighbors.mtu(this.neighbor[at] ?? NOBODY));
  }
}
