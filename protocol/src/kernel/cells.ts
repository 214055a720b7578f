/**
 * A table of numbers in one array. On a board a column with an array of its own costs five slots of heap,
 * here none; but each number takes 8 B, so this is for tables of few rows. Columns have names where the table
 * is declared.
 */
export class Cells {
  readonly rowCount: number;
  readonly #columnCount: number;
  readonly #numbers: Float64Array;

  /** All are 0. */
  constructor(rowCount: number, columnCount: number) {
    this.rowCount = rowCount;
    this.#columnCount = columnCount;
    this.#numbers = new Float64Array(rowCount * columnCount);
  }

  /** 0 for a row that there is not. */
  get(row: number, column: number): number {
    return this.#numbers[row * this.#columnCount + column] ?? 0;
  }

  /**
   * One that is an integer below 2^32, as such: a small engine does not find in a Map what it read from a
   * Float64Array.
   */
  integer(row: number, column: number): number {
    return (this.#numbers[row * this.#columnCount + column] ?? 0) >>> 0;
  }

  set(row: number, column: number, value: number): void {
    this.#numbers[row * this.#columnCount + column] = value;
  }

  setAll(column: number, value: number): void {
    for (let row = 0; row < this.rowCount; row++) this.set(row, column, value);
  }

  /** The first row with that value, -1 when there is none. */
  find(column: number, value: number): number {
    for (let row = 0; row < this.rowCount; row++) if (this.get(row, column) === value) return row;
    return -1;
  }
}
