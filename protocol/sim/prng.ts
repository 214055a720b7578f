import type { Random } from '@fogwisp/protocol';
import { mix32 } from './hash.js';

const TWO_32 = 0x1_0000_0000;

/**
 * The one source of chance in a world: sfc32 (Doty-Humphrey's small fast counting generator), 32-bit integers
 * only, so that every engine draws the same numbers. Streams of one seed are independent of each other.
 */
export class Prng implements Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, stream = 0) {
    this.#a = mix32(seed % TWO_32);
    this.#b = mix32(Math.floor(seed / TWO_32) + 0x9e37_79b9);
    this.#c = mix32(stream + 0x3c6e_f372);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A uniform integer in [0, 2^32). */
  next(): number {
    const drawn = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  }

  /** An integer in [0, below), 0 when `below` is 0. */
  below(below: number): number {
    return Math.floor((this.next() / TWO_32) * below);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with this probability; certain outcomes draw nothing. */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    return probability >= 1 || this.next() < probability * TWO_32;
  }

  /** A multiple of 2^-32 in [0, 1). */
  fraction(): number {
    return this.next() / TWO_32;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  /** Fisher-Yates, in place. */
  shuffle<T>(list: T[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const k = this.below(i + 1);
      [list[i], list[k]] = [list[k] as T, list[i] as T];
    }
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 4) {
      const drawn = this.next();
      bytes[i] = drawn;
      bytes[i + 1] = drawn >>> 8;
      bytes[i + 2] = drawn >>> 16;
      bytes[i + 3] = drawn >>> 24;
    }
  }
}
