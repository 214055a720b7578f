/** 32 bytes each. Of X25519, or of Ed25519, where the secret key is the seed. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Poly1305 tag lengths in use: sessions, sessions on short links, hop MICs (SPEC §3.4). */
export type TagLength = 16 | 8 | 4;

/**
 * The primitives under everything, all synchronous; the suite holds neither keys nor randomness. Arguments
 * are raw bytes: X25519 keys and Ed25519 public keys 32 B, Ed25519 secrets are the 32 B seed of RFC 8032,
 * signatures 64 B.
 */
export interface CryptoSuite {
  /** SHA-256 (FIPS 180-4). */
  hash(data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104), 32 B. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** X25519 key pair (RFC 7748) whose secret is `seed`. */
  dhKeyPair(seed: Uint8Array): KeyPair;
  /** X25519 shared secret; undefined when it is all zero (a point of small order). */
  dh(secret: Uint8Array, theirs: Uint8Array): Uint8Array | undefined;
  /** Ed25519 key pair (RFC 8032) of a 32-byte seed; secretKey is the seed. */
  signKeyPair(seed: Uint8Array): KeyPair;
  /** Ed25519, 64 B; `secret` is the seed. */
  sign(secret: Uint8Array, message: Uint8Array): Uint8Array;
  /**
   * Implementations differ on keys of small order or not canonical: callers refuse those first (SPEC §5.1).
   */
  verify(theirs: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The X25519 public key of an Ed25519 one by the birational map (RFC 7748 §4.1); total: never throws. */
  dhPublicFromSign(theirs: Uint8Array): Uint8Array;
  /** The X25519 secret of an Ed25519 seed: the clamped first half of its SHA-512 (RFC 8032 §5.1.5). */
  dhSecretFromSign(secret: Uint8Array): Uint8Array;
  /**
   * ChaCha20-Poly1305 (RFC 8439) with the Noise nonce: 4 zero bytes, then `counter` as 64-bit little endian.
   * Returns ciphertext and tag; a tag shorter than 16 is its truncation.
   */
  seal(key: Uint8Array, counter: number, ad: Uint8Array, plain: Uint8Array, tagLength: TagLength): Uint8Array;
  /** The plaintext, or undefined when the tag does not verify. */
  open(
    key: Uint8Array,
    counter: number,
    ad: Uint8Array,
    sealed: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array | undefined;
}
