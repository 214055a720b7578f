import { assert } from './assert.js';

/**
 * The columns of one table, in one piece of memory: on a board each array of its own would cost twice what
 * the view of a shared one does. Ask for the widest columns first.
 */
export class Columns {
  readonly #buffer: ArrayBuffer;
  readonly #rowCount: number;
  #at = 0;

  /** `rowBytes`: of all columns together. */
  constructor(rowCount: number, rowBytes: number) {
    this.#rowCount = rowCount;
    this.#buffer = new ArrayBuffer(rowCount * rowBytes);
  }

  float64(): Float64Array {
    return new Float64Array(this.#buffer, this.#take(8), this.#rowCount);
  }

  uint32(): Uint32Array {
    return new Uint32Array(this.#buffer, this.#take(4), this.#rowCount);
  }

  uint16(): Uint16Array {
    return new Uint16Array(this.#buffer, this.#take(2), this.#rowCount);
  }

  int16(): Int16Array {
    return new Int16Array(this.#buffer, this.#take(2), this.#rowCount);
  }

  uint8(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(1), this.#rowCount);
  }

  #take(width: number): number {
    const at = this.#at;
    this.#at += width * this.#rowCount;
    assert(at % width === 0, 'the widest columns come first');
    assert(this.#at <= this.#buffer.byteLength, 'a table has as many columns as it said');
    return at;
  }
}
