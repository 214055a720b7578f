import type { Cells } from '../kernel/cells.js';
import { ROUTE_IS_LANDMARK } from '../packet/message.js';
import { Cell } from './neighbor-cells.js';

/**
 * How far neighbours want to be told of (SPEC §8.9): destinations of at most so many hops from the teller,
 * and landmarks by another number. A new neighbour is told of what is near until it says more. Over a link
 * that all routes would fill for too long it is told of this node alone, through which it searches.
 */

/** No bound. */
export const EVERYWHERE = 255;
/** Two hops from the neighbour, three from here. */
export const VICINITY_HOPS = 2;
/** Below that bit rate the number of routes is looked at. */
const SLOW_BITRATE_MAX = 9999;
/** All routes may take so long on a slow link. */
const DUMP_S_MAX = 2;
const ENTRY_BITS = 18 * 8;

export class Reach {
  readonly #cells: Cells;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  open(neighbor: number): void {
    this.set(neighbor, VICINITY_HOPS, EVERYWHERE);
  }

  /** False when it wanted this before. */
  set(neighbor: number, hops: number, landmarkHops: number): boolean {
    const isSame =
      this.#cells.get(neighbor, Cell.hops) === hops &&
      this.#cells.get(neighbor, Cell.landmarkHops) === landmarkHops;
    this.#cells.set(neighbor, Cell.hops, hops);
    this.#cells.set(neighbor, Cell.landmarkHops, landmarkHops);
    return !isSame;
  }

  /** False when what the neighbour is told stays the same. It must be half as many again to be told all. */
  review(neighbor: number, bitrate: number, routes: number): boolean {
    const wasSparing = this.#cells.get(neighbor, Cell.isSparing) === 1;
    const bits = routes * ENTRY_BITS * (wasSparing ? 2 : 1);
    const isSparing = bitrate > 0 && bitrate <= SLOW_BITRATE_MAX && bits > bitrate * DUMP_S_MAX;
    this.#cells.set(neighbor, Cell.isSparing, isSparing ? 1 : 0);
    return isSparing !== wasSparing;
  }

  covers(neighbor: number, hops: number, flags: number): boolean {
    if (this.#cells.get(neighbor, Cell.isSparing) === 1) return hops === 0;
    if (hops <= this.#cells.get(neighbor, Cell.hops)) return true;
    return (flags & ROUTE_IS_LANDMARK) !== 0 && hops <= this.#cells.get(neighbor, Cell.landmarkHops);
  }
}
