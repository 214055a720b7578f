import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/identity/identity.js';
import { createNetworkKey } from '../../src/identity/network.js';
import { openLetter, sealLetter } from '../../src/mail/letter.js';
import { testRandom } from '../support/random.js';
import { NETWORK, SUITE } from './office.js';

const random = testRandom(5);
const [ann, ben, eve] = [0, 1, 2].map(() => ({
  suite: SUITE,
  identity: createIdentity(SUITE, random),
  network: NETWORK,
}));
const LETTER = {
  receipt: new Uint8Array(8).fill(7),
  name: 'ann',
  topic: 'level',
  body: new Uint8Array([1, 2, 3]),
};

function parties() {
  if (ann === undefined || ben === undefined || eve === undefined) throw new Error('three take part');
  return { ann, ben, eve };
}

function sealed(id = 9, letter = LETTER): Uint8Array {
  const { ann, ben } = parties();
  const bytes = sealLetter(ann, random, { publicKey: ben.identity.publicKey, id }, letter);
  if (bytes === undefined) throw new Error('it fits');
  return bytes;
}

describe('a letter (SPEC §8.12)', () => {
  it('is opened by its receiver, who knows whom it is from', () => {
    const { ann, ben } = parties();
    const opened = openLetter(ben, ann.identity.short, 9, sealed());
    expect(opened).toEqual({ letter: LETTER, sender: ann.identity.key });
  });

  it('has 96 bytes besides what is in it', () => {
    const text = 1 + 8 + 1 + 3 + 1 + 5 + 1 + 3;
    expect(sealed().length).toBe(96 + text);
  });

  it('is opened by nobody else', () => {
    const { ann, eve } = parties();
    expect(openLetter(eve, ann.identity.short, 9, sealed())).toBeUndefined();
  });

  it('is not from somebody else, not another one, and not of another network', () => {
    const { ann, ben, eve } = parties();
    const bytes = sealed();
    expect(openLetter(ben, eve.identity.short, 9, bytes)).toBeUndefined();
    expect(openLetter(ben, ann.identity.short, 8, bytes)).toBeUndefined();
    const elsewhere = { ...ben, network: createNetworkKey(SUITE, random) };
    expect(openLetter(elsewhere, ann.identity.short, 9, bytes)).toBeUndefined();
  });

  it('is not from her whose id and key another one writes, without her secret', () => {
    const { ann, ben, eve } = parties();
    const pretended = { ...eve, identity: { ...ann.identity, dh: eve.identity.dh } };
    const to = { publicKey: ben.identity.publicKey, id: 9 };
    const forged = sealLetter(pretended, random, to, LETTER);
    expect(forged?.length).toBe(sealed().length);
    expect(openLetter(ben, ann.identity.short, 9, forged ?? new Uint8Array())).toBeUndefined();
  });

  it('that was changed in any byte, or cut off, is none', () => {
    const { ann, ben } = parties();
    const bytes = sealed();
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] as number) ^ 0x10;
      expect(openLetter(ben, ann.identity.short, 9, changed)).toBeUndefined();
      expect(openLetter(ben, ann.identity.short, 9, bytes.subarray(0, at))).toBeUndefined();
    }
  });

  it('is not written when it is too long', () => {
    const { ann, ben } = parties();
    const to = { publicKey: ben.identity.publicKey, id: 1 };
    const long = (length: number) => sealLetter(ann, random, to, { ...LETTER, body: new Uint8Array(length) });
    expect(long(1024 - 96 - 19 - 3)?.length).toBe(1024);
    expect(long(1024 - 96 - 19 - 2)).toBeUndefined();
  });
});
