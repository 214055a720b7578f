import { describe, expect, it } from 'vitest';
import type { DirectVia } from '../../src/kernel/link.js';
import { Attempt } from '../../src/traversal/attempt.js';
import { MappingLife } from '../../src/traversal/keepalive.js';
import { Reflexive } from '../../src/traversal/reflexive.js';
import { placesToTry, type Side } from '../../src/traversal/side.js';

function viaTo(address: string): DirectVia {
  return { kind: 'direct', link: 1, address };
}

const ENDPOINT_BYTES = 7;

function side(address: string): Side {
  const endpoints = [{ address, isOwn: false }];
  return { mapping: 'independent', filtering: 'unknown', step: 0, endpoints, doors: 0 };
}

/** All probes of an attempt that nobody answers, by address. */
function probesOf(addresses: readonly string[], witnessed: readonly string[] = []): Map<string, number> {
  const waiting = { kind: 'waiting', nextAt: 0 } as const;
  const attempt = new Attempt(new Uint8Array(3), waiting);
  attempt.hear(side(addresses[0] ?? ''), ENDPOINT_BYTES * addresses.length);
  attempt.schedule(0, addresses.map(viaTo));
  for (const [session, ip] of witnessed.entries()) {
    attempt.asked.add(session);
    attempt.witness(session, ip);
    attempt.witness(session, '9.9.9.9');
  }
  const counts = new Map<string, number>();
  for (let now = 0; attempt.wakeAt !== undefined; now = attempt.wakeAt ?? now) {
    for (const { address } of attempt.timeout(now)) counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  return counts;
}

describe('an attempt (§7.11)', () => {
  it('sends three probes to an IP address, whatever the ports', () => {
    expect(probesOf(['1.2.3.4:5'])).toEqual(new Map([['1.2.3.4:5', 3]]));
    const ports = Array.from({ length: 8 }, (_, i) => `1.2.3.4:${10 + i}`);
    expect([...probesOf(ports).values()].reduce((sum, n) => sum + n, 0)).toBe(3);
  });

  it('sends twelve at most where a neighbor vouches for it', () => {
    expect(probesOf(['1.2.3.4:5'], ['1.2.3.4'])).toEqual(new Map([['1.2.3.4:5', 8]]));
    const ports = Array.from({ length: 8 }, (_, i) => `1.2.3.4:${10 + i}`);
    expect([...probesOf(ports, ['1.2.3.4']).values()].reduce((sum, n) => sum + n, 0)).toBe(12);
    const many = ['1.2.3.4', '1.2.3.4'];
    expect([...probesOf(ports, many).values()].reduce((sum, n) => sum + n, 0)).toBe(12);
    expect([...probesOf(ports, ['1.2.3.5']).values()].reduce((sum, n) => sum + n, 0)).toBe(3);
  });

  it('sends three bytes at most for each that came, headers included, wherever to', () => {
    for (const count of [1, 2, 5, 10]) {
      const addresses = Array.from({ length: count }, (_, i) => `1.2.${i}.4:5`);
      const sent = [...probesOf(addresses).values()].reduce((sum, n) => sum + n, 0);
      const came = 28 + 21 + 9 + ENDPOINT_BYTES * count;
      expect(sent, `to ${count}`).toBeGreaterThan(2);
      expect(sent * (28 + 13), `to ${count}`).toBeLessThanOrEqual(3 * came);
      const vouched = [...probesOf(addresses, ['1.2.0.4', '1.2.1.4']).values()].reduce(
        (sum, n) => sum + n,
        0,
      );
      expect(vouched * (28 + 13), `to ${count}`).toBeLessThanOrEqual(3 * (came + 2 * 70));
    }
  });

  it('is proven only by an answer from the address that its place names', () => {
    const attempt = new Attempt(new Uint8Array(3), { kind: 'waiting', nextAt: 0 });
    attempt.schedule(0, [viaTo('1.2.3.4:5'), viaTo('1.2.3.4:6')]);
    attempt.timeout(0);
    expect(attempt.answered(1, viaTo('6.6.6.6:6'), 0)).toBeUndefined();
    expect(attempt.answered(1, viaTo('1.2.3.4:6'), 0)).toBeUndefined();
    expect(attempt.answered(1, viaTo('1.2.3.4:6'), 7)).toBeUndefined();
    expect(attempt.answered(1, viaTo('1.2.3.4:6'), 1)?.address).toBe('1.2.3.4:6');
    expect(attempt.state.kind).toBe('proven');
  });
});

describe('where to try (§7.11)', () => {
  const side = (address: string, own: string, mapping: Side['mapping'] = 'independent', step = 0): Side => {
    const endpoints = [
      { address, isOwn: false },
      { address: own, isOwn: true },
    ];
    return { mapping, filtering: 'unknown', step, endpoints, doors: 0 };
  };
  const here = side('203.0.113.1:1', '192.168.1.10:4000');

  it('own addresses only behind the same box', () => {
    expect(placesToTry(here, side('203.0.113.2:2', '192.168.1.20:4000'))).toEqual(['203.0.113.2:2']);
    const near = placesToTry(here, side('203.0.113.1:2', '192.168.1.20:4000'));
    expect(near).toEqual(['192.168.1.20:4000', '203.0.113.1:2']);
  });

  it('the next ports where they are given out in order, nothing of two random ones', () => {
    const next = placesToTry(here, side('203.0.113.2:1000', '10.0.0.1:1', 'predictable', 2));
    expect(next).toHaveLength(8);
    expect(next.slice(0, 2)).toEqual(['203.0.113.2:1002', '203.0.113.2:1004']);
    const random = side('203.0.113.2:2', '10.0.0.1:1', 'random');
    expect(placesToTry({ ...here, mapping: 'random' }, random)).toEqual([]);
    expect(placesToTry(here, random)).toEqual(['203.0.113.2:2']);
  });
});

describe('what observers say (§7.12)', () => {
  const seen = (...addresses: readonly string[]) => {
    const reflexive = new Reflexive(['192.168.1.10:4000']);
    for (const [i, address] of addresses.entries())
      reflexive.note({ session: i, ip: `8.8.8.${i}`, address, at: i });
    return reflexive.mapping();
  };

  it('tells the mapping', () => {
    expect(seen()).toMatchObject({ kind: 'unknown', address: undefined });
    expect(seen('1.1.1.1:10')).toMatchObject({ kind: 'unknown', address: '1.1.1.1:10' });
    expect(seen('192.168.1.10:4000')).toMatchObject({ kind: 'none' });
    expect(seen('1.1.1.1:10', '1.1.1.1:10')).toMatchObject({ kind: 'independent' });
    expect(seen('1.1.1.1:10', '1.1.1.1:12', '1.1.1.1:14')).toMatchObject({ kind: 'predictable', step: 2 });
    expect(seen('1.1.1.1:12', '1.1.1.1:10').address).toBe('1.1.1.1:12');
    expect(seen('1.1.1.1:10', '1.1.1.1:400')).toMatchObject({ kind: 'random' });
    expect(seen('1.1.1.1:10', '1.1.1.2:11')).toMatchObject({ kind: 'random' });
  });

  it('of one observer on the own network says nothing of the box', () => {
    expect(seen('192.168.1.10:4000', '1.1.1.1:10', '1.1.1.1:10')).toMatchObject({ kind: 'independent' });
  });

  it('is forgotten when one sees another address', () => {
    const reflexive = new Reflexive([]);
    reflexive.note({ session: 0, ip: '8.8.8.8', address: '1.1.1.1:10', at: 0 });
    reflexive.note({ session: 1, ip: '8.8.8.9', address: '1.1.1.1:10', at: 0 });
    expect(reflexive.note({ session: 1, ip: '8.8.8.9', address: '1.1.1.1:99', at: 1 })).toBe(true);
    expect(reflexive.mapping()).toMatchObject({ kind: 'unknown', address: '1.1.1.1:99' });
  });
});

describe('how long a box remembers (§7.12)', () => {
  it('is looked for from 25 s to 110 s, and paths that must not break stay below', () => {
    const life = new MappingLife();
    expect([life.testMs, life.safeMs]).toEqual([25_000, 25_000]);
    for (let i = 0; i < 10; i++) life.survived(life.testMs);
    expect([life.testMs, life.safeMs]).toEqual([110_000, 110_000]);
  });

  it('is found below 25 s too', () => {
    for (const lifeMs of [8000, 15_000, 20_000, 30_000, 60_000]) {
      const life = new MappingLife();
      for (let i = 0; i < 50; i++) {
        const { testMs } = life;
        if (testMs < lifeMs) life.survived(testMs);
        else life.failed(testMs);
      }
      expect(life.safeMs).toBeLessThan(lifeMs);
      expect(life.safeMs).toBeGreaterThan(lifeMs / 2);
    }
  });

  it('is not what a reboot tells', () => {
    const life = new MappingLife();
    life.survived(60_000);
    life.failed(10_000);
    expect(life.safeMs).toBe(60_000);
  });
});
