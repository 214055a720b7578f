import { Columns } from '../kernel/columns.js';
import type { Instant } from '../kernel/time.js';
import { NOBODY } from './candidate.js';
import { NONE } from './neighbor.js';
import { shortIdBytes } from './short-id.js';

/**
 * Searches under way, own ones and those of others, by destination and source: 54 B each. When all rows are
 * taken, further ones are not passed on.
 */

const SHARE_OF_ROUTES = 4;
const COUNT_MIN = 8;
const COUNT_MAX = 64;
export const LANDMARK_COUNT_MAX = 2;

export class SearchRows {
  readonly count: number;
  /** The neighbour it came from, NOBODY for an own one; who asked back for the source. */
  readonly parent: Uint8Array;
  readonly backTo: Uint8Array;
  /** 1 at the destination, which asked back itself. */
  readonly isAskedBack: Uint8Array;
  /** The widest ring that came, 0 when none did. */
  readonly hopLimit: Uint8Array;
  /** Own ones: the next ring. */
  readonly ring: Uint8Array;
  /** When to look at it again, Infinity for a free row. */
  readonly wakeAt: Float64Array;
  /** Own ones: supernodes that are still to be asked, as halves of short ids. */
  readonly #landmarks: Uint32Array;
  readonly landmarkCount: Uint8Array;
  readonly #ids: Uint32Array;
  #usedCount = 0;

  constructor(routeRows: number) {
    this.count = Math.min(Math.max(COUNT_MIN, Math.floor(routeRows / SHARE_OF_ROUTES)), COUNT_MAX);
    const columns = new Columns(this.count, 14);
    this.wakeAt = columns.float64().fill(Infinity);
    this.parent = columns.uint8();
    this.backTo = columns.uint8();
    this.isAskedBack = columns.uint8();
    this.hopLimit = columns.uint8();
    this.ring = columns.uint8();
    this.landmarkCount = columns.uint8();
    this.#landmarks = new Uint32Array(this.count * 2 * LANDMARK_COUNT_MAX);
    this.#ids = new Uint32Array(this.count * 4);
  }

  /** Asked after every turn, and searches are rare. */
  nextTimeout(): Instant {
    if (this.#usedCount === 0) return Infinity;
    let at = Infinity;
    for (let row = 0; row < this.count; row++) at = Math.min(at, this.wakeAt[row] ?? Infinity);
    return at;
  }

  isUsed(row: number): boolean {
    return this.wakeAt[row] !== Infinity;
  }

  find(high: number, low: number, sourceHigh: number, sourceLow: number): number {
    for (let row = 0; row < this.count; row++) {
      if (this.isFor(row, high, low) && this.isBy(row, sourceHigh, sourceLow)) return row;
    }
    return NONE;
  }

  isFor(row: number, high: number, low: number): boolean {
    return this.isUsed(row) && this.#ids[row * 4] === high && this.#ids[row * 4 + 1] === low;
  }

  isBy(row: number, high: number, low: number): boolean {
    return this.isUsed(row) && this.#ids[row * 4 + 2] === high && this.#ids[row * 4 + 3] === low;
  }

  high(row: number): number {
    return this.#ids[row * 4] ?? 0;
  }

  low(row: number): number {
    return this.#ids[row * 4 + 1] ?? 0;
  }

  setLandmark(row: number, i: number, high: number, low: number): void {
    const at = (row * LANDMARK_COUNT_MAX + i) * 2;
    this.#landmarks[at] = high;
    this.#landmarks[at + 1] = low;
  }

  landmark(row: number, i: number): Uint8Array {
    const at = (row * LANDMARK_COUNT_MAX + i) * 2;
    return shortIdBytes(this.#landmarks[at] ?? 0, this.#landmarks[at + 1] ?? 0);
  }

  /** Whether a route to that node would be the answer to a search, or to one back. */
  isSought(high: number, low: number): boolean {
    for (let row = 0; row < this.count; row++) {
      if (this.isFor(row, high, low)) return true;
      const isBack = this.isAskedBack[row] === 1 || this.backTo[row] !== NOBODY;
      if (isBack && this.isBy(row, high, low)) return true;
    }
    return false;
  }

  /** NONE when there is no place. */
  add(high: number, low: number, sourceHigh: number, sourceLow: number, wakeAt: Instant): number {
    const row = this.wakeAt.indexOf(Infinity);
    if (row === NONE) return NONE;
    this.#usedCount++;
    this.#ids[row * 4] = high;
    this.#ids[row * 4 + 1] = low;
    this.#ids[row * 4 + 2] = sourceHigh;
    this.#ids[row * 4 + 3] = sourceLow;
    this.parent[row] = NOBODY;
    this.backTo[row] = NOBODY;
    this.isAskedBack[row] = 0;
    this.hopLimit[row] = 0;
    this.ring[row] = 0;
    this.landmarkCount[row] = 0;
    this.wakeAt[row] = wakeAt;
    return row;
  }

  /** One that is used. */
  remove(row: number): void {
    this.#usedCount--;
    this.wakeAt[row] = Infinity;
  }
}
