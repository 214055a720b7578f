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
import * as openssl from '../src/node/aead.js';
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
  aeadConformance(openssl, register, aeadVectors);
  describe('HKDF', () => hkdfVectorTests(node.nodeSuite()));
  describe('Noise', () => noiseVectorTests(node.nodeSuite()));
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
