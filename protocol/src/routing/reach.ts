import { Columns } from '../kernel/columns.js';
import { ROUTE_IS_LANDMARK } from '../packet/message.js';

/**
 * How far neighbours want to be told of (SPEC §8.9): destinations of at most so many hops from the teller,
 * and landmarks by another number. A new neighbour is told of what is near until it says more.
 */

/** No bound. */
export const EVERYWHERE = 255;
/** Two hops from the neighbour, three from here. */
export const VICINITY_HOPS = 2;

export class Reach {
  readonly #hops: Uint8Array;
  readonly #landmarkHops: Uint8Array;

  constructor(neighborRows: number) {
    const columns = new Columns(neighborRows, 2);
    this.#hops = columns.uint8();
    this.#landmarkHops = columns.uint8();
  }

  open(neighbor: number): void {
    this.set(neighbor, VICINITY_HOPS, EVERYWHERE);
  }

  /** False when it wanted this before. */
  set(neighbor: number, hops: number, landmarkHops: number): boolean {
    const isSame = this.#hops[neighbor] === hops && this.#landmarkHops[neighbor] === landmarkHops;
    this.#hops[neighbor] = hops;
    this.#landmarkHops[neighbor] = landmarkHops;
    return !isSame;
  }

  covers(neighbor: number, hops: number, flags: number): boolean {
    if (hops <= (this.#hops[neighbor] ?? 0)) return true;
    return (flags & ROUTE_IS_LANDMARK) !== 0 && hops <= (this.#landmarkHops[neighbor] ?? 0);
  }
}
