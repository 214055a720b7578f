import { Cells } from '../kernel/cells.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';

/**
 * What each neighbour may make this node do for others (SPEC §9.6): so much in a row, and so much a second on
 * the average. Also who is a neighbour.
 */

const NONE = -1;

export const Toll = { flood: 0, pass: 1, answer: 2 } as const;
export type Toll = (typeof Toll)[keyof typeof Toll];

/** ms for each on the average, and the burst in ms: 16 and 1/s to everybody; 128 and 8/s else. */
const COST_MS = [SECOND_MS, SECOND_MS / 8, SECOND_MS / 8] as const;
const BURST_MS = 16 * SECOND_MS;

const Column = { isUp: 0, neighbor: 1, paidUntil: 2, count: 5 } as const;

export class Tolls {
  readonly #cells: Cells;

  constructor(neighborCountMax: number) {
    this.#cells = new Cells(neighborCountMax, Column.count);
  }

  up(neighbor: number): void {
    if (this.#find(neighbor) !== NONE) return;
    const row = this.#cells.find(Column.isUp, 0);
    if (row === NONE) return;
    this.#cells.set(row, Column.isUp, 1);
    this.#cells.set(row, Column.neighbor, neighbor);
    for (const toll of [Toll.flood, Toll.pass, Toll.answer]) this.#cells.set(row, Column.paidUntil + toll, 0);
  }

  down(neighbor: number): void {
    const row = this.#find(neighbor);
    if (row !== NONE) this.#cells.set(row, Column.isUp, 0);
  }

  *neighbors(): Iterable<number> {
    for (let row = 0; row < this.#cells.rowCount; row++) {
      if (this.#cells.get(row, Column.isUp) === 1) yield this.#cells.integer(row, Column.neighbor);
    }
  }

  /** Takes one of what that neighbour may have; false when it had its burst, or is no neighbour. */
  pay(now: Instant, neighbor: number, toll: Toll): boolean {
    const row = this.#find(neighbor);
    if (row === NONE) return false;
    const from = Math.max(this.#cells.get(row, Column.paidUntil + toll), now);
    if (from > now + BURST_MS) return false;
    this.#cells.set(row, Column.paidUntil + toll, from + COST_MS[toll]);
    return true;
  }

  #find(neighbor: number): number {
    for (let row = 0; row < this.#cells.rowCount; row++) {
      const isIt = this.#cells.integer(row, Column.neighbor) === neighbor;
      if (isIt && this.#cells.get(row, Column.isUp) === 1) return row;
    }
    return NONE;
  }
}
