import { RECORD_BYTES_MAX } from '../identity/record.js';
import { copyBytes, readU32, writeU32 } from '../kernel/bytes.js';
import { Cells } from '../kernel/cells.js';
import type { Instant } from '../kernel/time.js';

/**
 * Records that a node keeps for others (SPEC §9.6), 240 B each. A record stays for its lifetime unless its
 * owner renews it. When there is no room, what is over goes, else one that came by the neighbour that brought
 * most: so whoever brings many crowds out only his own.
 */

const NONE = -1;
export const WHERE_BYTES_MAX = 16;
/** Lengths of record and `where`, then both. */
const ROW_BYTES = 2 + RECORD_BYTES_MAX + WHERE_BYTES_MAX;
const RECORD_AT = 2;
const WHERE_AT = RECORD_AT + RECORD_BYTES_MAX;

const Item = {
  /** 0 for a free row. */
  expiresAt: 0,
  subject: 1,
  keyHigh: 2,
  keyLow: 3,
  ownerHigh: 4,
  ownerLow: 5,
  boot: 6,
  sequence: 7,
  /** The neighbour that brought it. */
  from: 8,
  count: 9,
} as const;

export interface Kept {
  readonly subject: number;
  readonly key: Uint8Array;
  /** Short id of the node that signed it. */
  readonly owner: Uint8Array;
  readonly boot: number;
  readonly sequence: number;
  readonly where: Uint8Array;
  readonly record: Uint8Array;
}

export class Shelf {
  readonly #cells: Cells;
  readonly #bytes: Uint8Array;

  constructor(rowCount: number) {
    this.#cells = new Cells(rowCount, Item.count);
    this.#bytes = new Uint8Array(rowCount * ROW_BYTES);
  }

  countAt(now: Instant): number {
    let count = 0;
    for (let row = 0; row < this.#cells.rowCount; row++) if (this.#isKept(now, row)) count++;
    return count;
  }

  /** The row of what that node keeps here under that key, -1 when it keeps nothing. */
  find(now: Instant, subject: number, key: Uint8Array, owner: Uint8Array): number {
    for (let row = 0; row < this.#cells.rowCount; row++) {
      const isOwners =
        this.#cells.integer(row, Item.ownerHigh) === readU32(owner, 0) &&
        this.#cells.integer(row, Item.ownerLow) === readU32(owner, 4);
      if (isOwners && this.#isUnder(row, subject, key) && this.#isKept(now, row)) return row;
    }
    return NONE;
  }

  /** All under that key, `countMax` at most. */
  list(now: Instant, subject: number, key: Uint8Array, countMax: number): readonly number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.#cells.rowCount && rows.length < countMax; row++) {
      if (this.#isUnder(row, subject, key) && this.#isKept(now, row)) rows.push(row);
    }
    return rows;
  }

  boot(row: number): number {
    return this.#cells.get(row, Item.boot);
  }

  sequence(row: number): number {
    return this.#cells.get(row, Item.sequence);
  }

  record(row: number): Uint8Array {
    return this.#part(row, 0, RECORD_AT);
  }

  /** Short id of the node that signed it. */
  owner(row: number): Uint8Array {
    const owner = new Uint8Array(8);
    writeU32(owner, 0, this.#cells.integer(row, Item.ownerHigh));
    writeU32(owner, 4, this.#cells.integer(row, Item.ownerLow));
    return owner;
  }

  where(row: number): Uint8Array {
    return this.#part(row, 1, WHERE_AT);
  }

  /** Longer than it would have stayed; it is the same record, or it was replaced before. */
  put(now: Instant, kept: Kept, from: number, expiresAt: Instant): void {
    const known = this.find(now, kept.subject, kept.key, kept.owner);
    const row = known === NONE ? this.#free(now, from) : known;
    this.#cells.set(row, Item.expiresAt, expiresAt);
    this.#cells.set(row, Item.subject, kept.subject);
    this.#cells.set(row, Item.keyHigh, readU32(kept.key, 0));
    this.#cells.set(row, Item.keyLow, readU32(kept.key, 4));
    this.#cells.set(row, Item.ownerHigh, readU32(kept.owner, 0));
    this.#cells.set(row, Item.ownerLow, readU32(kept.owner, 4));
    this.#cells.set(row, Item.boot, kept.boot);
    this.#cells.set(row, Item.sequence, kept.sequence);
    this.#cells.set(row, Item.from, from);
    const at = row * ROW_BYTES;
    this.#bytes[at] = kept.record.length;
    this.#bytes[at + 1] = kept.where.length;
    this.#bytes.set(kept.record, at + RECORD_AT);
    this.#bytes.set(kept.where, at + WHERE_AT);
  }

  #part(row: number, lengthAt: number, at: number): Uint8Array {
    const start = row * ROW_BYTES;
    const length = this.#bytes[start + lengthAt] ?? 0;
    return copyBytes(this.#bytes.subarray(start + at, start + at + length));
  }

  #isKept(now: Instant, row: number): boolean {
    return this.#cells.get(row, Item.expiresAt) > now;
  }

  #isUnder(row: number, subject: number, key: Uint8Array): boolean {
    return (
      this.#cells.get(row, Item.subject) === subject &&
      this.#cells.integer(row, Item.keyHigh) === readU32(key, 0) &&
      this.#cells.integer(row, Item.keyLow) === readU32(key, 4)
    );
  }

  #free(now: Instant, from: number): number {
    const counts = new Map<number, number>([[from, 1]]);
    let most = from;
    for (let row = 0; row < this.#cells.rowCount; row++) {
      if (!this.#isKept(now, row)) return row;
      const bringer = this.#cells.get(row, Item.from);
      const count = (counts.get(bringer) ?? 0) + 1;
      counts.set(bringer, count);
      if (count > (counts.get(most) ?? 0)) most = bringer;
    }
    return this.#soonest(most);
  }

  /** What would be over first of what came by that neighbour. */
  #soonest(from: number): number {
    let soonest = 0;
    let at = Infinity;
    for (let row = 0; row < this.#cells.rowCount; row++) {
      const expiresAt = this.#cells.get(row, Item.expiresAt);
      if (this.#cells.get(row, Item.from) !== from || expiresAt >= at) continue;
      soonest = row;
      at = expiresAt;
    }
    return soonest;
  }
}
