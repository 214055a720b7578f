import { Columns } from '../kernel/columns.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { NONE } from './neighbor.js';

/**
 * Routes that are here because somebody searched for them (SPEC §8.10), by route row: 5 B each. They stay
 * until their room is wanted; then the one goes that was not used for longest.
 */

const IS_SOUGHT = 1;
/** By this node itself, so its upper layers hear of the route. */
const IS_OWN = 2;
/** Nobody wants it any more; it stays until no neighbour points here for it. */
const IS_LEAVING = 4;

/** What was used so lately is not given up for another one. */
const REST_S = 10;

export class Demand {
  readonly #marks: Uint8Array;
  /** Second of the last use, modulo 2^32. */
  readonly #usedS: Uint32Array;
  #count = 0;

  constructor(rowCount: number) {
    const columns = new Columns(rowCount, 5);
    this.#usedS = columns.uint32();
    this.#marks = columns.uint8();
  }

  get count(): number {
    return this.#count;
  }

  add(now: Instant, row: number): void {
    if (!this.isSought(row)) this.#count++;
    this.#marks[row] = (this.#marks[row] ?? 0) | IS_SOUGHT;
    this.use(now, row);
  }

  remove(row: number): void {
    if (this.isSought(row)) this.#count--;
    this.#marks[row] = 0;
  }

  giveUp(row: number): void {
    this.remove(row);
    this.#marks[row] = IS_LEAVING;
  }

  use(now: Instant, row: number): void {
    this.#usedS[row] = Math.floor(now / SECOND_MS);
  }

  isSought(row: number): boolean {
    return ((this.#marks[row] ?? 0) & IS_SOUGHT) !== 0;
  }

  setOwn(row: number): void {
    this.#marks[row] = (this.#marks[row] ?? 0) | IS_OWN;
  }

  /** Whether only others want that route. */
  isForOthers(row: number): boolean {
    const marks = this.#marks[row] ?? 0;
    return marks !== 0 && (marks & IS_OWN) === 0;
  }

  /** The row that was not used for longest, NONE when all were lately. */
  idlest(now: Instant): number {
    const nowS = Math.floor(now / SECOND_MS) >>> 0;
    let idlest = NONE;
    let longestS = REST_S;
    for (let row = 0; row < this.#marks.length; row++) {
      if (!this.isSought(row)) continue;
      const idleS = (nowS - (this.#usedS[row] ?? 0)) >>> 0;
      if (idleS < longestS) continue;
      idlest = row;
      longestS = idleS;
    }
    return idlest;
  }
}
