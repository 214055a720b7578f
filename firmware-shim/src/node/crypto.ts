import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { CryptoSuite, KeyPair, TagLength } from '@fogwisp/protocol';
import { montgomeryOf } from './birational.js';

/**
 * The suite over node:crypto (OpenSSL): 12 to 30 times faster than the one in JavaScript, and constant-time.
 */

type Curve = 'X25519' | 'Ed25519';

const CIPHER = 'chacha20-poly1305';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const SIGNATURE_BYTES = 64;

/** OpenSSL derives the public key from `d`; the format wants some `x` beside it. */
const UNREAD_X = 'A'.repeat(43);

export function nodeSuite(): CryptoSuite {
  const dhKeys = new PrivateKeys('X25519');
  const signKeys = new PrivateKeys('Ed25519');
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
  requireLength(nonce, NONCE_BYTES, 'nonce'); // OpenSSL pads a shorter one
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: tagLength });
  cipher.setAAD(ad, { plaintextLength: plain.length });
  const sealed = new Uint8Array(plain.length + tagLength);
  sealed.set(cipher.update(plain), 0);
  cipher.final();
  sealed.set(cipher.getAuthTag(), plain.length);
  return sealed;
}

export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  sealed: Uint8Array,
  tagLength: TagLength,
): Uint8Array | undefined {
  requireLength(nonce, NONCE_BYTES, 'nonce');
  const length = sealed.length - tagLength;
  if (length < 0) return undefined;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: tagLength });
  decipher.setAAD(ad, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const plain = plainArray(decipher.update(sealed.subarray(0, length)));
  try {
    decipher.final();
  } catch {
    return undefined; // what final() checks is the tag
  }
  return plain;
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
function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  let rest = counter;
  for (let i = 4; rest > 0; i++) {
    nonce[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return nonce;
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** The same bytes without Buffer's methods, some of which differ from those of Uint8Array. */
function plainArray(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw new RangeError(`a ${what} has ${length} bytes, not ${bytes.length}`);
}
