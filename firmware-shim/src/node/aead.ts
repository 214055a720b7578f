import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { TagLength } from '@fogwisp/protocol';
import { plainArray, requireLength, uninitialized } from './bytes.js';

/** ChaCha20-Poly1305 (RFC 8439 §2.8) by OpenSSL, with any 12-byte nonce and a tag cut to `tagLength`. */

const CIPHER = 'chacha20-poly1305';
const NONCE_BYTES = 12;

/** Ciphertext and tag, behind `before` bytes that the caller writes. */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plain: Uint8Array,
  tagLength: TagLength,
  before = 0,
): Uint8Array {
  requireLength(nonce, NONCE_BYTES, 'nonce'); // OpenSSL pads a shorter one
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: tagLength });
  cipher.setAAD(ad, { plaintextLength: plain.length });
  const sealed = uninitialized(before + plain.length + tagLength);
  sealed.set(cipher.update(plain), before);
  cipher.final();
  sealed.set(cipher.getAuthTag(), before + plain.length);
  return sealed;
}

/** The plaintext, or undefined when the tag does not verify. */
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
