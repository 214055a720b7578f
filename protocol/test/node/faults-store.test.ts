import { type Host, PROFILES, Prng, type StoreFault } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { mutate } from '../fuzz/mutate.js';
import { Network } from './network.js';

const FAULTS: readonly StoreFault[] = ['torn', 'old', 'new', 'lost'];

function pair(seed: number, options: object = {}): { net: Network; a: Host; b: Host } {
  const net = new Network(seed);
  const [a, b] = [net.add('a', options), net.add('b')];
  net.world.join([a, b], { ...PROFILES.lan, loss: 0 });
  return { net, a, b };
}

describe('a store that never confirms (§5.4)', () => {
  it('keeps nobody from talking, nor from being found again', () => {
    const { net, a, b } = pair(1, { persistMs: Number.MAX_SAFE_INTEGER / 1e6 });
    net.world.runFor(20_000);
    expect(net.ask(a, 'b')).toBe('hello');
    expect(net.ask(b, 'a')).toBe('hello');
    for (let i = 0; i < 3; i++) {
      a.restart('old');
      net.world.runFor(45_000);
      expect(net.ask(a, 'b')).toBe('hello');
      expect(net.ask(b, 'a')).toBe('hello');
    }
    b.restart('new');
    net.world.runFor(30_000);
    expect(net.ask(a, 'b')).toBe('hello');
  });

  it('that is only slow delays the start, and nothing is said before', () => {
    const { net, a, b } = pair(2, { persistMs: 3000 });
    net.world.runFor(2900);
    expect(a.counters.sentPackets).toBe(0);
    net.world.runFor(5000);
    expect(net.ask(b, 'a')).toBe('hello');
  });
});

describe('what a store holds after power was lost', () => {
  it.each(FAULTS)('%s at every boot: both are found again each time', (fault) => {
    const { net, a, b } = pair(3);
    net.world.runFor(5000);
    for (let i = 0; i < 12; i++) {
      const host = i % 3 === 0 ? b : a;
      host.crash(fault);
      net.world.runFor(i % 2 === 0 ? 100 : 5000);
      host.start();
      // Longer than a beacon takes: a boot that was said before does not tell of a restart.
      net.world.runFor(40_000);
      expect(net.ask(a, 'b', i), `boot ${i}`).toBe(i);
      expect(net.ask(b, 'a', i), `boot ${i}`).toBe(i);
    }
  });

  it.each([1, 2, 3])('rotten bytes under every key: each is refused, and all is well (seed %i)', (seed) => {
    const { net, a, b } = pair(10 + seed);
    const chance = new Prng(seed, 5);
    net.world.runFor(5000);
    for (let i = 0; i < 12; i++) {
      a.crash('new');
      const values = [...a.disk.stored.values()];
      for (const [key, value] of [...a.disk.stored]) {
        if (chance.chance(0.7)) a.disk.put(key, mutate(chance, value, values));
      }
      a.disk.put('ticket.', new Uint8Array(3));
      a.disk.put('', new Uint8Array(9));
      net.world.runFor(500);
      a.start();
      net.world.runFor(40_000);
      expect(net.ask(a, 'b', i)).toBe(i);
      expect(net.ask(b, 'a', i)).toBe(i);
    }
  });

  it('a store copied back from long ago: no counter of a ticket is used twice (§7.7)', () => {
    const { net, a, b } = pair(4);
    net.world.runFor(5000);
    const backup = new Map(a.disk.stored);
    const resumes = new Set<string>();
    let repeated = 0;
    net.world.tap = ({ fate, port, bytes }) => {
      if (fate !== 'sent' || bytes[0] !== 0x0b || port.host !== b) return;
      const answer = bytes.subarray(0, 5).join();
      if (resumes.has(answer)) repeated++;
      resumes.add(answer);
    };
    for (let i = 0; i < 6; i++) {
      a.crash('new');
      for (const [key, value] of backup) a.disk.put(key, value);
      net.world.runFor(500);
      a.start();
      net.world.runFor(40_000);
      expect(net.ask(b, 'a', i)).toBe(i);
    }
    expect(repeated).toBe(0);
  });
});
