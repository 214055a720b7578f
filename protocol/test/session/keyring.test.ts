import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { createNetworkKey } from '../../src/identity/network.js';
import { Keyring } from '../../src/session/keyring.js';
import { TestRandom } from './duo.js';

const COUNT_MAX = 8;
const suite = nobleSuite();
const random = new TestRandom(1);
const self = { suite, identity: createIdentity(suite, random), network: createNetworkKey(suite, random) };
const [first, ...others] = Array.from({ length: 3 * COUNT_MAX }, () => createIdentity(suite, random)) as [
  Identity,
  ...Identity[],
];
const nobody = new Map<string, unknown>();

describe('keys of peers (§7.1, §8.1)', () => {
  it('that were proved stay, however many a beacon names', () => {
    const ring = new Keyring(self, COUNT_MAX);
    ring.learn(first.publicKey, false, nobody);
    for (const { publicKey } of others) ring.learn(publicKey, true, nobody);
    expect(ring.get(first.key)).toEqual(first.publicKey);
    const kept = others.filter(({ key }) => ring.get(key) !== undefined);
    expect(kept).toEqual(others.slice(-(COUNT_MAX - 1)));
  });

  it('that were only named make room for what is proved, and stay once they are', () => {
    const ring = new Keyring(self, COUNT_MAX);
    const [named, proved] = [others.slice(0, COUNT_MAX), others.slice(COUNT_MAX, 2 * COUNT_MAX - 1)];
    for (const { publicKey } of named) ring.learn(publicKey, true, nobody);
    ring.learn((named[3] as Identity).publicKey, false, nobody);
    for (const { publicKey } of proved) ring.learn(publicKey, false, nobody);
    const kept = [...named, ...proved].filter(({ key }) => ring.get(key) !== undefined);
    expect(kept).toEqual([named[3], ...proved]);
  });

  it('of those held never leave, for whatever is proved', () => {
    const ring = new Keyring(self, COUNT_MAX);
    const [held, proved] = [others.slice(0, 3), others.slice(3, 3 + 2 * COUNT_MAX)];
    const sessions = new Map(held.map(({ key }) => [key, true]));
    for (const { publicKey } of [...held, ...proved]) ring.learn(publicKey, false, sessions);
    const kept = [...held, ...proved].filter(({ key }) => ring.get(key) !== undefined);
    expect(kept).toEqual([...held, ...proved.slice(3 - COUNT_MAX)]);
    const all = new Map(kept.map(({ key }) => [key, true]));
    ring.learn(first.publicKey, false, all);
    expect(ring.get(first.key)).toBeUndefined();
  });

  it('that were proved take the last place: then a hint finds none', () => {
    const ring = new Keyring(self, COUNT_MAX);
    const proved = others.slice(0, COUNT_MAX);
    for (const { publicKey } of proved) ring.learn(publicKey, false, nobody);
    ring.learn(first.publicKey, true, nobody);
    expect(ring.get(first.key)).toBeUndefined();
    expect(proved.every(({ key }) => ring.get(key) !== undefined)).toBe(true);
    ring.learn(first.publicKey, false, nobody);
    expect(ring.get(first.key)).toEqual(first.publicKey);
  });
});
