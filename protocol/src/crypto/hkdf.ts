import { assert } from '../kernel/assert.js';
import { EMPTY } from '../kernel/bytes.js';
import type { CryptoSuite } from './suite.js';

const HASH_BYTES = 32;
const BLOCK_COUNT_MAX = 255; // RFC 5869 §2.3: the block number is one byte

/**
 * HKDF as in Noise §4.3: extract with the chaining key, expand with empty info into 2 or 3 outputs of 32 B.
 */
export function hkdf(
  suite: CryptoSuite,
  salt: Uint8Array,
  input: Uint8Array,
  count: 2,
): readonly [Uint8Array, Uint8Array];
export function hkdf(
  suite: CryptoSuite,
  salt: Uint8Array,
  input: Uint8Array,
  count: 3,
): readonly [Uint8Array, Uint8Array, Uint8Array];
export function hkdf(
  suite: CryptoSuite,
  salt: Uint8Array,
  input: Uint8Array,
  count: 2 | 3,
): readonly Uint8Array[] {
  const key = suite.hmac(salt, input);
  const first = suite.hmac(key, block(EMPTY, EMPTY, 1));
  const second = suite.hmac(key, block(first, EMPTY, 2));
  if (count === 2) return [first, second];
  return [first, second, suite.hmac(key, block(second, EMPTY, 3))];
}

/** HKDF-Expand (RFC 5869 §2.3). HKDF-Extract is `suite.hmac(salt, input)`. */
export function hkdfExpand(
  suite: CryptoSuite,
  key: Uint8Array,
  purpose: Uint8Array,
  length: number,
): Uint8Array {
  assert(length <= BLOCK_COUNT_MAX * HASH_BYTES, 'HKDF gives at most 255 blocks');
  const output = new Uint8Array(length);
  let previous = EMPTY;
  for (let at = 0, number = 1; at < length; at += HASH_BYTES, number++) {
    previous = suite.hmac(key, block(previous, purpose, number));
    output.set(previous.subarray(0, Math.min(HASH_BYTES, length - at)), at);
  }
  return output;
}

function block(previous: Uint8Array, purpose: Uint8Array, number: number): Uint8Array {
  const bytes = new Uint8Array(previous.length + purpose.length + 1);
  bytes.set(previous, 0);
  bytes.set(purpose, previous.length);
  bytes[bytes.length - 1] = number;
  return bytes;
}
