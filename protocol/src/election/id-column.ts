import { SHORT_ID_BYTES, shortBytes, shortKeyOf } from '../identity/id.js';
import { equalBytes } from '../kernel/bytes.js';
import type { Columns } from '../kernel/columns.js';
import type { ShortKey } from '../kernel/link.js';

/** Whose each row of a table is, by short id. */
export class IdColumn {
  readonly #ids: Uint8Array;

  /** 8 B of each row. */
  constructor(columns: Columns) {
    this.#ids = columns.bytes(SHORT_ID_BYTES);
  }

  set(row: number, peer: ShortKey): void {
    this.#ids.set(shortBytes(peer), row * SHORT_ID_BYTES);
  }

  key(row: number): ShortKey {
    return shortKeyOf(this.#id(row));
  }

  /** The row of that peer among those that are not 0 in `used`; -1 when it has none. */
  find(peer: ShortKey, used: Float64Array | Uint8Array): number {
    const id = shortBytes(peer);
    for (let row = 0; row < used.length; row++) {
      if (used[row] !== 0 && equalBytes(this.#id(row), id)) return row;
    }
    return -1;
  }

  #id(row: number): Uint8Array {
    return this.#ids.subarray(row * SHORT_ID_BYTES, (row + 1) * SHORT_ID_BYTES);
  }
}
