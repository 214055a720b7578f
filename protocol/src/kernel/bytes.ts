import { assert } from './assert.js';

export const EMPTY: Uint8Array = new Uint8Array(0);

const HEX = '0123456789abcdef';

/** In a time that depends on the lengths only, as far as the engine allows. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Lexicographic order of unsigned bytes, as `Array.prototype.sort` wants it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** An owned copy; `slice` is avoided because one constrained engine returns a plain array from it. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (const byte of bytes) any |= byte;
  return any === 0;
}

/** Two lower-case digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 4);
  let text = '';
  for (let at = 0; at < whole; at += 4) text += hexOfFour(bytes, at);
  for (let at = whole; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    text += String.fromCharCode(digitCode(byte >> 4), digitCode(byte & 15));
  }
  return text;
}

/** At once, as each text on the way to a longer one is garbage. */
function hexOfFour(bytes: Uint8Array, at: number): string {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  return String.fromCharCode(
    digitCode(a >> 4),
    digitCode(a & 15),
    digitCode(b >> 4),
    digitCode(b & 15),
    digitCode(c >> 4),
    digitCode(c & 15),
    digitCode(d >> 4),
    digitCode(d & 15),
  );
}

function digitCode(digit: number): number {
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}

/** Bytes of a hexadecimal text (either case), or undefined when it is not one. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = HEX.indexOf(text.charAt(2 * i).toLowerCase());
    const low = HEX.indexOf(text.charAt(2 * i + 1).toLowerCase());
    if (high < 0 || low < 0) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x1_0000 + readU16(bytes, at + 2);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  assert(at + 2 <= bytes.length, 'a 16-bit write stays inside its array');
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  assert(at + 4 <= bytes.length, 'a 32-bit write stays inside its array');
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
