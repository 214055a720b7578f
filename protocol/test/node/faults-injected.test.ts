import { decodeValue, encodeValue, equalBytes } from '@fogwisp/protocol';
import { type Checker, type Host, PROFILES, Prng, type Step } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import type { PacketKind } from '../../src/packet/first-byte.js';
import { mutate } from '../fuzz/mutate.js';
import { Network } from './network.js';
import { kindOf } from './wiretap.js';

/**
 * What may come of a packet that is not genuine: a drop, or a packet that keeps nothing (§7.3, §7.7, §8.1).
 */
const ANSWERS: Readonly<Partial<Record<PacketKind, readonly PacketKind[]>>> = {
  beacon: ['h1', 'resume', 'session', 'fragment'],
  h1: ['h2', 'retry', 'fragment'],
  retry: ['h1', 'fragment'],
  resume: ['resumeFloor'],
  session: ['unknown'],
  unknown: ['session'],
};

/** Looks at each step that a spoiled packet causes. */
class Watch implements Checker {
  readonly name = 'spoiled packets are dropped';
  readonly struck = new Map<PacketKind | 'unknown', number>();
  isArmed = false;

  afterStep(_: unknown, { input, outputs }: Step): string | undefined {
    if (!this.isArmed || input?.kind !== 'packet') return undefined;
    const kind = kindOf(input.bytes);
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
    const allowed: readonly string[] = ANSWERS[kind as PacketKind] ?? [];
    for (const output of outputs) {
      if (output.kind === 'dropped') continue;
      if (output.kind === 'transmit' && allowed.includes(kindOf(output.bytes))) continue;
      // A beacon is a hint, and people are told that somebody is tried there.
      if (output.kind === 'event' && output.event.kind === 'peer' && kind === 'beacon') continue;
      const what = output.kind === 'transmit' ? kindOf(output.bytes) : JSON.stringify(output);
      return `a ${kind} of ${input.bytes.length} bytes led to ${what}`;
    }
    return undefined;
  }
}

interface Caught {
  readonly link: number;
  readonly to: Host;
  readonly from: string;
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Four nodes: two on a LAN, one behind a narrow cable, one across UDP: packets of every kind there are. */
class Stage {
  readonly watch = new Watch();
  readonly net: Network;
  readonly hosts: readonly Host[];
  readonly caught: Caught[] = [];
  readonly chance: Prng;

  constructor(seed: number) {
    this.net = new Network(seed, [this.watch]);
    this.chance = new Prng(seed, 99);
    const { net } = this;
    const onBoot = (host: Host): void => void host.command({ kind: 'connect', link: 3, address: 'd' });
    const [a, b, c, d] = [
      net.add('a', { onBoot }),
      net.add('b'),
      net.add('c', { isBoard: true }),
      net.add('d'),
    ];
    net.world.join([a, b], { ...PROFILES.lan, loss: 0 });
    net.world.connect(a, c, { ...PROFILES.serial, mtu: 120, loss: 0 });
    net.world.join([a, d], { ...PROFILES.udp, loss: 0 });
    this.hosts = [a, b, c, d];
    net.world.tap = ({ fate, port, address, bytes, at }) => {
      if (fate !== 'sent') return;
      for (const to of port.medium.ports) {
        const isFor =
          to !== port && (port.medium.info.cast === 'point' || address === '*' || address === to.address);
        const copy = new Uint8Array(bytes);
        if (isFor)
          this.caught.push({ link: to.link, to: to.host, from: port.address, bytes: copy, at: at / 1000 });
      }
    };
  }

  host(name: string): Host {
    return this.net.world.host(name);
  }

  /** A spoiled packet, and one of those that arrived a while ago. */
  strike(): void {
    const { chance, caught, net } = this;
    const { link, to, from, bytes } = this.#pick(caught);
    const mutant = mutate(chance, bytes, [chance.pick(caught).bytes]);
    // What equals a genuine packet may be one that is still under way.
    if (!caught.some((one) => equalBytes(one.bytes, mutant))) {
      this.write(chance.chance(0.8) ? to : chance.pick(this.hosts), link, from, mutant);
    }
    const again = this.#pick(caught.filter(({ at }) => at < net.world.now - 500));
    this.write(chance.chance(0.7) ? again.to : chance.pick(this.hosts), again.link, again.from, again.bytes);
  }

  /** Any kind as often as any other, half of them recent ones. */
  #pick(from: readonly Caught[]): Caught {
    const { chance } = this;
    const kind = chance.pick([...new Set(from.map(({ bytes }) => kindOf(bytes)))]);
    const same = from.filter(({ bytes }) => kindOf(bytes) === kind);
    return chance.pick(chance.chance(0.5) ? same.slice(-8) : same);
  }

  write(to: Host, link: number, from: string, bytes: Uint8Array): void {
    const port = to.ports[link - 1];
    if (port === undefined) return;
    const address = port.medium.info.cast === 'point' ? '' : from === '' ? 'x' : from;
    this.watch.isArmed = true;
    to.packet(link, address, bytes);
    this.watch.isArmed = false;
  }
}

describe('whatever is written on the wires of a network (§1.2)', () => {
  it.each([1, 2, 3, 4])('is dropped, and the conversation goes on, each message once (seed %i)', (seed) => {
    const stage = new Stage(seed);
    const { net } = stage;
    const [a, b, c, d] = stage.hosts as [Host, Host, Host, Host];
    for (const host of [b, c, d]) host.command({ kind: 'subscribe', pattern: 'a/count', qos: 1 });
    net.world.runFor(6000);
    expect(net.ask(c, 'b', 'x'.repeat(2000), 20_000)).toBe('x'.repeat(2000));
    // Tickets are used, so that their packets are there to be spoiled.
    d.crash('new');
    net.world.runFor(500);
    d.start();
    d.command({ kind: 'subscribe', pattern: 'a/count', qos: 1 });
    for (let i = 0; i < 10; i++) {
      a.command({ kind: 'publish', topic: 'count', body: encodeValue('before'), qos: 1 });
      net.world.runFor(1000);
    }
    for (const host of [b, c, d]) host.events.length = 0;
    for (let i = 0; i < 50; i++) {
      a.command({ kind: 'publish', topic: 'count', body: encodeValue(i), qos: 1 });
      if (i % 10 === 0) expect(net.ask(c, 'b', i)).toBe(i);
      for (let ms = 0; ms < 100; ms += 10) {
        net.world.runFor(10);
        stage.strike();
      }
    }
    net.world.runFor(5000);
    for (const host of [b, c, d]) {
      const heard = host.eventsOf('message').map(({ body }) => decodeValue(body));
      expect(heard.map((value) => (value.ok ? value.value : 'bad'))).toEqual(
        Array.from({ length: 50 }, (_, i) => i),
      );
    }
    for (const kind of [
      'beacon',
      'h1',
      'h2',
      'h3',
      'session',
      'fragment',
      'label',
      'byId',
      'resume',
    ] as const) {
      expect(stage.watch.struck.get(kind) ?? 0, kind).toBeGreaterThan(0);
    }
  });

  it('a node of another network on the same wires neither hears nor disturbs (§4.2, §7.2)', () => {
    const net = new Network(21);
    const other = new Network(22);
    const [a, b] = [net.add('a'), net.add('b')];
    const strangers = ['c', 'd'].map((name) => net.add(name, { network: other.key }));
    net.world.join([a, b, ...strangers], { ...PROFILES.lan, loss: 0 });
    const wire = net.world.connect(a, strangers[0] as Host, { ...PROFILES.serial, loss: 0 });
    net.world.runFor(60_000);
    expect(net.ask(a, 'b')).toBe('hello');
    expect(net.ask(strangers[0] as Host, 'd')).toBe('hello');
    expect(net.ask(a, 'c')).toBe('failed: unknownPeer');
    expect(wire.info.cast).toBe('point');
    for (const host of [a, b]) {
      expect(host.dropped.get('wrongNetwork') ?? 0).toBeGreaterThan(5);
      const known = new Set(host.eventsOf('peer').map(({ peer }) => peer.id));
      expect([...known]).toEqual([net.id(host === a ? 'b' : 'a')]);
    }
  });
});
