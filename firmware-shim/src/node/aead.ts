import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { TagLength } from '@fogwisp/protocol';
import { plainArray, requireLength } from './bytes.js';
import { PacketCipher } from './chacha/packet-cipher.js';

const CIPHER = 'chacha20-poly1305';
const NONCE_BYTES = 12;

/** ChaCha20-Poly1305 with any 12-byte nonce (RFC 8439 §2.8) and a tag cut to `tagLength`. */
export interface Aead {
  aeadSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    plain: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array;
  /** `ad`, then what aeadSeal returns, in one array that does not live long. */
  aeadSealPacket(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    plain: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array;
  aeadOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    sealed: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array | undefined;
}

/** Whichever is the faster one for the text at hand; OpenSSL alone where the other does not run. */
export function packetAead(): Aead {
  const openssl = opensslAead();
  const packets = PacketCipher.make();
  if (packets === undefined) return openssl;
  const pick = (ad: Uint8Array, text: Uint8Array): Aead => (packets.takes(ad, text) ? packets : openssl);
  return {
    aeadSeal: (key, nonce, ad, plain, tagLength) =>
      pick(ad, plain).aeadSeal(key, nonce, ad, plain, tagLength),
    aeadSealPacket: (key, nonce, ad, plain, tagLength) =>
      pick(ad, plain).aeadSealPacket(key, nonce, ad, plain, tagLength),
    aeadOpen: (key, nonce, ad, sealed, tagLength) =>
      pick(ad, sealed).aeadOpen(key, nonce, ad, sealed, tagLength),
  };
}

export function opensslAead(): Aead {
  return {
    aeadSeal: (key, nonce, ad, plain, tagLength) =>
      opensslSealPacket(key, nonce, ad, plain, tagLength).subarray(ad.length),
    aeadSealPacket: opensslSealPacket,
    aeadOpen: opensslOpen,
  };
}

function opensslSealPacket(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plain: Uint8Array,
  tagLength: TagLength,
): Uint8Array {
  requireLength(nonce, NONCE_BYTES, 'nonce'); // OpenSSL pads a shorter one
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: tagLength });
  cipher.setAAD(ad, { plaintextLength: plain.length });
  const packet = new Uint8Array(ad.length + plain.length + tagLength);
  packet.set(ad);
  packet.set(cipher.update(plain), ad.length);
  cipher.final();
  packet.set(cipher.getAuthTag(), ad.length + plain.length);
  return packet;
}

function opensslOpen(
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
