import { writeU32 } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';

/** Short ids are kept as two unsigned 32-bit halves, because typed arrays hold numbers. */

export const SHORT_ID_BYTES = 8;

export function highOf(key: ShortKey): number {
  return Number.parseInt(key.substring(0, 8), 16);
}

export function lowOf(key: ShortKey): number {
  return Number.parseInt(key.substring(8, 16), 16);
}

export function shortIdBytes(high: number, low: number): Uint8Array {
  const bytes = new Uint8Array(SHORT_ID_BYTES);
  writeU32(bytes, 0, high);
  writeU32(bytes, 4, low);
  return bytes;
}

export function shortKey(high: number, low: number): ShortKey {
  return hexOf(high) + hexOf(low);
}

function hexOf(half: number): string {
  return (0x1_0000_0000 + half).toString(16).substring(1);
}
