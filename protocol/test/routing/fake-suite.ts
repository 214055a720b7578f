import type { CryptoSuite } from '../../src/crypto/suite.js';
import type { LinkInfo } from '../../src/kernel/link.js';

function refuse(): never {
  throw new Error('routing needs seal only');
}

/** Keyed FNV-1a in place of the AEAD: routing only seals the empty text. */
export const fakeSuite: CryptoSuite = {
  hash: refuse,
  hmac: refuse,
  dhKeyPair: refuse,
  dh: refuse,
  signKeyPair: refuse,
  sign: refuse,
  verify: refuse,
  dhPublicFromSign: refuse,
  dhSecretFromSign: refuse,
  seal(key, counter, ad, _plain, tagLength) {
    let hash = 0x811c9dc5 ^ counter;
    for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
    for (const byte of ad) hash = Math.imul(hash ^ byte, 0x01000193);
    const tag = new Uint8Array(tagLength);
    for (let i = 0; i < tagLength; i++) tag[i] = hash >>> ((i & 3) * 8);
    return tag;
  },
  open: refuse,
};

export const LAN: LinkInfo = {
  kind: 'lan',
  name: 'eth0',
  mtu: 1400,
  flow: 'datagram',
  cast: 'broadcast',
  reliable: false,
  bitrate: 0,
};
