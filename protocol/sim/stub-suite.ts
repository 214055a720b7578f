import type { CryptoSuite, KeyPair, TagLength } from '@fogwisp/protocol';

/**
 * A suite whose outputs have the sizes of the real one and follow from the same inputs, and that protects
 * nothing: for worlds so large that real primitives would take most of the time. Wrong keys, other
 * associated data and damaged bytes are noticed, as by a checksum. Public keys are secrets,
 * "Diffie-Hellman" is their sum.
 */
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const SEED = 0x811c_9dc5;

export function stubSuite(): CryptoSuite {
  return {
    hash: digestOf,
    hmac: (key, data) => expand(absorb(absorb(SEED ^ 1, key), data), KEY_BYTES),
    dhKeyPair: pairOf,
    dh: (secret, theirs) => expand(absorb(SEED ^ 2, sum(secret, theirs)), KEY_BYTES),
    signKeyPair: (seed) => ({ publicKey: withoutSign(seed), secretKey: new Uint8Array(seed) }),
    sign: (secret, message) => signatureOf(withoutSign(secret), message),
    verify: (theirs, message, signature) => isEqual(signatureOf(theirs, message), signature),
    dhPublicFromSign: (theirs) => new Uint8Array(theirs),
    dhSecretFromSign: withoutSign,
    seal: (key, counter, ad, plain, tagLength) => {
      const sealed = new Uint8Array(plain.length + tagLength);
      sealed.set(plain);
      sealed.set(tagOf(key, counter, ad, plain, tagLength), plain.length);
      return sealed;
    },
    open: (key, counter, ad, sealed, tagLength) => {
      if (sealed.length < tagLength) return undefined;
      const plain = new Uint8Array(sealed.subarray(0, sealed.length - tagLength));
      const tag = sealed.subarray(plain.length);
      return isEqual(tagOf(key, counter, ad, plain, tagLength), tag) ? plain : undefined;
    },
  };
}

function pairOf(seed: Uint8Array): KeyPair {
  return { publicKey: new Uint8Array(seed), secretKey: new Uint8Array(seed) };
}

/** Keys whose sign bit is set are refused by nodes. */
function withoutSign(seed: Uint8Array): Uint8Array {
  const key = new Uint8Array(seed);
  key[KEY_BYTES - 1] = (key[KEY_BYTES - 1] ?? 0) & 0x7f;
  return key;
}

function sum(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES);
  for (let i = 0; i < KEY_BYTES; i++) bytes[i] = (a[i] ?? 0) ^ (b[i] ?? 0);
  return bytes;
}

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return expand(absorb(absorb(SEED ^ 3, publicKey), message), SIGNATURE_BYTES);
}

function tagOf(
  key: Uint8Array,
  counter: number,
  ad: Uint8Array,
  plain: Uint8Array,
  tagLength: TagLength,
): Uint8Array {
  return expand(absorb(absorb(absorb(SEED ^ counter, key), ad), plain), tagLength);
}

/** FNV-1a over words, with the length, which separates what is absorbed one after the other. */
function absorb(state: number, bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = Math.imul(state ^ length, 0x0100_0193);
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const low = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
    const high = ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
    hash = Math.imul(hash ^ low ^ high, 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  for (; i < length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  return hash;
}

/** Two words decide it: one alone would give two of ten thousand nodes the same id too often. */
function digestOf(bytes: Uint8Array): Uint8Array {
  const digest = expand(absorb(SEED, bytes), KEY_BYTES);
  digest.set(expand(absorb(SEED ^ 4, bytes), KEY_BYTES / 2), 4);
  return digest;
}

/** Words that all follow from one. */
function expand(state: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let word = state;
  for (let i = 0; i < length; i++) {
    if ((i & 3) === 0) {
      word = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b) + 0x9e37_79b9;
      word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
      word ^= word >>> 16;
    }
    bytes[i] = word >>> ((i & 3) * 8);
  }
  return bytes;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
