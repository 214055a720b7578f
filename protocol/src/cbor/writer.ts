import { assert } from '../kernel/assert.js';
import { copyBytes, writeU16, writeU32 } from '../kernel/bytes.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { halfOf, NAN16 } from './half.js';

const CAPACITY = 64;
/** From here on a copy costs more than memory for the next content. */
const LARGE_BYTES = 2048;
const HEAD_BYTES_MAX = 9;

const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const FLOAT16 = 0xf9;
const FLOAT32 = 0xfa;
const FLOAT64 = 0xfb;

/**
 * Writes a CBOR sequence in deterministic encoding (RFC 8949 §4.2.1): shortest heads, shortest exact floats,
 * definite lengths. The order of map keys is the caller's.
 */
export class CborWriter {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity: number = CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#at;
  }

  uint(value: number): this {
    return this.#head(0, value);
  }

  int(value: number): this {
    return value < 0 ? this.#head(1, -1 - value) : this.#head(0, value);
  }

  bytes(value: Uint8Array): this {
    return this.#head(2, value.length).raw(value);
  }

  text(value: string): this {
    if (!isAscii(value)) {
      const bytes = encodeUtf8(value);
      return this.#head(3, bytes.length).raw(bytes);
    }
    this.#head(3, value.length);
    this.#reserve(value.length);
    for (let i = 0; i < value.length; i++) this.#bytes[this.#at++] = value.charCodeAt(i);
    return this;
  }

  /** The head of an array; its `length` items follow. */
  array(length: number): this {
    return this.#head(4, length);
  }

  /** The head of a map; `length` pairs follow, sorted by their encoded keys. */
  map(length: number): this {
    return this.#head(5, length);
  }

  boolean(value: boolean): this {
    return this.#byte(value ? TRUE : FALSE);
  }

  /** CBOR's null. */
  nothing(): this {
    return this.#byte(NULL);
  }

  /** The shortest of 16, 32 and 64 bits that is exact; one NaN. */
  float(value: number): this {
    if (Number.isNaN(value)) return this.#float16(NAN16);
    if (Math.fround(value) !== value) {
      this.#byte(FLOAT64).#reserve(8);
      new DataView(this.#bytes.buffer).setFloat64(this.#at, value);
      this.#at += 8;
      return this;
    }
    this.#reserve(5);
    const view = new DataView(this.#bytes.buffer);
    view.setFloat32(this.#at + 1, value); // where it stays unless 16 bits are enough
    const half = halfOf(view.getUint32(this.#at + 1));
    if (half !== undefined) return this.#float16(half);
    this.#bytes[this.#at] = FLOAT32;
    this.#at += 5;
    return this;
  }

  /** Bytes that are CBOR already. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** All that was written, as a view that the next write or `clear` ends. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Starts anew in the same memory. */
  clear(): void {
    this.#at = 0;
  }

  /** All that was written, as an owned copy. */
  finish(): Uint8Array {
    return copyBytes(this.written);
  }

  /** As `finish` and `clear`; what is large leaves with its memory instead of being copied. */
  take(): Uint8Array {
    if (2 * this.#at < this.#bytes.length || this.#at < LARGE_BYTES) {
      const copy = this.finish();
      this.clear();
      return copy;
    }
    const { written } = this;
    this.#bytes = new Uint8Array(CAPACITY);
    this.#at = 0;
    return written;
  }

  #head(major: number, value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'CBOR integers are whole and below 2^53');
    this.#reserve(HEAD_BYTES_MAX);
    const bytes = this.#bytes;
    const at = this.#at;
    const top = major << 5;
    if (value < 24) {
      bytes[at] = top | value;
      this.#at += 1;
    } else if (value < 0x100) {
      bytes[at] = top | 24;
      bytes[at + 1] = value;
      this.#at += 2;
    } else if (value < 0x1_0000) {
      bytes[at] = top | 25;
      writeU16(bytes, at + 1, value);
      this.#at += 3;
    } else if (value < 0x1_0000_0000) {
      bytes[at] = top | 26;
      writeU32(bytes, at + 1, value);
      this.#at += 5;
    } else {
      bytes[at] = top | 27;
      writeU32(bytes, at + 1, Math.floor(value / 0x1_0000_0000));
      writeU32(bytes, at + 5, value % 0x1_0000_0000);
      this.#at += 9;
    }
    return this;
  }

  #float16(half: number): this {
    this.#byte(FLOAT16).#reserve(2);
    writeU16(this.#bytes, this.#at, half);
    this.#at += 2;
    return this;
  }

  #byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}
