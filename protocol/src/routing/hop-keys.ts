import { equalBytes } from '../kernel/bytes.js';
import { Cells } from '../kernel/cells.js';

/**
 * Keys, counters and replay windows of the hop MICs (SPEC §8.4), by neighbour row: 168 B each. Keys are in
 * one array and numbers in another, which small engines hold at a fraction of what an array for each costs.
 *
 * A row receives under two keys: when two nodes open sessions to each other at the same time, each of them
 * may take the other one for the newer, and so sends under what the other holds for its former key.
 */

const KEY_BYTES = 32;
/** Send, receive, and the former receive key. */
const KEYS_PER_ROW = 3;
/** Frames may overtake each other by that many. */
const WINDOW = 64;

/** Which receive key of a row. */
export const Epoch = { present: 0, former: 1 } as const;
export type Epoch = (typeof Epoch)[keyof typeof Epoch];
const EPOCH_COUNT = 2;
const WORDS = WINDOW / 32;

/** By epoch: the newest counter, and the words of the window. */
const EPOCH_COLUMNS = 1 + WORDS;
const Column = {
  sendCounter: 0,
  /** 1: there is a former key. */
  hasFormer: 1,
  /** Which one the last frame was under. */
  last: 2,
  epochs: 3,
  count: 3 + EPOCH_COUNT * EPOCH_COLUMNS,
} as const;

export class HopKeys {
  readonly #keys: Uint8Array;
  readonly #cells: Cells;

  constructor(rowCount: number) {
    this.#keys = new Uint8Array(rowCount * KEYS_PER_ROW * KEY_BYTES);
    this.#cells = new Cells(rowCount, Column.count);
  }

  /**
   * `formerKey`: what the neighbour may still send under. What was seen under a key that stays remains seen.
   */
  set(row: number, sendKey: Uint8Array, receiveKey: Uint8Array, formerKey: Uint8Array | undefined): void {
    if (formerKey !== undefined) this.#setFormer(row, formerKey);
    this.#cells.set(row, Column.hasFormer, formerKey === undefined ? 0 : 1);
    this.#key(row, 0).set(sendKey);
    this.#key(row, 1).set(receiveKey);
    this.#cells.set(row, Column.sendCounter, 0);
    this.#cells.set(row, Column.last, Epoch.present);
    this.#unsee(row, Epoch.present);
  }

  erase(row: number): void {
    this.#cells.set(row, Column.hasFormer, 0);
    this.#keys.fill(0, row * KEYS_PER_ROW * KEY_BYTES, (row + 1) * KEYS_PER_ROW * KEY_BYTES);
  }

  are(row: number, sendKey: Uint8Array, receiveKey: Uint8Array): boolean {
    return equalBytes(this.sendKey(row), sendKey) && equalBytes(this.receiveKey(row, 0), receiveKey);
  }

  /** The key that the next frame is probably under, and the other one if there is one. */
  likely(row: number): Epoch {
    return this.#cells.get(row, Column.last) === Epoch.former ? Epoch.former : Epoch.present;
  }

  unlikely(row: number): Epoch | undefined {
    if (this.#cells.get(row, Column.hasFormer) === 0) return undefined;
    return this.#cells.get(row, Column.last) === Epoch.former ? Epoch.present : Epoch.former;
  }

  sendKey(row: number): Uint8Array {
    return this.#key(row, 0);
  }

  receiveKey(row: number, epoch: Epoch): Uint8Array {
    return this.#key(row, 1 + epoch);
  }

  takeCounter(row: number): number {
    const counter = this.#cells.get(row, Column.sendCounter);
    this.#cells.set(row, Column.sendCounter, counter + 1);
    return counter;
  }

  /** The counter that is expected next. */
  expected(row: number, epoch: Epoch): number {
    return this.#cells.get(row, newestOf(epoch)) + 1;
  }

  /** Marks an authentic counter as seen; false when it was, or is older than the window. */
  accept(row: number, epoch: Epoch, counter: number): boolean {
    const newest = this.#cells.get(row, newestOf(epoch));
    if (counter > newest) {
      for (let i = Math.max(newest + 1, counter - WINDOW + 1); i <= counter; i++) {
        this.#mark(row, epoch, i, false);
      }
      this.#cells.set(row, newestOf(epoch), counter);
    } else if (counter <= newest - WINDOW || this.#isMarked(row, epoch, counter)) {
      return false;
    }
    this.#mark(row, epoch, counter, true);
    this.#cells.set(row, Column.last, epoch);
    return true;
  }

  #setFormer(row: number, key: Uint8Array): void {
    if (equalBytes(this.receiveKey(row, Epoch.present), key)) {
      for (let i = 0; i < EPOCH_COLUMNS; i++) {
        const seen = this.#cells.get(row, newestOf(Epoch.present) + i);
        this.#cells.set(row, newestOf(Epoch.former) + i, seen);
      }
    } else if (
      this.#cells.get(row, Column.hasFormer) === 0 ||
      !equalBytes(this.receiveKey(row, Epoch.former), key)
    ) {
      this.#unsee(row, Epoch.former);
    }
    this.#key(row, 2).set(key);
  }

  #unsee(row: number, epoch: Epoch): void {
    this.#cells.set(row, newestOf(epoch), -1);
    for (let word = 0; word < WORDS; word++) this.#cells.set(row, newestOf(epoch) + 1 + word, 0);
  }

  #key(row: number, which: number): Uint8Array {
    const at = (row * KEYS_PER_ROW + which) * KEY_BYTES;
    return this.#keys.subarray(at, at + KEY_BYTES);
  }

  #isMarked(row: number, epoch: Epoch, counter: number): boolean {
    const at = counter % WINDOW;
    return (this.#cells.get(row, newestOf(epoch) + 1 + (at >> 5)) & (1 << (at & 31))) !== 0;
  }

  #mark(row: number, epoch: Epoch, counter: number, isSeen: boolean): void {
    const at = counter % WINDOW;
    const column = newestOf(epoch) + 1 + (at >> 5);
    const word = this.#cells.get(row, column);
    const bit = 1 << (at & 31);
    this.#cells.set(row, column, isSeen ? word | bit : word & ~bit);
  }
}

/** The column of the newest counter; the words of the window follow. */
function newestOf(epoch: Epoch): number {
  return Column.epochs + epoch * EPOCH_COLUMNS;
}
