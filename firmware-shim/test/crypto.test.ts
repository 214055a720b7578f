import { equalBytes } from '@fogwisp/protocol';
import * as noble from '@fogwisp/protocol/noble';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hkdfVectorTests } from '../../protocol/test/crypto/hkdf-vectors.js';
import { signingStaticTests } from '../../protocol/test/crypto/noise-signing.js';
import { noiseVectorTests } from '../../protocol/test/crypto/noise-vectors.js';
import { readVectors } from '../../protocol/test/support/vectors.js';
import {
  type AeadVector,
  aeadConformance,
  cryptoConformance,
  type DhVector,
  type SignatureVector,
} from '../src/conformance/crypto.js';
import { opensslAead, packetAead } from '../src/node/aead.js';
import { PacketCipher } from '../src/node/chacha/packet-cipher.js';
import * as node from '../src/node/crypto.js';

const register = { describe, it };
const vectors = {
  dh: readVectors<DhVector>('wycheproof-x25519.json'),
  signature: readVectors<SignatureVector>('wycheproof-ed25519.json'),
};
const aeadVectors = readVectors<AeadVector>('wycheproof-chacha20-poly1305.json');

describe('nobleSuite', () => {
  cryptoConformance(noble.nobleSuite, register, vectors);
  aeadConformance(noble, register, aeadVectors);
});

describe('nodeSuite', () => {
  cryptoConformance(node.nodeSuite, register, vectors);
  describe('by OpenSSL', () => aeadConformance(opensslAead(), register, aeadVectors));
  describe('by whichever is the faster one', () => aeadConformance(packetAead(), register, aeadVectors));
  describe('HKDF', () => hkdfVectorTests(node.nodeSuite()));
  describe('Noise', () => noiseVectorTests(node.nodeSuite()));
});

describe('the cipher for packets', () => {
  const cipher = PacketCipher.make();
  const openssl = opensslAead();

  it('runs on every Node that we name', () => expect(cipher).toBeDefined());
  if (cipher === undefined) return;

  it('seals and opens as OpenSSL does, whatever the lengths', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 });
    const ad = fc.uint8Array({ maxLength: 80 });
    const text = fc.uint8Array({ maxLength: 1400, size: 'max' });
    const tagLength = fc.constantFrom(16, 8, 4);
    fc.assert(
      fc.property(key, nonce, ad, text, tagLength, fc.nat(), (k, n, a, plain, length, flip) => {
        const sealed = openssl.aeadSeal(k, n, a, plain, length);
        expect(equalBytes(cipher.aeadSeal(k, n, a, plain, length), sealed)).toBe(true);
        const packet = openssl.aeadSealPacket(k, n, a, plain, length);
        expect(equalBytes(cipher.aeadSealPacket(k, n, a, plain, length), packet)).toBe(true);
        expect(equalBytes(packet.subarray(a.length), sealed)).toBe(true);
        expect(equalBytes(cipher.aeadOpen(k, n, a, sealed, length) ?? new Uint8Array(1), plain)).toBe(true);
        const at = flip % sealed.length;
        sealed[at] = (sealed[at] ?? 0) ^ (1 << (flip % 8));
        expect(cipher.aeadOpen(k, n, a, sealed, length)).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it('takes what a packet holds, to the last byte, and leaves the rest to OpenSSL', () => {
    const [key, nonce] = [new Uint8Array(32).fill(0xff), new Uint8Array(12).fill(0xff)];
    const filled = (length: number) => new Uint8Array(length).fill(0xff);
    for (const [ad, text] of [
      [filled(4096), filled(4096)],
      [filled(16), filled(4097)],
      [filled(4097), filled(0)],
    ] as const) {
      expect(cipher.takes(ad, text)).toBe(ad.length <= 4096 && text.length <= 4096);
      const sealed = openssl.aeadSeal(key, nonce, ad, text, 16);
      expect(equalBytes(packetAead().aeadSeal(key, nonce, ad, text, 16), sealed)).toBe(true);
      expect(equalBytes(packetAead().aeadOpen(key, nonce, ad, sealed, 16) ?? filled(1), text)).toBe(true);
    }
  });

  it('gives each packet bytes of its own', () => {
    const [key, nonce, ad] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(5)];
    const texts = Array.from({ length: 200 }, (_, i) => new Uint8Array(i * 7).fill(i));
    const packets = texts.map((text) => cipher.aeadSealPacket(key, nonce, ad, text, 16));
    for (const [i, packet] of packets.entries()) {
      const text = texts[i] ?? ad;
      expect(equalBytes(packet, openssl.aeadSealPacket(key, nonce, ad, text, 16))).toBe(true);
    }
  });

  it('refuses a key or nonce of another length', () => {
    const [key, nonce, text] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(1)];
    expect(() => cipher.aeadSeal(key.subarray(1), nonce, text, text, 16)).toThrow(RangeError);
    expect(() => cipher.aeadSeal(key, nonce.subarray(1), text, text, 16)).toThrow(RangeError);
  });
});

describe('the two suites', () => {
  const [a, b] = [noble.nobleSuite(), node.nodeSuite()];
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const some = fc.uint8Array({ maxLength: 200 });
  const tagLength = fc.constantFrom(16, 8, 4);

  it('map any 32 bytes from the one curve to the other alike', () => {
    fc.assert(
      fc.property(bytes32, (bytes) => {
        expect(a.dhPublicFromSign(bytes)).toEqual(b.dhPublicFromSign(bytes));
        expect(a.dhSecretFromSign(bytes)).toEqual(b.dhSecretFromSign(bytes));
      }),
    );
  });

  it('agree on any shared secret', () => {
    fc.assert(
      fc.property(bytes32, bytes32, (secret, theirs) => {
        expect(a.dh(secret, theirs)).toEqual(b.dh(secret, theirs));
      }),
      { numRuns: 30 },
    );
  });

  it('seal alike and open what the other sealed', () => {
    fc.assert(
      fc.property(bytes32, fc.maxSafeNat(), some, some, tagLength, (key, counter, ad, plain, length) => {
        const sealed = a.seal(key, counter, ad, plain, length);
        expect(equalBytes(sealed, b.seal(key, counter, ad, plain, length))).toBe(true);
        expect(b.open(key, counter, ad, sealed, length)).toEqual(plain);
        expect(a.open(key, counter, ad, sealed, length)).toEqual(plain);
      }),
    );
  });

  it('sign alike and verify what the other signed', () => {
    fc.assert(
      fc.property(bytes32, some, (seed, message) => {
        const pair = a.signKeyPair(seed);
        expect(b.signKeyPair(seed)).toEqual(pair);
        const signature = a.sign(seed, message);
        expect(b.sign(seed, message)).toEqual(signature);
        expect(b.verify(pair.publicKey, message, signature)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  describe('shake hands with Ed25519 static keys', () => {
    describe('noble to node', () => signingStaticTests(a, b));
    describe('node to noble', () => signingStaticTests(b, a));
    describe('node to node', () => signingStaticTests(b, b));
  });

  it('return plain byte arrays, never a Buffer', () => {
    const made = [
      b.hash(aeadKey()),
      b.hmac(aeadKey(), aeadKey()),
      b.seal(aeadKey(), 0, aeadKey(), aeadKey(), 8),
    ];
    for (const bytes of made) expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  });
});

function aeadKey(): Uint8Array {
  return new Uint8Array(32);
}
