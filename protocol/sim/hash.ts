import { toHex32 } from './text.js';

const TWO_32 = 0x1_0000_0000;

/** The finalizer of MurmurHash3: every bit of the argument moves every bit of the result. */
export function mix32(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** One byte in front of each value, so that different structures with equal content differ. */
const TAG = {
  undefined: 1,
  null: 2,
  false: 3,
  true: 4,
  number: 5,
  text: 6,
  bytes: 7,
  list: 8,
  record: 9,
} as const;

/**
 * Running MurmurHash3 over 32-bit words. It notices, it does not protect: two runs with equal hashes did the
 * same, in whichever engine.
 */
export class TraceHash {
  #state = 0;
  #words = 0;

  word(word: number): void {
    let scrambled = Math.imul(word, 0xcc9e_2d51);
    scrambled = Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593);
    const state = this.#state ^ scrambled;
    this.#state = (Math.imul((state << 13) | (state >>> 19), 5) + 0xe654_6b64) | 0;
    this.#words++;
  }

  /** A non-negative integer below 2^53. */
  integer(value: number): void {
    this.word(value);
    this.word(Math.floor(value / TWO_32));
  }

  bytes(bytes: Uint8Array): void {
    const length = bytes.length;
    this.word(length);
    let i = 0;
    for (; i + 3 < length; i += 4) {
      const low = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
      this.word(low | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24));
    }
    if (i < length) this.word((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16));
  }

  text(text: string): void {
    this.word(text.length);
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i));
  }

  /** Whatever inputs, outputs and events are made of. Keys count in the order in which they were set. */
  value(value: unknown): void {
    if (value === undefined) return this.word(TAG.undefined);
    if (value === null) return this.word(TAG.null);
    if (typeof value === 'boolean') return this.word(value ? TAG.true : TAG.false);
    if (typeof value === 'number') return this.#number(value);
    if (typeof value === 'string') {
      this.word(TAG.text);
      return this.text(value);
    }
    if (value instanceof Uint8Array) {
      this.word(TAG.bytes);
      return this.bytes(value);
    }
    this.#structure(value);
  }

  /** The hash so far; more may follow. */
  get digest(): number {
    return mix32(this.#state ^ this.#words);
  }

  get hex(): string {
    return toHex32(this.digest);
  }

  #number(value: number): void {
    this.word(TAG.number);
    if (Number.isSafeInteger(value) && value >= 0) return this.integer(value);
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    this.word(view.getUint32(0));
    this.word(view.getUint32(4));
  }

  #structure(value: unknown): void {
    if (Array.isArray(value)) {
      this.word(TAG.list);
      this.word(value.length);
      for (const item of value) this.value(item);
      return;
    }
    const entries = Object.entries(value as object);
    this.word(TAG.record);
    this.word(entries.length);
    for (const [key, item] of entries) {
      this.text(key);
      this.value(item);
    }
  }
}
