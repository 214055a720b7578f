import { Cells } from '../kernel/cells.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';

/**
 * What each neighbour may make this node do for others (SPEC §9.6): so much in a row, and so much a second on
 * the average. Also who is a neighbour.
 */

const NONE = -1;

export const Toll = { flood: 0, pass: 1, answer: 2 } as const;
export type Toll = (typeof Toll)[keyof typeof Toll];

/** ms for each on the average, and the burst in ms: 64 and 4/s to everybody; 256 and 16/s else. */
const COST_MS = [SECOND_MS / 4, SECOND_MS / 16, SECOND_MS / 16] as const;
const BURST_MS = 16 * SECOND_MS;

/** Questions to everybody must not fill a slow link: 8 in a row, one in 2 s on the average. */
const SLOW_BITRATE_MAX = 9999;
const SLOW_MS = 2 * SECOND_MS;

const Column = { isUp: 0, neighbor: 1, paidUntil: 2, isSlow: 5, floodedUntil: 6, count: 7 } as const;

export class Tolls {
  readonly #cells: Cells;

  constructor(neighborCountMax: number) {
    this.#cells = new Cells(neighborCountMax, Column.count);
  }

  /** `bitrate` 0: unknown. */
  up(neighbor: number, bitrate: number): void {
    if (this.#find(neighbor) !== NONE) return;
    const row = this.#cells.find(Column.isUp, 0);
    if (row === NONE) return;
    this.#cells.set(row, Column.isUp, 1);
    this.#cells.set(row, Column.neighbor, neighbor);
    this.#cells.set(row, Column.isSlow, bitrate > 0 && bitrate <= SLOW_BITRATE_MAX ? 1 : 0);
    this.#cells.set(row, Column.floodedUntil, 0);
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
    return row !== NONE && this.#take(now, row, Column.paidUntil + toll, COST_MS[toll]);
  }

  /** Whether a question to everybody may go to that neighbour. */
  mayFlood(now: Instant, neighbor: number): boolean {
    const row = this.#find(neighbor);
    if (row === NONE || this.#cells.get(row, Column.isSlow) === 0) return row !== NONE;
    return this.#take(now, row, Column.floodedUntil, SLOW_MS);
  }

  #take(now: Instant, row: number, column: number, costMs: number): boolean {
    const from = Math.max(this.#cells.get(row, column), now);
    if (from > now + BURST_MS - costMs) return false;
    this.#cells.set(row, column, from + costMs);
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
