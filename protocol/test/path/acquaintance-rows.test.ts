import { Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { ACQUAINTANCE_COUNT_MAX, AcquaintanceRows } from '../../src/path/acquaintance-rows.js';

const suite = nobleSuite();

function key(number: number): string {
  return number.toString(16).padStart(32, '0');
}

/** Its short id is the first half of the key. */
function met(rows: AcquaintanceRows, number: number, address: string, isOpen = false): boolean {
  const peer = `${number.toString(16).padStart(16, '0')}${'ab'.repeat(8)}`;
  return rows.met({ peer, address, isOpen, isLan: false, seenAt: 1_800_000_000 + number });
}

function addresses(rows: AcquaintanceRows): string[] {
  return Array.from({ length: rows.count }, (_, i) => rows.row(i).address);
}

describe('addresses of peers (SPEC §8.1)', () => {
  it('have who was met last first, and are the same after a restart', () => {
    const rows = new AcquaintanceRows(suite, undefined);
    expect(met(rows, 1, '203.0.113.1:4747')).toBe(true);
    expect(met(rows, 2, '[2001:db8::7]:4747', true)).toBe(true);
    expect(met(rows, 1, '203.0.113.1:4747')).toBe(false);
    expect(addresses(rows)).toEqual(['203.0.113.1:4747', '[2001:db8::7]:4747']);
    const restored = new AcquaintanceRows(suite, rows.encode());
    expect([restored.row(0), restored.row(1)]).toEqual([rows.row(0), rows.row(1)]);
    expect(restored.row(1)).toMatchObject({ isOpen: true, hasWorked: true, seenAt: 1_800_000_002 });
  });

  it('are dropped whole when a byte of them is not as it was stored', () => {
    const rows = new AcquaintanceRows(suite, undefined);
    for (let i = 0; i < 5; i++) met(rows, i, `203.0.${i}.1:4747`);
    const stored = rows.encode();
    expect(new AcquaintanceRows(suite, stored).count).toBe(5);
    for (let i = 0; i < stored.length; i++) {
      const changed = new Uint8Array(stored);
      changed[i] = (changed[i] as number) ^ 0x40;
      expect(new AcquaintanceRows(suite, changed).count, `byte ${i} changed`).toBe(0);
      expect(new AcquaintanceRows(suite, stored.subarray(0, i)).count, `cut at ${i}`).toBe(0);
    }
  });

  it('are at most 32 in a page of the store, and of no network more than 4', () => {
    const rows = new AcquaintanceRows(suite, undefined);
    for (let i = 0; i < 9; i++) met(rows, i, `203.0.113.${i + 1}:4747`);
    expect(rows.count).toBe(4);
    expect(addresses(rows)[0]).toBe('203.0.113.9:4747');
    for (let i = 0; i < 9; i++) met(rows, 100 + i, `[2001:db8:1:${i}::1]:4747`);
    expect(rows.count).toBe(8);
    for (let i = 0; i < 60; i++) met(rows, 200 + i, `198.51.${i}.1:4747`);
    expect(rows.count).toBe(ACQUAINTANCE_COUNT_MAX);
    expect(addresses(rows)[0]).toBe('198.51.59.1:4747');
    expect(rows.encode().length).toBeLessThanOrEqual(4096);
  });

  it('keep one address of a kind for each peer, and one peer for each address', () => {
    const rows = new AcquaintanceRows(suite, undefined);
    met(rows, 1, '203.0.113.1:4747');
    met(rows, 1, '203.0.113.1:5000');
    met(rows, 1, '[2001:db8::7]:4747');
    expect(addresses(rows)).toEqual(['[2001:db8::7]:4747', '203.0.113.1:5000']);
    met(rows, 2, '203.0.113.1:5000');
    expect(rows.count).toBe(2);
    expect(rows.row(0)).toMatchObject({ short: key(2).substring(16), address: '203.0.113.1:5000' });
  });

  it('take hearsay in small part, and never at the cost of what worked', () => {
    const rows = new AcquaintanceRows(suite, undefined);
    for (let i = 0; i < 20; i++) rows.heard(key(i).substring(16), `198.51.${i}.1:4747`);
    expect(rows.count).toBe(8);
    for (let i = 0; i < 40; i++) met(rows, 100 + i, `203.0.${i}.1:4747`);
    expect(rows.count).toBe(ACQUAINTANCE_COUNT_MAX);
    expect(addresses(rows).every((address) => address.startsWith('203.'))).toBe(true);
    expect(rows.heard('00000000000000ff', '198.51.100.1:4747')).toBe(false);
  });

  it('take nothing that is no address of one station', () => {
    const rows = new AcquaintanceRows(suite, undefined);
    for (const bad of ['', 'n7', '255.255.255.255:1', '0.0.0.0:4747', '10.0.0.1:0', '[::1]:4747']) {
      expect(met(rows, 1, bad), bad).toBe(false);
      expect(rows.heard('00000000000000ff', bad), bad).toBe(false);
    }
    expect(rows.count).toBe(0);
  });

  it('keep their bounds whatever happens', () => {
    const random = new Prng(7, 1);
    const rows = new AcquaintanceRows(suite, undefined);
    for (let i = 0; i < 3000; i++) {
      const network = `203.${random.below(3)}.${random.below(12)}`;
      const address = `${network}.${random.below(6) + 1}:${random.below(2) + 4747}`;
      if (random.chance(0.5)) met(rows, random.below(60), address, random.chance(0.5));
      else rows.heard(key(random.below(60)).substring(16), address);
      if (random.chance(0.05) && rows.count > 0) rows.remove(random.below(rows.count));
      const all = Array.from({ length: rows.count }, (_, at) => rows.row(at));
      expect(all.length).toBeLessThanOrEqual(ACQUAINTANCE_COUNT_MAX);
      expect(all.filter(({ hasWorked }) => !hasWorked).length).toBeLessThanOrEqual(8);
      expect(new Set(all.map((row) => row.address)).size).toBe(all.length);
      const networks = new Map<string, number>();
      for (let at = 0; at < rows.count; at++)
        networks.set(rows.prefix(at), (networks.get(rows.prefix(at)) ?? 0) + 1);
      expect(Math.max(0, ...networks.values())).toBeLessThanOrEqual(4);
    }
  });
});
