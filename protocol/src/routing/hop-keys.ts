import { equalBytes } from '../kernel/bytes.js';

/**
 * Keys, counters and replay windows of the hop MICs (SPEC §8.4), by neighbour row: 88 B each. Keys are in one
 * array, which small engines hold at a fraction of what an array for each costs.
 */

const KEY_BYTES = 32;
/** Frames may overtake each other by that many. */
const WINDOW = 64;

export class HopKeys {
  readonly #keys: Uint8Array;
  readonly #sendCounter: Float64Array;
  readonly #newest: Float64Array;
  readonly #window: Uint32Array;

  constructor(rowCount: number) {
    this.#keys = new Uint8Array(rowCount * 2 * KEY_BYTES);
    this.#sendCounter = new Float64Array(rowCount);
    this.#newest = new Float64Array(rowCount);
    this.#window = new Uint32Array(rowCount * (WINDOW / 32));
  }

  /** New keys, so their counters start over. */
  set(row: number, sendKey: Uint8Array, receiveKey: Uint8Array): void {
    this.#keys.set(sendKey, row * 2 * KEY_BYTES);
    this.#keys.set(receiveKey, (row * 2 + 1) * KEY_BYTES);
    this.#sendCounter[row] = 0;
    this.#newest[row] = -1;
    this.#window.fill(0, row * 2, row * 2 + 2);
  }

  erase(row: number): void {
    this.#keys.fill(0, row * 2 * KEY_BYTES, (row + 1) * 2 * KEY_BYTES);
  }

  are(row: number, sendKey: Uint8Array, receiveKey: Uint8Array): boolean {
    return equalBytes(this.sendKey(row), sendKey) && equalBytes(this.receiveKey(row), receiveKey);
  }

  sendKey(row: number): Uint8Array {
    return this.#keys.subarray(row * 2 * KEY_BYTES, (row * 2 + 1) * KEY_BYTES);
  }

  receiveKey(row: number): Uint8Array {
    return this.#keys.subarray((row * 2 + 1) * KEY_BYTES, (row + 1) * 2 * KEY_BYTES);
  }

  takeCounter(row: number): number {
    const counter = this.#sendCounter[row] ?? 0;
    this.#sendCounter[row] = counter + 1;
    return counter;
  }

  /** The counter that is expected next. */
  expected(row: number): number {
    return (this.#newest[row] ?? -1) + 1;
  }

  /** Marks an authentic counter as seen; false when it was, or is older than the window. */
  accept(row: number, counter: number): boolean {
    const newest = this.#newest[row] ?? -1;
    if (counter > newest) {
      for (let i = Math.max(newest + 1, counter - WINDOW + 1); i <= counter; i++) this.#mark(row, i, false);
      this.#newest[row] = counter;
    } else if (counter <= newest - WINDOW || this.#isMarked(row, counter)) {
      return false;
    }
    this.#mark(row, counter, true);
    return true;
  }

  #isMarked(row: number, counter: number): boolean {
    const at = counter % WINDOW;
    return ((this.#window[row * 2 + (at >> 5)] ?? 0) & (1 << (at & 31))) !== 0;
  }

  #mark(row: number, counter: number, isSeen: boolean): void {
    const at = counter % WINDOW;
    const word = row * 2 + (at >> 5);
    const bit = 1 << (at & 31);
    this.#window[word] = isSeen ? (this.#window[word] ?? 0) | bit : (this.#window[word] ?? 0) & ~bit;
  }
}
