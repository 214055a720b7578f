import type { CryptoSuite, KeyPair } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { copyBytes, toHex } from '../kernel/bytes.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { nodeIdOf, nodeKeyOf, shortKeyOf } from './id.js';

/**
 * One key, one id (SPEC §5.1). A node has one Ed25519 key, which handshakes carry; its X25519 key follows
 * from it by the birational map. That map loses the sign of x, so only keys whose sign bit is clear are ever
 * made or accepted: two ids never share one X25519 key.
 */
export interface Identity {
  /** 32 bytes, the secret to be kept; all else follows from it. */
  readonly seed: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 16 bytes, and the same as 32 hexadecimal digits; `short`: the first 16 of them. */
  readonly id: Uint8Array;
  readonly key: NodeKey;
  readonly short: ShortKey;
  /** X25519, by the birational map. */
  readonly dh: KeyPair;
}

export const KEY_BYTES = 32;

/** Each seed has an even chance: this many fail with a broken source of randomness only. */
const SEED_TRY_COUNT_MAX = 128;

/** The y of all points of order 1, 2, 4 and 8: anybody can sign for such a key. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
] as const;

/** A new one: seeds are drawn until the key is acceptable, two on the average. */
export function createIdentity(suite: CryptoSuite, random: Random): Identity {
  let identity: Identity | undefined;
  for (let i = 0; identity === undefined && i < SEED_TRY_COUNT_MAX; i++) {
    identity = identityFromSeed(suite, randomBytes(random, KEY_BYTES));
  }
  assert(identity !== undefined, 'the source of randomness is not broken');
  return identity;
}

/** Undefined when the key of this seed has its sign bit set. */
export function identityFromSeed(suite: CryptoSuite, seed: Uint8Array): Identity | undefined {
  const { publicKey } = suite.signKeyPair(seed);
  if (!isAcceptableKey(publicKey)) return undefined;
  const id = nodeIdOf(suite, publicKey);
  const dh = suite.dhKeyPair(suite.dhSecretFromSign(seed));
  return { seed: copyBytes(seed), publicKey, id, key: nodeKeyOf(id), short: shortKeyOf(id), dh };
}

/** Sign bit clear, canonical, not of small order. Whether it is on the curve, a signature shows. */
export function isAcceptableKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_BYTES || !isCanonical(publicKey)) return false;
  const text = toHex(publicKey);
  return !SMALL_ORDER.some((order) => order === text);
}

/** Little endian and below 2^255 - 19. */
function isCanonical(coordinate: Uint8Array): boolean {
  const top = coordinate[KEY_BYTES - 1] ?? 0;
  if (top !== 0x7f) return top < 0x7f;
  for (let i = KEY_BYTES - 2; i > 0; i--) if (coordinate[i] !== 0xff) return true;
  return (coordinate[0] ?? 0) < 0xed;
}
