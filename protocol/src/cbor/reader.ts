import { EMPTY, readU16, readU32 } from '../kernel/bytes.js';
import { decodeUtf8 } from '../kernel/utf8.js';
import { fromHalf, halfOf, NAN16 } from './half.js';

const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const FLOAT16 = 0xf9;
const FLOAT32 = 0xfa;
const FLOAT64 = 0xfb;

/**
 * Reads a CBOR sequence that must be in deterministic encoding (RFC 8949 §4.2.1): anything longer than
 * needed, indefinite, tagged or reserved fails. Failure is sticky: from then on every read gives 0, '' or
 * nothing at all, so that a decoder looks at `failed` once, at its end. Lengths and counts are held against
 * the bytes that are left, hence a reader allocates no more than its input is long.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** True after a failure as well, so that a loop over items ends. */
  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.#at;
  }

  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#head(0);
    return value <= max ? value : this.#fail();
  }

  int(): number {
    if (this.peekMajor() !== 1) return this.#head(0);
    const value = this.#head(1);
    if (value >= Number.MAX_SAFE_INTEGER) return this.#fail();
    return this.#failed ? 0 : -1 - value;
  }

  /** A view into the input: copy what you keep. */
  bytes(max: number = Number.MAX_SAFE_INTEGER): Uint8Array {
    return this.#string(2, max);
  }

  text(max: number = Number.MAX_SAFE_INTEGER): string {
    const text = decodeUtf8(this.#string(3, max));
    if (text === undefined) this.fail();
    return text ?? '';
  }

  /** How many items follow. */
  array(max: number = Number.MAX_SAFE_INTEGER): number {
    const count = this.#head(4);
    return count <= max && count <= this.remaining ? count : this.#fail();
  }

  /** How many pairs follow. */
  map(max: number = Number.MAX_SAFE_INTEGER): number {
    const count = this.#head(5);
    return count <= max && 2 * count <= this.remaining ? count : this.#fail();
  }

  boolean(): boolean {
    const byte = this.#byte();
    if (byte !== TRUE && byte !== FALSE) this.fail();
    return byte === TRUE;
  }

  /** CBOR's null. */
  nothing(): void {
    if (this.#byte() !== NULL) this.fail();
  }

  float(): number {
    switch (this.#byte()) {
      case FLOAT16: {
        const half = readU16(this.#bytes, this.#take(2));
        const value = fromHalf(half);
        return this.#failed || (Number.isNaN(value) && half !== NAN16) ? this.#fail() : value;
      }
      case FLOAT32: {
        const at = this.#take(4);
        if (this.#failed) return 0;
        const value = this.#view().getFloat32(at);
        const isShort = Number.isNaN(value) || halfOf(readU32(this.#bytes, at)) !== undefined;
        return isShort ? this.#fail() : value;
      }
      case FLOAT64: {
        const at = this.#take(8);
        if (this.#failed) return 0;
        const value = this.#view().getFloat64(at);
        return Number.isNaN(value) || Math.fround(value) === value ? this.#fail() : value;
      }
      default:
        return this.#fail();
    }
  }

  /** The major type of the next item (7: simple values and floats), -1 at the end. */
  peekMajor(): number {
    return this.isAtEnd ? -1 : this.peekByte() >> 5;
  }

  /** The first byte of the next item, -1 at the end. */
  peekByte(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  /** For a caller who finds that what was read means nothing allowed. */
  fail(): void {
    this.#failed = true;
    this.#at = this.#bytes.length;
  }

  #string(major: number, max: number): Uint8Array {
    const length = this.#head(major);
    if (length > max) this.fail();
    const at = this.#take(length);
    return this.#failed ? EMPTY : this.#bytes.subarray(at, at + length);
  }

  #head(major: number): number {
    const first = this.#byte();
    if (first >> 5 !== major) return this.#fail();
    const short = first & 0x1f;
    if (short < 24) return this.#failed ? 0 : short;
    switch (short) {
      case 24:
        return this.#atLeast(24, this.#bytes[this.#take(1)] ?? 0);
      case 25:
        return this.#atLeast(0x100, readU16(this.#bytes, this.#take(2)));
      case 26:
        return this.#atLeast(0x1_0000, readU32(this.#bytes, this.#take(4)));
      case 27: {
        const at = this.#take(8);
        const high = readU32(this.#bytes, at);
        if (high > 0x1f_ffff) return this.#fail(); // 2^53 or more
        return this.#atLeast(0x1_0000_0000, high * 0x1_0000_0000 + readU32(this.#bytes, at + 4));
      }
      default:
        return this.#fail(); // reserved, or an indefinite length
    }
  }

  /** A value below `least` has a shorter encoding. */
  #atLeast(least: number, value: number): number {
    return this.#failed || value < least ? this.#fail() : value;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  /** Passes over `length` bytes and says where they start. */
  #take(length: number): number {
    const at = this.#at;
    if (length > this.remaining) this.fail();
    else this.#at += length;
    return at;
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  }

  #fail(): 0 {
    this.fail();
    return 0;
  }
}
