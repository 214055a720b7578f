import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { nodeIdOf, nodeKeyOf, shortBytes, shortKeyOf } from '../../src/identity/id.js';
import { createIdentity, identityFromSeed, isAcceptableKey } from '../../src/identity/identity.js';
import { toHex } from '../../src/kernel/bytes.js';
import { testRandom } from '../support/random.js';
import { hex } from '../support/vectors.js';

const suite = nobleSuite();

describe('one key, one id (SPEC §5.1)', () => {
  it('every new key has bit 255 clear, and its X25519 key follows from it', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const identity = createIdentity(suite, testRandom(seed));
      expect((identity.publicKey[31] ?? 0) & 0x80).toBe(0);
      expect(isAcceptableKey(identity.publicKey)).toBe(true);
      expect(suite.dhPublicFromSign(identity.publicKey)).toEqual(identity.dh.publicKey);
    }
  });

  it('a seed gives the same identity again, or none when bit 255 is set', () => {
    const identity = createIdentity(suite, testRandom(3));
    expect(identityFromSeed(suite, identity.seed)).toEqual(identity);
    const outcomes = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => {
      const seed = new Uint8Array(32).fill(i);
      const isClear = (suite.signKeyPair(seed).publicKey[31] ?? 0) < 0x80;
      expect(identityFromSeed(suite, seed) !== undefined).toBe(isClear);
      return isClear;
    });
    expect(new Set(outcomes).size).toBe(2);
  });

  it('gives up on a source of randomness that repeats one bad seed', () => {
    const bad = [1, 2, 3, 4, 5].find(
      (i) => identityFromSeed(suite, new Uint8Array(32).fill(i)) === undefined,
    );
    const random = { fill: (bytes: Uint8Array) => bytes.fill(bad ?? 0) };
    expect(() => createIdentity(suite, random)).toThrow('randomness');
  });

  it('refuses every encoding of a point of small order', () => {
    const order8 = hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
    let point = ed25519.Point.fromBytes(order8);
    for (let i = 0; i < 8; i++, point = point.add(ed25519.Point.fromBytes(order8))) {
      expect(point.isSmallOrder()).toBe(true);
      const bytes = point.toBytes();
      expect(isAcceptableKey(bytes), toHex(bytes)).toBe(false);
      bytes[31] = (bytes[31] ?? 0) & 0x7f;
      expect(isAcceptableKey(bytes), toHex(bytes)).toBe(false);
    }
  });

  it('refuses what is not canonical, and what is not 32 bytes', () => {
    const fromPrime = (last: number) => hex(`${last.toString(16)}${'ff'.repeat(30)}7f`);
    expect(isAcceptableKey(fromPrime(0xeb))).toBe(true);
    for (let last = 0xed; last <= 0xff; last++) expect(isAcceptableKey(fromPrime(last))).toBe(false);
    const { publicKey } = createIdentity(suite, testRandom(1));
    expect(isAcceptableKey(publicKey.subarray(1))).toBe(false);
    const signed = new Uint8Array(publicKey);
    signed[31] = (signed[31] ?? 0) | 0x80;
    expect(isAcceptableKey(signed)).toBe(false);
  });
});

describe('ids (SPEC §5.2)', () => {
  it('are the first 16 bytes of SHA-256 of the key, and 8 of them for forwarding', () => {
    const { publicKey, id, key, short } = createIdentity(suite, testRandom(9));
    expect(toHex(suite.hash(publicKey)).startsWith(key)).toBe(true);
    expect(nodeIdOf(suite, publicKey)).toEqual(id);
    expect(nodeKeyOf(id)).toBe(key);
    expect(key).toHaveLength(32);
    expect(short).toBe(key.slice(0, 16));
    expect(shortKeyOf(key)).toBe(short);
    expect(shortKeyOf(id)).toBe(short);
    expect(shortBytes(short)).toEqual(id.subarray(0, 8));
  });
});
