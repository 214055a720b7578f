import { decodeValue, encodeValue } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const DAY_MS = 86_400_000;
const PPM = 1_000_000;

/** Three in a row over unlike media, the first one subscribed to the last: every layer has timers running. */
function row(seed: number, options: object = {}): { net: Network; hosts: readonly [Host, Host, Host] } {
  const net = new Network(seed);
  const hosts = ['a', 'b', 'c'].map((name) => net.add(name, options)) as [Host, Host, Host];
  const [a, b, c] = hosts;
  net.world.join([a, b], { ...PROFILES.lan, loss: 0.002 });
  net.world.connect(b, c, { ...PROFILES.serial, mtu: 127 });
  a.command({ kind: 'subscribe', pattern: 'c/count', qos: 1 });
  net.world.runFor(5000);
  return { net, hosts };
}

/** c counts, ten times a second. */
function count(net: Network, c: Host, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    c.command({ kind: 'publish', topic: 'count', body: encodeValue(i), qos: 1 });
    net.world.runFor(100);
  }
}

function heard(a: Host): unknown[] {
  return a.eventsOf('message').map(({ body }) => {
    const value = decodeValue(body);
    return value.ok ? value.value : 'malformed';
  });
}

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

/** The clock of one host shows so much more, a millisecond later; in between it does nothing. */
function jump(net: Network, host: Host, ms: number): void {
  host.suspend();
  host.skewClock(ms * PPM);
  net.world.runFor(1);
  host.skewClock(0);
  host.resume();
}

describe('clocks that count milliseconds (§1.2)', () => {
  it.each([
    ['2^31 ms', 2 ** 31],
    ['2^32 ms, 49.7 days', 2 ** 32],
    ['2^32 ms of seconds', 2 ** 32 * 1000],
  ])('run across %s without anybody noticing', (_, edge) => {
    const { net, hosts } = row(1, { clockStartsAtMs: edge - 20_000 });
    const [a, b, c] = hosts;
    count(net, c, 0, 300);
    net.world.runFor(120_000);
    expect(heard(a)).toEqual(upTo(300));
    expect(net.ask(a, 'c', 'x'.repeat(3000))).toBe('x'.repeat(3000));
    expect(net.pathOf(a, 'c')).toBe('relayed(b)');
    for (const host of [a, b, c]) {
      const states = host.eventsOf('peer').map(({ peer }) => peer.status);
      expect(states.filter((status) => status === 'offline')).toEqual([]);
    }
  });

  it.each(['a', 'b', 'c'])('jump a day forward at %s: the conversation goes on', (name) => {
    const { net, hosts } = row(2);
    const [a, , c] = hosts;
    count(net, c, 0, 50);
    jump(net, net.world.host(name), DAY_MS);
    count(net, c, 50, 150);
    net.world.runFor(60_000);
    expect(heard(a)).toEqual(upTo(150));
    expect(net.ask(a, 'c')).toBe('hello');
    expect(net.ask(c, 'a')).toBe('hello');
  });

  it('jump again and again, everywhere: in the end all is as it was', () => {
    const { net, hosts } = row(3);
    for (let i = 0; i < 20; i++) {
      jump(net, hosts[i % 3] as Host, [1000, 60_000, 3_600_000, DAY_MS][i % 4] as number);
      net.world.runFor(2000);
    }
    net.world.runFor(60_000);
    expect(net.ask(hosts[0], 'c')).toBe('hello');
    expect(net.ask(hosts[2], 'a')).toBe('hello');
  });
});

describe('the time of day (§2.1)', () => {
  it('may be anything, and jump: sessions, tickets and names do not care', () => {
    const { net, hosts } = row(4);
    const [a, b, c] = hosts;
    const times = [0, 1_700_000_000_000, 4_102_444_800_000, 946_684_800_000, -1, Number.NaN, 1.7e12, 8.64e15];
    for (const [i, unixMs] of times.entries()) {
      for (const host of hosts) host.setWallClock(unixMs + i);
      net.world.runFor(1000);
      expect(net.ask(a, 'c')).toBe('hello');
      b.restart('new');
      b.setWallClock(unixMs);
      net.world.runFor(10_000);
      expect(net.ask(c, 'a', i, 20_000)).toBe(i);
    }
    for (const host of hosts) {
      const names = new Set(host.eventsOf('peer').map(({ peer }) => peer.name));
      expect([...names].filter((name) => !['', 'a', 'b', 'c'].includes(name))).toEqual([]);
    }
  });

  it.each([1e15, 8.64e15, -1e12, Number.POSITIVE_INFINITY])('may begin absurdly, at %d ms', (unixMs) => {
    const net = new Network(8);
    const hosts = ['a', 'b'].map((name) => net.add(name)) as [Host, Host];
    for (const host of hosts) host.setWallClock(unixMs);
    net.world.join(hosts, { ...PROFILES.lan, loss: 0 });
    net.world.runFor(2000);
    expect(net.ask(hosts[0], 'b')).toBe('hello');
    hosts[1].setWallClock(1.8e12);
    net.world.runFor(2000);
    expect(net.ask(hosts[0], 'b')).toBe('hello');
  });

  it('that passes by a week ends tickets, not the ability to meet', () => {
    const { net, hosts } = row(5);
    const [a, b] = hosts;
    const counts = { resumed: 0, answered: 0 };
    net.world.tap = ({ fate, bytes }) => {
      if (fate !== 'sent') return;
      if (bytes[0] === 0x06) counts.answered++;
      if (bytes[0] === 0x0b) counts.resumed++;
    };
    const restartAt = (unixMs: number): void => {
      Object.assign(counts, { resumed: 0, answered: 0 });
      b.restart('new');
      for (const host of hosts) host.setWallClock(unixMs);
      net.world.runFor(10_000);
      expect(net.ask(a, 'b')).toBe('hello');
    };
    // The first ticket is older than the clock; the one that follows has its time.
    restartAt(1_700_000_000_000);
    restartAt(1_700_000_000_000 + 1000);
    expect(counts.resumed).toBeGreaterThan(0);
    restartAt(1_700_000_000_000 + 8 * DAY_MS);
    expect(counts.resumed).toBe(0);
    expect(counts.answered).toBeGreaterThan(0);
  });
});

describe('a process that was suspended', () => {
  it.each([
    ['for 3 s', 3000, false],
    ['for 3 s with a clock that stood', 3000, true],
    ['for 10 minutes', 600_000, false],
    ['for 10 minutes with a clock that stood', 600_000, true],
    ['for a day', DAY_MS, false],
    ['for a day with a clock that stood', DAY_MS, true],
  ])('%s is back within seconds, wherever it stands', (_, ms, clockStood) => {
    for (const name of ms === DAY_MS ? ['b'] : ['a', 'b', 'c']) {
      const { net, hosts } = row(6);
      const [a, , c] = hosts;
      const host = net.world.host(name);
      host.suspend();
      net.world.runFor(ms);
      host.resume({ clockStood });
      net.world.runFor(15_000);
      expect(net.ask(a, 'c'), `${name} slept`).toBe('hello');
      expect(net.ask(c, 'a'), `${name} slept`).toBe('hello');
    }
  });

  it('a relay that sleeps every other minute never ends what goes through it', () => {
    const { net, hosts } = row(7);
    const [a, b, c] = hosts;
    for (let round = 0; round < 5; round++) {
      count(net, c, round * 100, round * 100 + 50);
      b.suspend();
      count(net, c, round * 100 + 50, round * 100 + 100);
      net.world.runFor(10_000);
      b.resume({ clockStood: round % 2 === 0 });
      net.world.runFor(20_000);
    }
    net.world.runFor(60_000);
    expect(heard(a)).toEqual(upTo(500));
  });
});
