import { decodeValue, encodeValue } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network, PORTABLE } from './network.js';

function row(net: Network, names: readonly string[], medium: object, options: object = {}): Host[] {
  const hosts = names.map((name) => net.add(name, options));
  for (let i = 1; i < hosts.length; i++) net.world.connect(hosts[i - 1] as Host, hosts[i] as Host, medium);
  return hosts;
}

/** Publishes a number and tells how many subscribers the one before had. */
function publish(host: Host, value: number): number {
  const subscribers = host.eventsOf('published').at(-1)?.subscribers ?? 0;
  host.command({ kind: 'publish', topic: 'count', body: encodeValue(value), qos: 1 });
  return subscribers;
}

function topicsHeard(host: Host): unknown[] {
  return host.eventsOf('message').map(({ from, topic, body }) => {
    const value = decodeValue(body);
    return [from.name, topic, value.ok ? value.value : 'malformed'];
  });
}

describe('three nodes in a row (§8)', () => {
  it('the ends reach each other through the middle, and say so', () => {
    const net = new Network(1);
    const [a, , c] = row(net, ['a', 'g', 'c'], PROFILES.serial) as [Host, Host, Host];
    expect(net.ask(a, 'g')).toBe('hello');
    expect(net.ask(a, 'c', 'far')).toBe('far');
    expect(net.ask(c, 'a', 'back')).toBe('back');
    net.world.runFor(5000);
    expect(net.pathOf(a, 'g')).toBe('direct(serial)');
    expect(net.pathOf(a, 'c')).toBe('relayed(g)');
    expect(net.pathOf(c, 'a')).toBe('relayed(g)');
  });

  it('works the same with the portable crypto', () => {
    const net = new Network(2);
    const [a] = row(net, ['a', 'g', 'c'], PROFILES.serial, { suite: PORTABLE, isBoard: true }) as [
      Host,
      Host,
      Host,
    ];
    expect(net.ask(a, 'c', 'far')).toBe('far');
  });

  it('the middle forwards without keys: no text of the ends is on its wires', () => {
    const net = new Network(3);
    const [a] = row(net, ['a', 'g', 'c'], PROFILES.serial) as [Host, Host, Host];
    const secret = 'a secret that nobody may read';
    const packets: string[] = [];
    net.world.tap = ({ bytes }) => packets.push(String.fromCharCode(...bytes));
    expect(net.ask(a, 'c', secret)).toBe(secret);
    expect(packets.some((packet) => packet.includes(secret))).toBe(false);
  });

  it.each([
    ['its store', 'torn', 10_000],
    ['an empty store', 'lost', 10_000],
  ] as const)('the ends talk again after the middle restarted with %s', (_, fault, withinMs) => {
    const net = new Network(4);
    const [a, g] = row(net, ['a', 'g', 'c'], PROFILES.serial) as [Host, Host, Host];
    expect(net.ask(a, 'c')).toBe('hello');
    g.crash(fault);
    net.world.runFor(2000);
    g.start();
    net.world.runFor(withinMs);
    expect(net.ask(a, 'c', 'again', 1000)).toBe('again');
  });
});

describe('media', () => {
  it('a LAN of six finds itself and everybody is direct', () => {
    const net = new Network(5);
    const hosts = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => net.add(name));
    net.world.join(hosts, PROFILES.lan);
    net.world.runFor(5000);
    for (const from of hosts) {
      for (const to of hosts) {
        if (from === to) continue;
        expect(net.ask(from, to.name)).toBe('hello');
        expect(net.pathOf(from, to.name)).toBe('direct(lan)');
      }
    }
  });

  it('a UDP peer is greeted at its address, and again after it was away', () => {
    const net = new Network(6);
    const a = net.add('a', { onBoot: (host) => host.command({ kind: 'connect', link: 1, address: 'b' }) });
    const b = net.add('b');
    net.world.join([a, b], { ...PROFILES.udp, loss: 0 });
    expect(net.ask(a, 'b')).toBe('hello');
    b.crash();
    net.world.runFor(60_000);
    b.start();
    // A request that stays unanswered is enough to find out that b has forgotten the session.
    expect(net.ask(a, 'b', 'again', 10_000)).toBe('again');
    expect(net.ask(b, 'a')).toBe('hello');
  });

  it('a UDP peer that only publishes finds out within seconds that its gateway has restarted', () => {
    const net = new Network(14);
    const gateway = net.add('gateway', {
      onBoot: (host) => host.command({ kind: 'subscribe', pattern: '*/count', qos: 0 }),
    });
    const sensor = net.add('sensor', {
      onBoot: (host) => host.command({ kind: 'connect', link: 1, address: 'gateway' }),
    });
    net.world.join([sensor, gateway], { ...PROFILES.udp, loss: 0 });
    net.world.runFor(5000);
    gateway.restart('lost');
    for (let i = 0; i < 10; i++) {
      publish(sensor, i);
      net.world.runFor(500);
    }
    expect(topicsHeard(gateway).at(-1)).toEqual(['sensor', 'count', 9]);
  });

  for (const mtu of [64, 127, 250, 500, 1200]) {
    it(`a chain of five over an MTU of ${mtu} carries 4 kB both ways`, () => {
      const net = new Network(mtu);
      const names = ['a', 'b', 'c', 'd', 'e'];
      const [a, , , , e] = row(net, names, { kind: 'serial', mtu, delayMs: 1, bitrate: 115_200 });
      net.world.runFor(10_000);
      const text = 'x'.repeat(4000);
      expect(net.ask(a as Host, 'e', text, 30_000)).toBe(text);
      expect(net.ask(e as Host, 'a', text, 30_000)).toBe(text);
    });
  }

  it('a mixed way of serial, UDP and TCP links carries 64 KiB', () => {
    const net = new Network(8);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => net.add(name)) as [Host, Host, Host, Host];
    net.world.connect(a, b, PROFILES.serial);
    net.world.connect(b, c, PROFILES.tcp);
    net.world.connect(c, d, { ...PROFILES.serial, mtu: 127, bitrate: 921_600 });
    net.world.runFor(5000);
    const text = 'y'.repeat(65_000);
    expect(net.ask(a, 'd', text, 60_000)).toBe(text);
  });
});

describe('publications (§9.2)', () => {
  it('reach subscribers directly and through others, with the name of their publisher', () => {
    const net = new Network(9);
    const [a, b, c] = row(net, ['a', 'b', 'c'], PROFILES.serial) as [Host, Host, Host];
    c.command({ kind: 'subscribe', pattern: '*/door', qos: 1 });
    net.world.runFor(5000);
    a.command({ kind: 'publish', topic: 'door', body: encodeValue('open'), qos: 1 });
    b.command({ kind: 'publish', topic: 'door', body: encodeValue('shut'), qos: 0 });
    net.world.runFor(2000);
    expect(topicsHeard(c).sort()).toEqual([
      ['a', 'door', 'open'],
      ['b', 'door', 'shut'],
    ]);
    expect(a.eventsOf('published')).toMatchObject([{ subscribers: 1, lost: 0 }]);
  });

  it('with QoS 1 come once and in order through 20 % loss and a restart of the middle', () => {
    for (let seed = 10; seed < 30; seed++) {
      const net = new Network(seed);
      const [a, b, c] = row(net, ['a', 'b', 'c'], { ...PROFILES.serial, loss: 0.2 }) as [Host, Host, Host];
      c.command({ kind: 'subscribe', pattern: 'a/count', qos: 1 });
      net.world.runUntil(() => publish(a, -1) > 0, { withinMs: 120_000, everyMs: 1000 });
      for (let i = 0; i < 100; i++) {
        publish(a, i);
        net.world.runFor(200);
        if (i === 50) b.crash();
        if (i === 60) b.start();
      }
      net.world.runFor(110_000);
      const numbers = topicsHeard(c).map((heard) => (heard as unknown[])[2] as number);
      expect(numbers.filter((number) => number >= 0)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });
});

describe('bad input', () => {
  it('a node of another network is never a peer', () => {
    const net = new Network(11);
    const other = new Network(12);
    const a = net.add('a');
    const b = net.add('b', { network: other.key });
    net.world.join([a, b], PROFILES.lan);
    net.world.runFor(60_000);
    expect(net.ask(a, 'b')).toBe('failed: unknownPeer');
    expect(a.dropped.get('wrongNetwork')).toBeGreaterThan(3);
    expect(a.eventsOf('peer').filter(({ peer }) => peer.id === net.id('b'))).toEqual([]);
  });

  it('two nodes that claim one name are both shown, and the older keeps it', () => {
    const net = new Network(13);
    const a = net.add('a');
    const first = net.add('cellar');
    net.world.join([a, first], PROFILES.lan);
    net.world.runFor(30_000);
    expect(net.ask(a, 'cellar', 1)).toBe(1);
    const names = a.eventsOf('peer').map(({ peer }) => peer.name);
    expect(names).toContain('cellar');
  });
});
