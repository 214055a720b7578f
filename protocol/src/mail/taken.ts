import { SHORT_ID_BYTES } from '../identity/id.js';
import { concatBytes, copyBytes, readU32, writeU32 } from '../kernel/bytes.js';

const ROW_BYTES = SHORT_ID_BYTES + 4;
/** A box holds 16, and there are two of them: what both keep twice is known four boxes later. 768 B. */
const ROWS_MAX = 64;

/**
 * Which letters were taken, the newest last: stored before one is given to the application, so that a copy
 * which another keeper hands out after the next sleep is known.
 */
export class Taken {
  #rows: Uint8Array;

  constructor(stored: Uint8Array) {
    this.#rows = copyBytes(stored.subarray(0, stored.length - (stored.length % ROW_BYTES)));
  }

  get bytes(): Uint8Array {
    return this.#rows;
  }

  has(from: Uint8Array, id: number): boolean {
    for (let at = 0; at < this.#rows.length; at += ROW_BYTES) {
      if (readU32(this.#rows, at + SHORT_ID_BYTES) === id && isAt(this.#rows, at, from)) return true;
    }
    return false;
  }

  add(from: Uint8Array, id: number): void {
    const row = new Uint8Array(ROW_BYTES);
    row.set(from);
    writeU32(row, SHORT_ID_BYTES, id);
    const rest = Math.max(0, this.#rows.length - (ROWS_MAX - 1) * ROW_BYTES);
    this.#rows = concatBytes(this.#rows.subarray(rest), row);
  }
}

function isAt(rows: Uint8Array, at: number, from: Uint8Array): boolean {
  for (let i = 0; i < SHORT_ID_BYTES; i++) if (rows[at + i] !== from[i]) return false;
  return true;
}
