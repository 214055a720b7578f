import type { Graph } from './graph.js';
import { adjacency } from './graph.js';
import type { Medium } from './medium.js';
import type { Port } from './port.js';

/** A pair of hosts that some medium joins, by the index of each. */
export interface Wire {
  readonly a: Port;
  readonly b: Port;
  readonly medium: Medium;
}

/** No way leads there. */
export const UNREACHABLE = -1;

/**
 * What should be possible: who can reach whom if everybody forwards, from the wires alone. It shares
 * nothing with the protocol and knows nothing of it.
 */
export class Model {
  readonly graph: Graph;
  /** By host: powered and awake. */
  readonly isPresent: readonly boolean[];
  /** By host: the number of its connected piece, or UNREACHABLE when it is absent. */
  readonly pieceOf: Int32Array;
  readonly pieceSizes: readonly number[];
  readonly #neighbors: readonly (readonly number[])[];

  constructor(graph: Graph, isPresent: readonly boolean[]) {
    const edges = graph.edges.filter(([a, b]) => isPresent[a] === true && isPresent[b] === true);
    this.graph = { count: graph.count, edges };
    this.isPresent = isPresent;
    this.#neighbors = adjacency(this.graph);
    this.pieceOf = new Int32Array(graph.count).fill(UNREACHABLE);
    const sizes: number[] = [];
    for (let host = 0; host < graph.count; host++) {
      if (isPresent[host] !== true || this.pieceOf[host] !== UNREACHABLE) continue;
      const piece = this.distances(host);
      let size = 0;
      for (let other = 0; other < graph.count; other++) {
        if (piece[other] === UNREACHABLE) continue;
        this.pieceOf[other] = sizes.length;
        size++;
      }
      sizes.push(size);
    }
    this.pieceSizes = sizes;
  }

  neighborsOf(host: number): readonly number[] {
    return this.#neighbors[host] ?? [];
  }

  isConnected(a: number, b: number): boolean {
    return a !== b && this.pieceOf[a] !== UNREACHABLE && this.pieceOf[a] === this.pieceOf[b];
  }

  /** Ordered pairs of different hosts that some way joins. */
  get pairCount(): number {
    return this.pieceSizes.reduce((sum, size) => sum + size * (size - 1), 0);
  }

  /** Wires on the shortest way to each host. */
  distances(from: number): Int32Array {
    const distances = new Int32Array(this.graph.count).fill(UNREACHABLE);
    const queue = [from];
    distances[from] = 0;
    for (let i = 0; i < queue.length; i++) {
      const at = queue[i] as number;
      for (const next of this.#neighbors[at] ?? []) {
        if (distances[next] !== UNREACHABLE) continue;
        distances[next] = (distances[at] as number) + 1;
        queue.push(next);
      }
    }
    return distances;
  }
}

/** The model of these wires as they are now. */
export function modelOf(count: number, wires: readonly Wire[]): Model {
  const isPresent = new Array<boolean>(count).fill(false);
  const edges: [number, number][] = [];
  for (const { a, b, medium } of wires) {
    for (const { host } of [a, b]) isPresent[host.index] = host.isRunning;
    if (medium.carries(a, b) && medium.carries(b, a)) edges.push([a.host.index, b.host.index]);
  }
  return new Model({ count, edges }, isPresent);
}
