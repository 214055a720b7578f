/** Tables with a row for each peer: the halves of its short id are in the first two columns. */
import { SHORT_ID_BYTES, shortBytes, shortKeyOf } from '../identity/id.js';
import { readU32, writeU32 } from '../kernel/bytes.js';
import type { Cells } from '../kernel/cells.js';
import type { ShortKey } from '../kernel/link.js';

const HIGH = 0;
const LOW = 1;

export function setPeer(rows: Cells, row: number, peer: ShortKey): void {
  const id = shortBytes(peer);
  rows.set(row, HIGH, readU32(id, 0));
  rows.set(row, LOW, readU32(id, 4));
}

export function peerOf(rows: Cells, row: number): ShortKey {
  const id = new Uint8Array(SHORT_ID_BYTES);
  writeU32(id, 0, rows.get(row, HIGH));
  writeU32(id, 4, rows.get(row, LOW));
  return shortKeyOf(id);
}

/** The row of that peer among those that are not 0 in the column `used`; -1 when it has none. */
export function findPeer(rows: Cells, peer: ShortKey, used: number): number {
  const id = shortBytes(peer);
  const [high, low] = [readU32(id, 0), readU32(id, 4)];
  for (let row = 0; row < rows.rowCount; row++) {
    const isIt = rows.get(row, HIGH) === high && rows.get(row, LOW) === low;
    if (isIt && rows.get(row, used) !== 0) return row;
  }
  return -1;
}
