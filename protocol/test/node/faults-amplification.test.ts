import { encodeValue } from '@fogwisp/protocol';
import { type Host, type Medium, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import type { PacketKind } from '../../src/packet/first-byte.js';
import type { Message } from '../../src/packet/message.js';
import { bodyOf } from '../support/rogue.js';
import { Network } from './network.js';
import { addRogue } from './rogue-host.js';
import { kindOf, Wiretap } from './wiretap.js';

const CLEAN_LAN = { ...PROFILES.lan, loss: 0 } as const;
const VICTIM = 'v';

interface Scene {
  readonly net: Network;
  readonly a: Host;
  readonly b: Host;
  readonly medium: Medium;
  readonly tap: Wiretap;
}

function scene(seed: number, profile: object = CLEAN_LAN): Scene {
  const net = new Network(seed);
  const onBoot = (host: Host): void => {
    host.command({ kind: 'connect', link: 1, address: 'b' });
  };
  const a = net.add('a', 'cast' in profile && profile.cast === 'address' ? { onBoot } : {});
  const b = net.add('b');
  const medium = net.world.join([a, b], profile);
  return { net, a, b, medium, tap: new Wiretap(net, medium) };
}

/** A session, requests, publications, resumption after restarts: packets of every kind. */
function converse({ net, a, b }: Scene): void {
  b.command({ kind: 'subscribe', pattern: 'a/count', qos: 1 });
  net.ask(a, 'b', 'x'.repeat(3000));
  for (const host of [a, b]) {
    host.crash('new');
    net.world.runFor(500);
    host.start();
    expect(net.ask(a, 'b', 'hello', 20_000)).toBe('hello');
  }
  for (let i = 0; i < 20; i++) {
    a.command({ kind: 'publish', topic: 'count', body: encodeValue(i), qos: 1 });
    net.world.runFor(100);
  }
}

describe('an outsider who writes under an address that is not his (§7.3, §7.8)', () => {
  it.each(['lan', 'udp'] as const)('gets no more than he sends by replays (%s), but for an H2', (name) => {
    const kinds = new Set<PacketKind | 'unknown'>();
    // Who is first after a restart, and how, is by chance: all runs together have packets of each kind.
    for (let seed = 1; seed <= 6; seed++) {
      const stage = scene(seed, { ...PROFILES[name], loss: 0 });
      const { net, a, b, tap } = stage;
      converse(stage);
      const packets = [...tap.caught];
      for (const [i, { bytes }] of packets.entries()) {
        kinds.add(kindOf(bytes));
        for (const to of [a, b]) tap.write(to, `${VICTIM}${i}`, bytes);
        net.world.runFor(20);
      }
      net.world.runFor(60_000);
      for (const [i, { bytes }] of packets.entries()) {
        const factor = Math.max(tap.factor(a, `${VICTIM}${i}`), tap.factor(b, `${VICTIM}${i}`));
        const most = kindOf(bytes) === 'h1' ? 2 : kindOf(bytes) === 'beacon' ? 3 : 1;
        expect(factor, `${kindOf(bytes)} of ${bytes.length} bytes`).toBeLessThanOrEqual(most);
      }
      expect(net.ask(a, 'b')).toBe('hello');
    }
    expect([...kinds]).toEqual(expect.arrayContaining<PacketKind>(['h1', 'h2', 'session', 'resume']));
  });

  it('gets three times as much at most when his copy is faster than the packet', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const stage = scene(seed);
      const { net, a, b, tap } = stage;
      const other = new Map([
        [a, b],
        [b, a],
      ]);
      let count = 0;
      // In each run other packets are copied; each copy comes from an address of its own.
      tap.onSent = ({ from, bytes, to }) => {
        const victim = other.get(from);
        if (victim === undefined || to.startsWith(VICTIM) || count++ % 12 !== seed - 1) return;
        tap.writeSoon(victim, `${VICTIM}${count}`, bytes);
      };
      converse(stage);
      net.world.runFor(30_000);
      for (let i = 0; i <= count; i++) {
        for (const host of [a, b]) {
          const { sent, received, kinds: by } = tap.balance(host, `${VICTIM}${i}`);
          const told = [...by].map(([kind, bytes]) => `${kind} ${bytes}`).join(', ');
          expect(sent, `${received} bytes led to ${told}`).toBeLessThanOrEqual(3 * received);
        }
      }
      tap.onSent = undefined;
      expect(net.ask(a, 'b', 'again', 20_000)).toBe('again');
    }
  });
});

describe('a member who writes under an address that is not his (§7.8)', () => {
  const token = new Uint8Array(8);
  const ping: Message = { kind: 'ping', token: 1, sentAt: 0 };
  const cases: readonly (readonly [string, readonly Message[]])[] = [
    ['nothing', []],
    ['a PING', [ping]],
    ['many PINGs', Array.from({ length: 200 }, () => ping)],
    ['many challenges', Array.from({ length: 80 }, () => ({ kind: 'pathChallenge', token }))],
    ['FINDs', Array.from({ length: 50 }, () => ({ kind: 'find', destination: token }))],
    ['a request', [{ kind: 'request', id: 1, alias: undefined, path: 'big', body: new Uint8Array(2) }]],
  ];

  it.each(cases)('gets three times as much at most for %s', (_, messages) => {
    const net = new Network(7);
    const a = net.add('a', {
      answers: false,
      onEvent: (event, host) => {
        if (event.kind !== 'request') return;
        host.command({ kind: 'respond', request: event.request, status: 0, body: new Uint8Array(20_000) });
      },
    });
    const medium = net.world.join([a], CLEAN_LAN);
    const { rogue, act } = addRogue(net, 'r', medium);
    const tap = new Wiretap(net, medium);
    net.world.runFor(3000);
    const hold = rogue.holds.get(net.id('a'));
    if (hold === undefined) throw new Error('no session');
    for (let i = 0; i < 20; i++) {
      act(() => tap.write(a, `${VICTIM}${i}`, rogue.seal(hold, bodyOf(messages))));
      net.world.runFor(200);
    }
    net.world.runFor(20_000);
    for (let i = 0; i < 20; i++) {
      const { sent, received } = tap.balance(a, `${VICTIM}${i}`);
      expect(sent, `for ${received}`).toBeLessThanOrEqual(3 * received);
    }
  });

  it('gets three times as much at most for a beacon, whoever it names', () => {
    const net = new Network(8);
    const [a, b] = [net.add('a'), net.add('b')];
    const medium = net.world.join([a, b], CLEAN_LAN);
    const { rogue, act } = addRogue(net, 'r', medium);
    const tap = new Wiretap(net, medium);
    net.world.runFor(3000);
    for (const publicKey of [net.identities.get('b')?.publicKey, net.newIdentity().publicKey]) {
      if (publicKey === undefined) throw new Error('no key');
      for (let i = 0; i < 5; i++) {
        act(() => rogue.beacon({ link: 1, address: 'nobody' }, publicKey, i));
        net.world.runFor(2);
        const beacon = tap.ofKind('beacon').at(-1)?.bytes ?? new Uint8Array();
        tap.write(a, VICTIM, beacon);
        net.world.runFor(7000);
        const { sent, received } = tap.balance(a, VICTIM);
        expect(sent, `for ${received}`).toBeLessThanOrEqual(3 * received);
      }
    }
  });
});
