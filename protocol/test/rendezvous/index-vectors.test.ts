import { nobleSuite } from '@fogwisp/protocol/noble';
import { describe, expect, it } from 'vitest';
import { decodeEntry, signEntry } from '../../src/identity/entry.js';
import { identityFromSeed } from '../../src/identity/identity.js';
import { fromHex, toHex } from '../../src/kernel/bytes.js';
import { keyOf } from '../../src/rendezvous/keys.js';
import { closeness, closest } from '../../src/rendezvous/rank.js';
import vectors from '../../vectors/index.json' with { type: 'json' };

const suite = nobleSuite();

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}

describe('vectors/index.json', () => {
  it.each(vectors.keys)('the key of the $kind $text (§9.6, §9.7)', ({ kind, text, key }) => {
    const network = bytes(vectors.networkKey);
    expect(toHex(keyOf(suite, network, kind === 'name' ? 'name' : 'topic', text))).toBe(key);
  });

  it('closeness (§9.6)', () => {
    const found = vectors.closeness.map(({ key, holder }) => closeness(bytes(key), bytes(holder)));
    expect(found).toEqual(vectors.closeness.map((vector) => vector.closeness));
  });

  it('an index entry, its signature by another implementation (§5.8)', () => {
    const { seed, boot, subject, key, hex, publicKey } = vectors.entry;
    const identity = identityFromSeed(suite, bytes(seed));
    if (identity === undefined) throw new Error('the seed gives an identity');
    const entry = signEntry(suite, identity, { boot, subject, key: bytes(key) });
    expect(toHex(entry)).toBe(hex.join(''));
    const decoded = decodeEntry(entry);
    expect(decoded?.entry).toEqual({ publicKey: bytes(publicKey), boot, subject, key: bytes(key) });
    expect(decoded && suite.verify(bytes(publicKey), decoded.signed, decoded.signature)).toBe(true);
  });

  it('an entry that is cut, longer, or has another length of key is none (§5.8)', () => {
    const whole = bytes(vectors.entry.hex.join(''));
    for (let length = 0; length < whole.length; length++) {
      expect(decodeEntry(whole.subarray(0, length))).toBeUndefined();
    }
    expect(decodeEntry(new Uint8Array([...whole, 0]))).toBeUndefined();
    const [publicKey = '', boot = '', subject = '', key = '', signature = ''] = vectors.entry.hex;
    const short = `${publicKey}${boot}${subject}47${key.substring(4)}${signature}`;
    expect(decodeEntry(bytes(short))).toBeUndefined();
  });
});

describe('rendezvous (§9.6)', () => {
  const ids = vectors.closeness.slice(0, 6).map(({ holder }) => bytes(holder));

  it('spreads keys evenly', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = keyOf(suite, bytes(vectors.networkKey), 'name', `n${i}`);
      for (const holder of closest(key, ids, 3)) {
        const name = toHex(holder);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    for (const count of counts.values()) expect(Math.abs(count - 3000)).toBeLessThan(200);
    expect(counts.size).toBe(6);
  });

  it('moves only what was with who is gone', () => {
    const gone = ids[2] ?? new Uint8Array(8);
    for (let i = 0; i < 300; i++) {
      const key = keyOf(suite, bytes(vectors.networkKey), 'name', `n${i}`);
      const before = closest(key, ids, 3);
      const after = closest(
        key,
        ids.filter((id) => id !== gone),
        3,
      );
      for (const holder of before) if (holder !== gone) expect(after).toContain(holder);
    }
  });
});
