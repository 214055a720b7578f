import { assert } from '../kernel/assert.js';
import { Columns } from '../kernel/columns.js';
import { NONE } from './neighbor.js';

/**
 * Which row holds which destination: short ids in two columns, hash chains and the list of free rows. Ids are
 * hashes, so their low bits spread; whoever grinds ids into one chain makes a look-up scan at most all rows.
 */
export class DestinationIndex {
  readonly rowCount: number;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly #first: Int16Array;
  /** Of a used row the next one in its chain, of a free one the next free one. */
  readonly #next: Int16Array;
  #free = NONE;
  #freeCount = 0;
  #rowEnd = 0;

  constructor(rowCount: number) {
    assert(rowCount <= 0x7fff, 'rows are numbered in 16 bits');
    this.rowCount = rowCount;
    const columns = new Columns(rowCount, 12);
    this.high = columns.uint32();
    this.low = columns.uint32();
    this.#first = columns.int16().fill(NONE);
    this.#next = columns.int16();
    for (let row = rowCount - 1; row >= 0; row--) this.#release(row);
  }

  get freeCount(): number {
    return this.#freeCount;
  }

  /** No row from there on was ever used: whoever looks at all rows ends there. */
  get rowEnd(): number {
    return this.#rowEnd;
  }

  /** NONE when there is none. */
  find(high: number, low: number): number {
    let row = this.#first[low % this.rowCount] ?? NONE;
    while (row !== NONE && (this.low[row] !== low || this.high[row] !== high)) row = this.#next[row] ?? NONE;
    return row;
  }

  /** A row for an id that has none, or NONE when all are taken. The first row given is 0. */
  add(high: number, low: number): number {
    const row = this.#free;
    if (row === NONE) return NONE;
    const bucket = low % this.rowCount;
    this.#free = this.#next[row] ?? NONE;
    this.#freeCount--;
    this.#rowEnd = Math.max(this.#rowEnd, row + 1);
    this.high[row] = high;
    this.low[row] = low;
    this.#next[row] = this.#first[bucket] ?? NONE;
    this.#first[bucket] = row;
    return row;
  }

  remove(row: number): void {
    const bucket = (this.low[row] ?? 0) % this.rowCount;
    const after = this.#next[row] ?? NONE;
    let at = this.#first[bucket] ?? NONE;
    if (at === row) this.#first[bucket] = after;
    else {
      while (at !== NONE && this.#next[at] !== row) at = this.#next[at] ?? NONE;
      assert(at !== NONE, 'a used row is in its chain');
      this.#next[at] = after;
    }
    this.#release(row);
  }

  #release(row: number): void {
    this.#next[row] = this.#free;
    this.#free = row;
    this.#freeCount++;
  }
}
