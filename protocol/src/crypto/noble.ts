import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { assert } from '../kernel/assert.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { CryptoSuite, TagLength } from './suite.js';

/**
 * The reference suite, in JavaScript alone: it runs on every engine. Its big integers are not constant-time,
 * so a host with native cryptography uses that instead.
 */

const FULL_TAG_BYTES = 16;
const FIRST_BLOCK = 1; // RFC 8439 §2.8: block 0 makes the Poly1305 key

export function nobleSuite(): CryptoSuite {
  return {
    hash: (data) => sha256(data),
    hmac: (key, data) => hmac(sha256, key, data),
    dhKeyPair: (seed) => ({ publicKey: x25519.getPublicKey(seed), secretKey: copyBytes(seed) }),
    dh: sharedSecret,
    signKeyPair: (seed) => ({ publicKey: ed25519.getPublicKey(seed), secretKey: copyBytes(seed) }),
    sign: (secret, message) => ed25519.sign(message, secret),
    verify: (theirs, message, signature) =>
      theirs.length === 32 &&
      signature.length === 64 &&
      ed25519.verify(signature, message, theirs, { zip215: false }),
    dhPublicFromSign: montgomeryOf,
    dhSecretFromSign: (secret) => ed25519.utils.toMontgomerySecret(secret),
    seal: (key, counter, ad, plain, tagLength) => aeadSeal(key, nonceOf(counter), ad, plain, tagLength),
    open: (key, counter, ad, sealed, tagLength) => aeadOpen(key, nonceOf(counter), ad, sealed, tagLength),
  };
}

/** ChaCha20-Poly1305 with any 12-byte nonce (RFC 8439 §2.8) and a tag cut to `tagLength`. */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plain: Uint8Array,
  tagLength: TagLength,
): Uint8Array {
  const sealed = chacha20poly1305(key, nonce, ad).encrypt(plain);
  if (tagLength === FULL_TAG_BYTES) return sealed;
  return copyBytes(sealed.subarray(0, plain.length + tagLength));
}

export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  sealed: Uint8Array,
  tagLength: TagLength,
): Uint8Array | undefined {
  const length = sealed.length - tagLength;
  if (length < 0) return undefined;
  if (tagLength === FULL_TAG_BYTES) return openWhole(key, nonce, ad, sealed);
  // The library opens whole tags only: decrypt, seal again, compare what there is of the tag.
  const plain = chacha20(key, nonce, sealed.subarray(0, length), undefined, FIRST_BLOCK);
  const again = chacha20poly1305(key, nonce, ad).encrypt(plain);
  return equalBytes(again.subarray(length, length + tagLength), sealed.subarray(length)) ? plain : undefined;
}

function openWhole(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const cipher = chacha20poly1305(key, nonce, ad);
  try {
    return cipher.decrypt(sealed);
  } catch {
    return undefined; // the library throws for a wrong tag, and nothing else is left to be wrong here
  }
}

function sharedSecret(secret: Uint8Array, theirs: Uint8Array): Uint8Array | undefined {
  assert(secret.length === 32 && theirs.length === 32, 'X25519 keys have 32 bytes');
  try {
    return x25519.getSharedSecret(secret, theirs);
  } catch {
    return undefined; // the library throws for an all-zero result, and nothing else is left to be wrong here
  }
}

/** u = (1 + y) / (1 - y) (RFC 7748 §4.1), where 1 / 0 = 0. The sign bit of x is ignored. */
function montgomeryOf(coordinate: Uint8Array): Uint8Array {
  assert(coordinate.length === 32, 'a coordinate has 32 bytes');
  const { Fp } = ed25519.Point;
  const y = Fp.create(Fp.fromBytes(fieldBytes(coordinate), true));
  const under = Fp.sub(Fp.ONE, y);
  return Fp.toBytes(Fp.is0(under) ? Fp.ZERO : Fp.div(Fp.add(Fp.ONE, y), under));
}

function fieldBytes(coordinate: Uint8Array): Uint8Array {
  const bytes = copyBytes(coordinate);
  bytes[31] = (coordinate[31] ?? 0) & 0x7f;
  return bytes;
}

/** Noise §12: 32 bits of zeros, then the counter as 64 bits, little endian. */
function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  let rest = counter;
  for (let i = 4; rest > 0; i++) {
    nonce[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return nonce;
}
