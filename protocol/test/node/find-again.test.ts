import { type Host, type Medium, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/packet/first-byte.js';
import { type MemberOptions, Network } from './network.js';

/** Nobody is known but by address: no beacons. */
class Internet {
  readonly net: Network;
  readonly medium: Medium;
  /** Handshake packets that were sent, by who and to where. */
  readonly greetings: { readonly at: number; readonly from: string; readonly to: string }[] = [];

  constructor(seed: number, loss = 0) {
    this.net = new Network(seed);
    this.medium = this.net.world.addMedium({ ...PROFILES.udp, loss });
    this.net.world.tap = ({ fate, port, address, bytes }) => {
      const kind = classify(bytes[0] as number);
      if (fate !== 'sent' || (kind !== 'h1' && kind !== 'resume')) return;
      this.greetings.push({ at: this.net.world.now, from: port.host.name, to: address });
    };
  }

  add(name: string, address: string, options: MemberOptions = {}): Host {
    const host = this.net.add(name, { willingness: 0, ...options });
    this.net.world.attach(host, this.medium, { address });
    return host;
  }

  isDirect(from: Host, to: string): boolean {
    return this.net.pathOf(from, to).startsWith('direct');
  }

  /** Power goes; what it said before counts no more. */
  crash(host: Host): void {
    host.crash('old');
    host.events.length = 0;
    host.eventTimes.length = 0;
  }

  restart(host: Host): void {
    this.crash(host);
    host.start();
  }

  wait(seconds: number): void {
    this.net.world.runFor(seconds * 1000);
  }

  until(isSo: () => boolean, withinS: number): boolean {
    return this.net.world.runUntil(isSo, { withinMs: withinS * 1000, everyMs: 100 });
  }

  greeted(from: string, sinceMs = 0): readonly string[] {
    const since = this.greetings.filter((one) => one.from === from && one.at >= sinceMs);
    return [...new Set(since.map(({ to }) => to))];
  }
}

const A = '203.0.113.10:4000';
const B = '198.51.100.20:4000';
const C = '192.0.2.30:4000';
const BOOT = '198.51.100.99:4747';

function knows(address: string, rung?: 'introduction' | 'bootstrap', seen: { boots: number } = { boots: 0 }) {
  return (host: Host): void => {
    if (seen.boots++ === 0) host.command({ kind: 'connect', link: 1, address, rung });
  };
}

describe('a node finds its network again (SPEC §8.1)', () => {
  it('by the addresses that it kept, when nobody tells it any', () => {
    const internet = new Internet(1);
    const a = internet.add('a', A, { onBoot: knows(B) });
    internet.add('b', B);
    expect(internet.until(() => internet.isDirect(a, 'b'), 5)).toBe(true);
    internet.wait(10);
    internet.restart(a);
    const { now } = internet.net.world;
    expect(internet.until(() => internet.net.ask(a, 'b') === 'hello', 2)).toBe(true);
    expect(internet.greeted('a', now)).toEqual([B]);
  });

  it('not without them: the control', () => {
    const internet = new Internet(1);
    const a = internet.add('a', A, { onBoot: knows(B) });
    const b = internet.add('b', B);
    internet.wait(10);
    for (const host of [a, b]) {
      internet.crash(host);
      host.disk.put('acquaintances', undefined);
      host.start();
    }
    internet.wait(600);
    expect(internet.isDirect(a, 'b')).toBe(false);
    expect(internet.greeted('a', 11_000)).toEqual([]);
  });

  it('although packets are lost, and who was there is gone for a while', () => {
    const internet = new Internet(3, 0.2);
    const a = internet.add('a', A, { onBoot: knows(B) });
    const b = internet.add('b', B);
    internet.wait(20);
    internet.crash(b);
    internet.restart(a);
    internet.wait(1800);
    b.start();
    expect(internet.until(() => internet.isDirect(a, 'b'), 1800)).toBe(true);
    const tries = internet.greetings.filter(({ from }) => from === 'a').length;
    expect(tries).toBeLessThan(120);
  });

  it('tries four at a time, of different networks first', () => {
    const internet = new Internet(4);
    const others = Array.from({ length: 11 }, (_, i) =>
      i < 4 ? `203.0.113.${50 + i}:4000` : `192.0.${i}.1:4000`,
    );
    for (const [i, address] of others.entries()) internet.add(`o${i}`, address);
    const a = internet.add('a', A, {
      onBoot: (host) => {
        if (host.bootCount > 1) return;
        for (const address of others) host.command({ kind: 'connect', link: 1, address });
      },
    });
    internet.wait(700);
    internet.crash(a);
    internet.medium.cut(internet.net.world.now * 1000);
    const { now } = internet.net.world;
    a.start();
    internet.wait(3);
    const first = internet.greeted('a', now);
    expect(first).toHaveLength(4);
    expect(first.filter((address) => address.startsWith('203.')).length).toBeLessThanOrEqual(1);
    internet.wait(20);
    expect(internet.greeted('a', now)).toHaveLength(11);
  });

  it('by a ticket, at once; and later without it', () => {
    const internet = new Internet(5);
    const a = internet.add('a', A, { onBoot: knows(B, 'introduction') });
    internet.add('b', B);
    expect(internet.until(() => internet.isDirect(a, 'b'), 5)).toBe(true);
    internet.wait(10);
    internet.restart(a);
    expect(internet.until(() => internet.isDirect(a, 'b'), 5)).toBe(true);
  });

  it('asks a bootstrap only after a minute or two alone, and then less and less often', () => {
    const internet = new Internet(6);
    internet.add('a', A, { onBoot: knows(BOOT, 'bootstrap') });
    internet.wait(59);
    expect(internet.greeted('a')).toEqual([]);
    internet.wait(62);
    expect(internet.greeted('a')).toEqual([BOOT]);
    const before = internet.greetings.length;
    internet.wait(6 * 3600);
    // Four packets each time, every 15 to 30 minutes in the end.
    expect(internet.greetings.length - before).toBeLessThan(4 * (6 + 6 * 4));
    expect(internet.greetings.length - before).toBeGreaterThan(4 * 8);
  });

  it('asks it although a board on a cable is there, or somebody in the same house', () => {
    const internet = new Internet(9);
    const { net } = internet;
    const boot = internet.add('boot', BOOT);
    const a = internet.add('a', A, { onBoot: knows(BOOT, 'bootstrap') });
    const b = internet.add('b', B, { onBoot: knows(BOOT, 'bootstrap') });
    const board = net.add('board', { willingness: 0 });
    net.world.connect(a, board, PROFILES.serial);
    const beside = net.add('beside', { willingness: 0 });
    const house = net.world.addMedium(PROFILES.lan);
    for (const [i, host] of [b, beside].entries()) {
      net.world.attach(host, house, { address: `192.168.1.${i + 1}:4747` });
    }
    internet.wait(50);
    expect([internet.isDirect(a, 'board'), internet.isDirect(b, 'beside')]).toEqual([true, true]);
    expect(internet.greetings).not.toContainEqual(expect.objectContaining({ to: BOOT }));
    expect(internet.until(() => internet.isDirect(a, 'boot') && internet.isDirect(b, 'boot'), 80)).toBe(true);
    expect(internet.until(() => net.ask(board, 'beside') === 'hello', 30)).toBe(true);
    boot.crash();
  });

  it('is told of others by the bootstrap, and does without it from then on', () => {
    const internet = new Internet(7);
    const boot = internet.add('boot', BOOT);
    const a = internet.add('a', A, { onBoot: knows(BOOT, 'bootstrap') });
    const b = internet.add('b', B, { onBoot: knows(BOOT, 'bootstrap') });
    const c = internet.add('c', C, { onBoot: knows(BOOT, 'bootstrap') });
    internet.wait(300);
    boot.crash();
    internet.wait(60);
    expect(internet.isDirect(a, 'b') || internet.isDirect(a, 'c')).toBe(true);
    internet.wait(900);
    for (const host of [a, b, c]) internet.crash(host);
    const { now } = internet.net.world;
    for (const host of [a, b, c]) host.start();
    expect(internet.until(() => internet.net.ask(a, 'b') === 'hello', 30)).toBe(true);
    expect(internet.net.ask(b, 'c')).toBe('hello');
    expect(internet.greetings.filter(({ at, to }) => at >= now && to === BOOT)).toEqual([]);
  });

  it.each([1, 2, 3, 4])('looks for nobody who is gone because of routes to tell: seed %i', (seed) => {
    const internet = new Internet(seed, 0.01);
    const a = internet.add('a', A, { onBoot: knows(BOOT, 'bootstrap') });
    const boot = internet.add('boot', BOOT);
    const c = internet.add('c', C, { onBoot: knows(BOOT, 'bootstrap') });
    internet.wait(600);
    expect(internet.isDirect(a, 'c')).toBe(true);
    boot.crash();
    internet.wait(150);
    const { now } = internet.net.world;
    internet.wait(3600);
    expect(internet.greeted('a', now)).not.toContain(BOOT);
    expect(internet.greeted('c', now)).not.toContain(BOOT);
    expect(internet.isDirect(c, 'a')).toBe(true);
  });

  it.each([1, 11, 15, 18])('looks for nobody who died while ways to it were tried: seed %i', (seed) => {
    const internet = new Internet(seed, 0.01);
    const addresses = [A, B, C, '203.0.113.77:4000', '192.0.2.77:4000'];
    for (const [i, address] of addresses.entries()) {
      internet.add(`o${i}`, address, { onBoot: knows(BOOT, 'introduction') });
    }
    const boot = internet.add('boot', BOOT);
    internet.wait(300);
    boot.crash();
    internet.wait(150);
    const { now } = internet.net.world;
    internet.wait(600);
    // Each still tries what it remembers, less and less often: two openings of five packets.
    const late = internet.greetings.filter(({ at, to }) => at > now && to === BOOT);
    for (let i = 0; i < addresses.length; i++) {
      expect(late.filter(({ from }) => from === `o${i}`).length).toBeLessThanOrEqual(10);
    }
  });

  it('tells of nobody whom strangers do not reach', () => {
    const internet = new Internet(8);
    const { world } = internet.net;
    internet.add('b', B);
    const nat = world.addNat({ mapping: 'independent', filtering: 'port', ip: '203.0.113.1' });
    const hidden = internet.net.add('hidden', { willingness: 0, onBoot: knows(B) });
    world.attach(hidden, internet.medium, { address: '192.168.1.5:4000', behind: nat });
    internet.wait(20);
    const a = internet.add('a', A, { onBoot: knows(B) });
    internet.wait(1200);
    expect(internet.isDirect(a, 'b')).toBe(true);
    expect(internet.greeted('a')).toEqual([B]);
  });
});
