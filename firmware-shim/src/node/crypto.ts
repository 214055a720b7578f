import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { CryptoSuite, KeyPair } from '@fogwisp/protocol';
import { aeadOpen, aeadSeal } from './aead.js';
import { montgomeryOf } from './birational.js';
import { plainArray, requireLength } from './bytes.js';

/**
 * The suite over node:crypto (OpenSSL): 12 to 30 times faster than the one in JavaScript, and constant-time.
 */

type Curve = 'X25519' | 'Ed25519';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const SIGNATURE_BYTES = 64;

/** OpenSSL derives the public key from `d`; the format wants some `x` beside it. */
const UNREAD_X = 'A'.repeat(43);

/** By OpenSSL, and constant-time where that is. */
export function nodeSuite(): CryptoSuite {
  const dhKeys = new PrivateKeys('X25519');
  const signKeys = new PrivateKeys('Ed25519');
  const nonce = new Uint8Array(NONCE_BYTES);
  return {
    hash: (data) => plainArray(createHash('sha256').update(data).digest()),
    hmac: (key, data) => plainArray(createHmac('sha256', key).update(data).digest()),
    dhKeyPair: (seed) => dhKeys.pairOf(seed),
    dh: (secret, theirs) => sharedSecret(dhKeys.of(secret), theirs),
    signKeyPair: (seed) => signKeys.pairOf(seed),
    sign: (secret, message) => plainArray(sign(null, message, signKeys.of(secret))),
    verify: (theirs, message, signature) =>
      theirs.length === KEY_BYTES &&
      signature.length === SIGNATURE_BYTES &&
      verify(null, message, publicKeyOf('Ed25519', theirs), signature),
    dhPublicFromSign: montgomeryOf,
    dhSecretFromSign,
    seal: (key, counter, ad, plain, tagLength) => {
      writeCounter(nonce, counter);
      return aeadSeal(key, nonce, ad, plain, tagLength);
    },
    open: (key, counter, ad, sealed, tagLength) => {
      writeCounter(nonce, counter);
      return aeadOpen(key, nonce, ad, sealed, tagLength);
    },
  };
}

/**
 * Key objects by the array that holds the secret, for as long as the array lives: making one costs as much as
 * using it. Its bytes are compared, since nothing forbids the owner to write to it.
 */
class PrivateKeys {
  readonly #curve: Curve;
  readonly #known = new WeakMap<Uint8Array, { readonly secret: Uint8Array; readonly key: KeyObject }>();

  constructor(curve: Curve) {
    this.#curve = curve;
  }

  of(secret: Uint8Array): KeyObject {
    const known = this.#known.get(secret);
    if (known !== undefined && Buffer.compare(known.secret, secret) === 0) return known.key;
    requireLength(secret, KEY_BYTES, 'secret');
    const key = createPrivateKey({
      key: { kty: 'OKP', crv: this.#curve, d: base64Url(secret), x: UNREAD_X },
      format: 'jwk',
    });
    this.#known.set(secret, { secret: new Uint8Array(secret), key });
    return key;
  }

  pairOf(seed: Uint8Array): KeyPair {
    const secretKey = new Uint8Array(seed);
    const { x } = createPublicKey(this.of(secretKey)).export({ format: 'jwk' });
    return { publicKey: new Uint8Array(Buffer.from(x ?? '', 'base64url')), secretKey };
  }
}

function sharedSecret(privateKey: KeyObject, theirs: Uint8Array): Uint8Array | undefined {
  const publicKey = publicKeyOf('X25519', theirs);
  try {
    return plainArray(diffieHellman({ privateKey, publicKey }));
  } catch {
    return undefined; // OpenSSL refuses an all-zero result, and nothing else is left to be wrong here
  }
}

function publicKeyOf(curve: Curve, key: Uint8Array): KeyObject {
  requireLength(key, KEY_BYTES, 'public key');
  return createPublicKey({ key: { kty: 'OKP', crv: curve, x: base64Url(key) }, format: 'jwk' });
}

function dhSecretFromSign(secret: Uint8Array): Uint8Array {
  const half = new Uint8Array(createHash('sha512').update(secret).digest().subarray(0, KEY_BYTES));
  half[0] = (half[0] ?? 0) & 0xf8;
  half[31] = ((half[31] ?? 0) & 0x7f) | 0x40;
  return half;
}

/** Noise §12: 32 bits of zeros, then the counter as 64 bits, little endian. */
function writeCounter(nonce: Uint8Array, counter: number): void {
  let rest = counter;
  for (let i = 4; i < NONCE_BYTES; i++) {
    nonce[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
