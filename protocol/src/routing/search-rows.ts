import { Cells } from '../kernel/cells.js';
import type { Instant } from '../kernel/time.js';
import { NOBODY } from './candidate.js';
import { NONE } from './neighbor.js';
import { shortIdBytes } from './short-id.js';

/**
 * Searches under way, own ones and those of others, by destination and source: 120 B each. When all rows are
 * taken, further ones are not passed on.
 */

const SHARE_OF_ROUTES = 4;
const COUNT_MIN = 8;
const COUNT_MAX = 64;
/** A quarter of the rows stays free for own searches: a neighbour that asks for much must not end them. */
const SHARE_OF_OWN = 4;
export const LANDMARK_COUNT_MAX = 2;

export const Seek = {
  /** Halves of the short ids. */
  high: 0,
  low: 1,
  sourceHigh: 2,
  sourceLow: 3,
  /** When to look at it again, Infinity for a free row. */
  wakeAt: 4,
  /** The neighbour it came from, NOBODY for an own one; who asked back for the source. */
  parent: 5,
  backTo: 6,
  /** 1 at the destination, which asked back itself. */
  isAskedBack: 7,
  /** The widest ring that came, 0 when none did. */
  hopLimit: 8,
  /** Own ones: the next ring. */
  ring: 9,
  /** Own ones: supernodes that are still to be asked, as halves of short ids. */
  landmarkCount: 10,
  landmarks: 11,
  count: 11 + 2 * LANDMARK_COUNT_MAX,
} as const;

export class SearchRows {
  readonly count: number;
  readonly cells: Cells;
  #usedCount = 0;

  constructor(routeRows: number) {
    this.count = Math.min(Math.max(COUNT_MIN, Math.floor(routeRows / SHARE_OF_ROUTES)), COUNT_MAX);
    this.cells = new Cells(this.count, Seek.count);
    this.cells.setAll(Seek.wakeAt, Infinity);
  }

  /** Asked after every turn, and searches are rare. */
  nextTimeout(): Instant {
    if (this.#usedCount === 0) return Infinity;
    let at = Infinity;
    for (let row = 0; row < this.count; row++) at = Math.min(at, this.cells.get(row, Seek.wakeAt));
    return at;
  }

  get hasRoomForOthers(): boolean {
    return this.#usedCount < this.count - this.count / SHARE_OF_OWN;
  }

  isUsed(row: number): boolean {
    return this.cells.get(row, Seek.wakeAt) !== Infinity;
  }

  find(high: number, low: number, sourceHigh: number, sourceLow: number): number {
    for (let row = 0; row < this.count; row++) {
      if (this.isFor(row, high, low) && this.isBy(row, sourceHigh, sourceLow)) return row;
    }
    return NONE;
  }

  isFor(row: number, high: number, low: number): boolean {
    return this.isUsed(row) && this.high(row) === high && this.low(row) === low;
  }

  isBy(row: number, high: number, low: number): boolean {
    return this.isUsed(row) && this.sourceHigh(row) === high && this.sourceLow(row) === low;
  }

  high(row: number): number {
    return this.cells.integer(row, Seek.high);
  }

  low(row: number): number {
    return this.cells.integer(row, Seek.low);
  }

  sourceHigh(row: number): number {
    return this.cells.integer(row, Seek.sourceHigh);
  }

  sourceLow(row: number): number {
    return this.cells.integer(row, Seek.sourceLow);
  }

  setLandmark(row: number, i: number, high: number, low: number): void {
    this.cells.set(row, Seek.landmarks + 2 * i, high);
    this.cells.set(row, Seek.landmarks + 2 * i + 1, low);
  }

  landmark(row: number, i: number): Uint8Array {
    const at = Seek.landmarks + 2 * i;
    return shortIdBytes(this.cells.integer(row, at), this.cells.integer(row, at + 1));
  }

  /** Whether a route to that node would be the answer to a search, or to one back. */
  isSought(high: number, low: number): boolean {
    for (let row = 0; row < this.count; row++) {
      if (this.isFor(row, high, low)) return true;
      const isBack =
        this.cells.get(row, Seek.isAskedBack) === 1 || this.cells.get(row, Seek.backTo) !== NOBODY;
      if (isBack && this.isBy(row, high, low)) return true;
    }
    return false;
  }

  /** NONE when there is no place. */
  add(high: number, low: number, sourceHigh: number, sourceLow: number, wakeAt: Instant): number {
    const row = this.cells.find(Seek.wakeAt, Infinity);
    if (row === NONE) return NONE;
    this.#usedCount++;
    this.cells.set(row, Seek.high, high);
    this.cells.set(row, Seek.low, low);
    this.cells.set(row, Seek.sourceHigh, sourceHigh);
    this.cells.set(row, Seek.sourceLow, sourceLow);
    this.cells.set(row, Seek.parent, NOBODY);
    this.cells.set(row, Seek.backTo, NOBODY);
    this.cells.set(row, Seek.isAskedBack, 0);
    this.cells.set(row, Seek.hopLimit, 0);
    this.cells.set(row, Seek.ring, 0);
    this.cells.set(row, Seek.landmarkCount, 0);
    this.cells.set(row, Seek.wakeAt, wakeAt);
    return row;
  }

  /** One that is used. */
  remove(row: number): void {
    this.#usedCount--;
    this.cells.set(row, Seek.wakeAt, Infinity);
  }
}
