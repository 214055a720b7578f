import type { CryptoSuite, KeyPair, TagLength } from '../../src/crypto/suite.js';

/**
 * The shape of the real suite without its cost, for runs of millions of packets: equal sizes, both ends
 * agree, and a changed bit is noticed. It keeps no secret from anybody.
 */

/** Least prime above 2^25: products of two numbers below it are exact. */
const PRIME = 33_554_467;
const BASE = 5;
const KEY_BYTES = 32;

/** Four 32-bit words that depend on every byte. */
class Mix {
  a = 0x243f_6a88;
  b = 0x85a3_08d3;
  #count = 0;

  bytes(bytes: Uint8Array): this {
    for (let i = 0; i < bytes.length; i++) this.word(bytes[i] as number);
    return this.word(bytes.length + 0x100);
  }

  word(value: number): this {
    this.a = Math.imul(this.a ^ value, 0x9e37_79b1);
    this.b = Math.imul((this.b ^ this.a) + this.#count++, 0x85eb_ca6b);
    this.a ^= this.b >>> 15;
    return this;
  }

  finish(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) {
      this.word(i);
      bytes[i] = this.b;
      bytes[i + 1] = this.b >>> 8;
      bytes[i + 2] = this.b >>> 16;
      bytes[i + 3] = this.b >>> 24;
    }
    return bytes;
  }
}

function numberOf(key: Uint8Array): number {
  return ((key[0] ?? 0) | ((key[1] ?? 0) << 8) | ((key[2] ?? 0) << 16)) % PRIME;
}

/** base ^ exponent modulo PRIME. */
function power(base: number, exponent: number): number {
  let result = 1;
  let square = base % PRIME;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}

/** A group element as a key: the number, then bytes that follow from it; acceptable as an Ed25519 key. */
function elementBytes(element: number): Uint8Array {
  const bytes = new Mix().word(element).finish(KEY_BYTES);
  for (let i = 0; i < 4; i++) bytes[i] = element >>> (8 * i);
  bytes[KEY_BYTES - 1] = 0x11;
  return bytes;
}

function elementOf(key: Uint8Array): number {
  let element = 0;
  for (let i = 3; i >= 0; i--) element = element * 256 + (key[i] ?? 0);
  return element % PRIME;
}

function dhKeyPair(seed: Uint8Array): KeyPair {
  return { publicKey: elementBytes(power(BASE, numberOf(seed))), secretKey: new Uint8Array(seed) };
}

function sealTag(
  key: Uint8Array,
  counter: number,
  ad: Uint8Array,
  plain: Uint8Array,
  tagLength: TagLength,
): Uint8Array {
  return new Mix().bytes(key).word(counter).bytes(ad).bytes(plain).finish(tagLength);
}

export function stubSuite(): CryptoSuite {
  return {
    hash: (data) => new Mix().bytes(data).finish(32),
    hmac: (key, data) => new Mix().bytes(key).bytes(data).finish(32),
    dhKeyPair,
    dh(secret, theirs) {
      const element = power(elementOf(theirs), numberOf(secret));
      return element === 0 ? undefined : elementBytes(element);
    },
    signKeyPair: dhKeyPair,
    sign: (secret, message) => signatureOf(dhKeyPair(secret).publicKey, message),
    verify: (theirs, message, signature) => signatureOf(theirs, message).every((b, i) => b === signature[i]),
    dhPublicFromSign: (theirs) => new Uint8Array(theirs),
    dhSecretFromSign: (seed) => new Uint8Array(seed),
    seal(key, counter, ad, plain, tagLength) {
      const sealed = new Uint8Array(plain.length + tagLength);
      sealed.set(plain);
      sealed.set(sealTag(key, counter, ad, plain, tagLength), plain.length);
      return sealed;
    },
    open(key, counter, ad, sealed, tagLength) {
      const end = sealed.length - tagLength;
      if (end < 0) return undefined;
      const plain = new Uint8Array(sealed.subarray(0, end));
      const tag = sealTag(key, counter, ad, plain, tagLength);
      for (let i = 0; i < tagLength; i++) if (tag[i] !== sealed[end + i]) return undefined;
      return plain;
    },
  };
}

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return new Mix().bytes(publicKey).bytes(message).finish(64);
}
