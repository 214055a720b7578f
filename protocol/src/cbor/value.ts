import { compareBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { CborReader } from './reader.js';
import { CborWriter } from './writer.js';

/**
 * What applications put into bodies (SPEC §2.3): JSON's values, and byte strings. One value has one encoding:
 * map keys are text in the order of their encoded bytes (RFC 8949 §4.2.1), and a number that is a safe
 * integer other than -0 is an integer, never a float.
 */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

/** Arrays and maps inside each other; recursion goes no deeper. */
const DEPTH_MAX = 8;
/** Items in all, keys and containers included: 1024 x 64 B = 64 kB, texts and bytes apart. */
const ITEM_COUNT_MAX = 1024;

/**
 * The one encoding of a value, at most 8 levels and 1024 items of it. Throws UsageError `notEncodable` for
 * what is none: undefined, functions, objects of a class, half a surrogate pair.
 */
export function encodeValue(value: CborValue): Uint8Array {
  const encoder = new ValueEncoder();
  encoder.encode(value, 0);
  return encoder.finish();
}

/** Exactly one item; byte strings in the result are owned. */
export function decodeValue(
  bytes: Uint8Array,
): { readonly ok: true; readonly value: CborValue } | { readonly ok: false } {
  const decoder = new ValueDecoder(bytes);
  const value = decoder.decode(0);
  return decoder.isComplete ? { ok: true, value } : { ok: false };
}

class ValueEncoder {
  readonly #writer = new CborWriter();
  #itemCount = 0;

  encode(value: unknown, depth: number): void {
    this.#count();
    if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#writer.text(wellFormed(value));
    else if (typeof value === 'boolean') this.#writer.boolean(value);
    else if (value === null) this.#writer.nothing();
    else if (value instanceof Uint8Array) this.#writer.bytes(value);
    else if (depth === DEPTH_MAX) throw notEncodable(`more than ${DEPTH_MAX} levels, or a cycle`);
    else if (Array.isArray(value)) this.#array(value, depth + 1);
    else if (isPlainObject(value)) this.#map(value, depth + 1);
    else throw notEncodable(typeof value === 'object' ? 'an object of a class' : typeof value);
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }

  #number(value: number): void {
    if (isInteger(value)) this.#writer.int(value);
    else this.#writer.float(value);
  }

  #array(items: readonly unknown[], depth: number): void {
    this.#writer.array(items.length);
    for (const item of items) this.encode(item, depth);
  }

  #map(value: { readonly [key: string]: unknown }, depth: number): void {
    const keys = Object.keys(value).map((key) => ({ key, bytes: encodeUtf8(wellFormed(key)) }));
    // The head of a text says its length, so the order of encoded keys is by length first.
    keys.sort((a, b) => a.bytes.length - b.bytes.length || compareBytes(a.bytes, b.bytes));
    this.#writer.map(keys.length);
    for (const { key } of keys) {
      this.#count();
      this.#writer.text(key);
      this.encode(value[key], depth);
    }
  }

  #count(): void {
    if (++this.#itemCount > ITEM_COUNT_MAX) throw notEncodable(`more than ${ITEM_COUNT_MAX} items`);
  }
}

class ValueDecoder {
  readonly #bytes: Uint8Array;
  readonly #reader: CborReader;
  #itemCount = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new CborReader(bytes);
  }

  get isComplete(): boolean {
    return !this.#reader.failed && this.#reader.isAtEnd;
  }

  decode(depth: number): CborValue {
    this.#count(1);
    const reader = this.#reader;
    switch (reader.peekMajor()) {
      case 0:
      case 1:
        return reader.int();
      case 2:
        return copyBytes(reader.bytes());
      case 3:
        return reader.text();
      case 4:
        return this.#array(depth + 1);
      case 5:
        return this.#map(depth + 1);
      case 7:
        return this.#simple();
      default:
        reader.fail();
        return null;
    }
  }

  #array(depth: number): CborValue {
    const items: CborValue[] = [];
    const count = this.#enter(this.#reader.array(ITEM_COUNT_MAX), depth);
    for (let i = 0; i < count && !this.#reader.failed; i++) items.push(this.decode(depth));
    return items;
  }

  #map(depth: number): CborValue {
    const entries: [string, CborValue][] = [];
    const count = this.#enter(this.#reader.map(ITEM_COUNT_MAX), depth);
    let previous = EMPTY;
    for (let i = 0; i < count && !this.#reader.failed; i++) {
      this.#count(1);
      const start = this.#reader.position;
      const key = this.#reader.text();
      const encoded = this.#bytes.subarray(start, this.#reader.position);
      if (compareBytes(previous, encoded) >= 0) this.#reader.fail(); // a duplicate, or out of order
      previous = encoded;
      entries.push([key, this.decode(depth)]);
    }
    return Object.fromEntries(entries); // makes own properties only, '__proto__' included
  }

  #simple(): CborValue {
    switch (this.#reader.peekByte()) {
      case 0xf4:
      case 0xf5:
        return this.#reader.boolean();
      case 0xf6:
        this.#reader.nothing();
        return null;
      default: {
        const value = this.#reader.float();
        if (isInteger(value)) this.#reader.fail(); // has an integer's encoding
        return value;
      }
    }
  }

  #enter(count: number, depth: number): number {
    if (depth > DEPTH_MAX) this.#reader.fail();
    return this.#reader.failed ? 0 : count;
  }

  #count(items: number): void {
    this.#itemCount += items;
    if (this.#itemCount > ITEM_COUNT_MAX) this.#reader.fail();
  }
}

function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function isPlainObject(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A lone surrogate has no UTF-8, and replacing it could make two keys one. */
function wellFormed(text: string): string {
  if (/[\ud800-\udfff]/u.test(text)) throw notEncodable('a text with half a surrogate pair');
  return text;
}

function notEncodable(what: string): UsageError {
  return new UsageError('notEncodable', `not a value that CBOR can carry here: ${what}`);
}
