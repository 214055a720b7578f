import { equalBytes } from '../kernel/bytes.js';

/**
 * Keys, counters and replay windows of the hop MICs (SPEC §8.4), by neighbour row: 136 B each. Keys are in
 * one array, which small engines hold at a fraction of what an array for each costs.
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

export class HopKeys {
  readonly #keys: Uint8Array;
  readonly #sendCounter: Float64Array;
  /** By row and epoch, as the windows. */
  readonly #newest: Float64Array;
  readonly #window: Uint32Array;
  /** 1: there is a former key. */
  readonly #hasFormer: Uint8Array;
  /** Which one the last frame was under. */
  readonly #last: Uint8Array;

  constructor(rowCount: number) {
    this.#keys = new Uint8Array(rowCount * KEYS_PER_ROW * KEY_BYTES);
    this.#sendCounter = new Float64Array(rowCount);
    this.#newest = new Float64Array(rowCount * EPOCH_COUNT);
    this.#window = new Uint32Array(rowCount * EPOCH_COUNT * WORDS);
    this.#hasFormer = new Uint8Array(rowCount);
    this.#last = new Uint8Array(rowCount);
  }

  /**
   * `formerKey`: what the neighbour may still send under. What was seen under a key that stays remains seen.
   */
  set(row: number, sendKey: Uint8Array, receiveKey: Uint8Array, formerKey: Uint8Array | undefined): void {
    if (formerKey !== undefined) this.#setFormer(row, formerKey);
    this.#hasFormer[row] = formerKey === undefined ? 0 : 1;
    this.#key(row, 0).set(sendKey);
    this.#key(row, 1).set(receiveKey);
    this.#sendCounter[row] = 0;
    this.#last[row] = Epoch.present;
    this.#unsee(row * EPOCH_COUNT);
  }

  erase(row: number): void {
    this.#hasFormer[row] = 0;
    this.#keys.fill(0, row * KEYS_PER_ROW * KEY_BYTES, (row + 1) * KEYS_PER_ROW * KEY_BYTES);
  }

  are(row: number, sendKey: Uint8Array, receiveKey: Uint8Array): boolean {
    return equalBytes(this.sendKey(row), sendKey) && equalBytes(this.receiveKey(row, 0), receiveKey);
  }

  /** The key that the next frame is probably under, and the other one if there is one. */
  likely(row: number): Epoch {
    return this.#last[row] === Epoch.former ? Epoch.former : Epoch.present;
  }

  unlikely(row: number): Epoch | undefined {
    if (this.#hasFormer[row] === 0) return undefined;
    return this.#last[row] === Epoch.former ? Epoch.present : Epoch.former;
  }

  sendKey(row: number): Uint8Array {
    return this.#key(row, 0);
  }

  receiveKey(row: number, epoch: Epoch): Uint8Array {
    return this.#key(row, 1 + epoch);
  }

  takeCounter(row: number): number {
    const counter = this.#sendCounter[row] ?? 0;
    this.#sendCounter[row] = counter + 1;
    return counter;
  }

  /** The counter that is expected next. */
  expected(row: number, epoch: Epoch): number {
    return (this.#newest[row * EPOCH_COUNT + epoch] ?? -1) + 1;
  }

  /** Marks an authentic counter as seen; false when it was, or is older than the window. */
  accept(row: number, epoch: Epoch, counter: number): boolean {
    const at = row * EPOCH_COUNT + epoch;
    const newest = this.#newest[at] ?? -1;
    if (counter > newest) {
      for (let i = Math.max(newest + 1, counter - WINDOW + 1); i <= counter; i++) this.#mark(at, i, false);
      this.#newest[at] = counter;
    } else if (counter <= newest - WINDOW || this.#isMarked(at, counter)) {
      return false;
    }
    this.#mark(at, counter, true);
    this.#last[row] = epoch;
    return true;
  }

  #setFormer(row: number, key: Uint8Array): void {
    const [from, to] = [row * EPOCH_COUNT, row * EPOCH_COUNT + 1];
    if (equalBytes(this.receiveKey(row, Epoch.present), key)) {
      this.#newest[to] = this.#newest[from] ?? -1;
      this.#window.copyWithin(to * WORDS, from * WORDS, to * WORDS);
    } else if (this.#hasFormer[row] === 0 || !equalBytes(this.receiveKey(row, Epoch.former), key)) {
      this.#unsee(to);
    }
    this.#key(row, 2).set(key);
  }

  #unsee(window: number): void {
    this.#newest[window] = -1;
    this.#window.fill(0, window * WORDS, (window + 1) * WORDS);
  }

  #key(row: number, which: number): Uint8Array {
    const at = (row * KEYS_PER_ROW + which) * KEY_BYTES;
    return this.#keys.subarray(at, at + KEY_BYTES);
  }

  #isMarked(window: number, counter: number): boolean {
    const at = counter % WINDOW;
    return ((this.#window[window * WORDS + (at >> 5)] ?? 0) & (1 << (at & 31))) !== 0;
  }

  #mark(window: number, counter: number, isSeen: boolean): void {
    const at = counter % WINDOW;
    const word = window * WORDS + (at >> 5);
    const bit = 1 << (at & 31);
    this.#window[word] = isSeen ? (this.#window[word] ?? 0) | bit : (this.#window[word] ?? 0) & ~bit;
  }
}
