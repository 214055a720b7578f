import type { CryptoSuite } from '@fogwisp/protocol';

/** What a function of the firmware gives: bytes, or nothing. */
export type NativeBytes = ArrayBuffer | undefined;

/**
 * Cryptography of the firmware in C, as its author binds it: byte arrays first, then numbers. Nothing stands
 * for what does not verify or is all zero; `verify` gives an empty buffer when it does. Each throws for a key
 * of the wrong length.
 */
export interface NativeCrypto {
  /** SHA-256, and HMAC with it. */
  hash(bytes: Uint8Array): NativeBytes;
  hmac(key: Uint8Array, bytes: Uint8Array): NativeBytes;
  /** X25519 (RFC 7748). */
  dhPublic(secret: Uint8Array): NativeBytes;
  dh(secret: Uint8Array, theirs: Uint8Array): NativeBytes;
  /** Ed25519 (RFC 8032), secrets as seeds. */
  signPublic(seed: Uint8Array): NativeBytes;
  sign(seed: Uint8Array, message: Uint8Array): NativeBytes;
  verify(theirs: Uint8Array, message: Uint8Array, signature: Uint8Array): NativeBytes;
  /** From Ed25519 to X25519, of any 32 bytes. */
  dhPublicFromSign(theirs: Uint8Array): NativeBytes;
  dhSecretFromSign(seed: Uint8Array): NativeBytes;
  /** ChaCha20-Poly1305 (RFC 8439) with the nonce of Noise §12 and a tag cut to `tagLength`. */
  seal(key: Uint8Array, ad: Uint8Array, plain: Uint8Array, counter: number, tagLength: number): NativeBytes;
  open(key: Uint8Array, ad: Uint8Array, sealed: Uint8Array, counter: number, tagLength: number): NativeBytes;
}

/**
 * The suite of a board whose firmware has the primitives: no key schedule or table ever lies in the JS heap.
 */
export function nativeSuite(native: NativeCrypto): CryptoSuite {
  return {
    hash: (bytes) => some(native.hash(bytes)),
    hmac: (key, bytes) => some(native.hmac(key, bytes)),
    dhKeyPair: (seed) => ({ publicKey: some(native.dhPublic(seed)), secretKey: new Uint8Array(seed) }),
    dh: (secret, theirs) => any(native.dh(secret, theirs)),
    signKeyPair: (seed) => ({ publicKey: some(native.signPublic(seed)), secretKey: new Uint8Array(seed) }),
    sign: (secret, message) => some(native.sign(secret, message)),
    verify: (theirs, message, signature) => native.verify(theirs, message, signature) !== undefined,
    dhPublicFromSign: (theirs) => some(native.dhPublicFromSign(theirs)),
    dhSecretFromSign: (secret) => some(native.dhSecretFromSign(secret)),
    seal: (key, counter, ad, plain, tagLength) => some(native.seal(key, ad, plain, counter, tagLength)),
    open: (key, counter, ad, sealed, tagLength) => any(native.open(key, ad, sealed, counter, tagLength)),
  };
}

function any(bytes: NativeBytes): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}

function some(bytes: NativeBytes): Uint8Array {
  if (bytes === undefined) throw new Error('the firmware gave nothing where there is always a result');
  return new Uint8Array(bytes);
}
