import { type Identity, signRecord } from '@fogwisp/protocol';
import { type Host, type Medium, PROFILES, Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { randomBytes } from '../../src/kernel/random.js';
import { encodeBeacon } from '../../src/packet/beacon.js';
import { decodeRetry } from '../../src/packet/handshake.js';
import { Attempt } from '../../src/session/handshake.js';
import type { Hold } from '../support/rogue.js';
import { Network, SUITE } from './network.js';
import { addRogue, type RogueHost } from './rogue-host.js';

const LAN = { ...PROFILES.lan, loss: 0 } as const;

interface Scene extends RogueHost {
  readonly net: Network;
  readonly a: Host;
  readonly victim: Host;
  readonly medium: Medium;
  readonly identity: Identity;
}

/** Two honest nodes and one that would like to be the second of them. */
function scene(seed: number): Scene {
  const net = new Network(seed);
  const [a, victim] = [net.add('a'), net.add('victim')];
  const medium = net.world.join([a, victim], LAN);
  const rogue = addRogue(net, 'r', medium);
  net.world.runFor(5000);
  const identity = net.identities.get('victim');
  if (identity === undefined) throw new Error('everybody has an identity');
  return { net, a, victim, medium, identity, ...rogue };
}

function holdOf({ net, rogue }: Scene, name: string): Hold {
  const hold = rogue.holds.get(net.id(name));
  if (hold === undefined) throw new Error(`no session with ${name}`);
  return hold;
}

function expectReached({ net, a, victim }: Scene, within = 5000): void {
  expect(net.ask(a, net.id('victim'), 'by id', within)).toBe('by id');
  expect(net.ask(a, 'victim', 'by name', within)).toBe('by name');
  expect(net.ask(victim, 'a', 'back', within)).toBe('back');
  expect(net.pathOf(a, 'victim')).toBe('direct(lan)');
}

describe('somebody who says that he is somebody else (§5, §9.3)', () => {
  it('by the record of another, old, stolen or forged: nobody believes it', () => {
    const stage = scene(1);
    const { net, rogue, act, identity, a } = stage;
    const { publicKey } = identity;
    const record = (boot: number, sequence: number, name: string, signer: Identity): Uint8Array => {
      const own = signRecord(SUITE, signer, {
        publicKey: signer.publicKey,
        boot,
        sequence,
        name,
        claimedAt: 1,
        flags: 0,
      });
      const forged = new Uint8Array(own);
      if (signer !== identity) forged.set(publicKey, 2);
      return forged;
    };
    const records = [
      record(0, 0, 'victim', identity), // older than the one that is known
      record(9, 0, 'mallory', rogue.identity), // his key over another's signature
      new Uint8Array(148).fill(0x58),
    ];
    for (let i = 0; i < 20; i++) {
      for (const bytes of records) {
        act(() => rogue.sayReliably(holdOf(stage, 'a'), { kind: 'record', record: bytes }));
      }
      net.world.runFor(100);
    }
    expectReached(stage);
    const names = a.eventsOf('peer').map(({ peer }) => peer.name);
    expect(names).not.toContain('mallory');
    expect(a.dropped.get('authentication')).toBeGreaterThan(10);
    expect(a.dropped.get('replay')).toBeGreaterThan(10);
  });

  it('by a name that is taken: it stays with whom it was', () => {
    const stage = scene(2);
    const { net, rogue, act, a } = stage;
    expectReached(stage);
    const { publicKey } = rogue.identity;
    const terms = { publicKey, boot: 1, name: 'victim', claimedAt: 1, flags: 0 };
    for (let sequence = 0; sequence < 5; sequence++) {
      const record = signRecord(SUITE, rogue.identity, { ...terms, sequence });
      act(() => rogue.sayReliably(holdOf(stage, 'a'), { kind: 'record', record }));
      net.world.runFor(12_000);
      expectReached(stage);
    }
    const shown = new Map(a.eventsOf('peer').map(({ peer }) => [peer.id, peer.name]));
    expect(shown.get(net.id('victim'))).toBe('victim');
    expect(shown.get(rogue.identity.key)).toMatch(/^victim~[0-9a-f]+$/);
  });

  it.each(['KK', 'IK', 'XX'] as const)(
    'by an H1 (%s) with the key of another: no session comes of it',
    (pattern) => {
      const stage = scene(3);
      const { net, rogue, act, identity, a } = stage;
      const before = a.eventsOf('peer').length;
      // His id and public key, the liar's secret: as near as one gets.
      const pretended = { ...identity, dh: rogue.identity.dh };
      const remote = net.identities.get('a')?.publicKey;
      const chance = new Prng(3, 9);
      for (let i = 0; i < 20; i++) {
        const e = SUITE.dhKeyPair(randomBytes(chance, 32));
        const self = { suite: SUITE, identity: pretended, network: net.key };
        const attempt = new Attempt(self, pattern, 0x200 + i, e, pattern === 'XX' ? undefined : remote);
        act(() => rogue.transmit({ link: 1, address: 'a' }, attempt.packet));
        net.world.runFor(50);
        if (pattern !== 'XX') continue;
        const retry = decodeRetry(rogue.heard.at(-1)?.bytes ?? new Uint8Array());
        if (typeof retry !== 'string') {
          attempt.prove(retry.secretEpoch, retry.cookie);
          act(() => rogue.transmit({ link: 1, address: 'a' }, attempt.packet));
          net.world.runFor(50);
        }
        const h2 = rogue.heard.filter(({ bytes }) => bytes[0] === 0x06).at(-1)?.bytes ?? new Uint8Array();
        const noise = h2.subarray(7);
        const clear = h2.subarray(0, 7);
        const responder = ((h2[5] ?? 0) << 8) | (h2[6] ?? 0);
        const answer = { kind: 'h2', initiator: 0x200 + i, responder, noise, clear } as const;
        const finished = attempt.finish(answer);
        act(() => rogue.transmit({ link: 1, address: 'a' }, finished?.confirmation ?? new Uint8Array([0])));
        net.world.runFor(50);
      }
      expect(a.dropped.get('authentication')).toBeGreaterThanOrEqual(20);
      expect(a.eventsOf('peer').length).toBe(before);
      expectReached(stage);
    },
  );

  it('by beacons with the key of another, many of them, from many addresses', () => {
    const stage = scene(4);
    const { net, rogue, a, victim, identity, act } = stage;
    const chance = new Prng(4, 9);
    const beacon = (boot: number): Uint8Array =>
      encodeBeacon(SUITE, net.key.key, { publicKey: identity.publicKey, boot });
    for (let i = 0; i < 300; i++) {
      const bytes = beacon(chance.below(0x1_0000));
      a.packet(1, chance.pick(['r', 'victim', 'a', `x${chance.below(500)}`]), bytes);
      if (i % 10 === 0) act(() => rogue.beacon({ link: 1, address: '*' }, identity.publicKey, i));
      net.world.runFor(100);
      if (i % 25 === 0) expectReached(stage);
    }
    // Also when the victim really restarts in the middle of it.
    for (let i = 0; i < 50; i++) {
      if (i === 10) victim.restart();
      a.packet(1, chance.pick(['r', `x${chance.below(500)}`]), beacon(chance.below(0x1_0000)));
      net.world.runFor(100);
    }
    net.world.runFor(10_000);
    expectReached(stage);
  });

  it('by beacons of thousands that do not exist: who is new is found all the same (§8.1)', () => {
    const stage = scene(5);
    const { net, a, medium } = stage;
    const chance = new Prng(5, 9);
    const stranger = net.newIdentity();
    const flood = (ms: number): void => {
      for (let t = 0; t < ms; t += 10) {
        const publicKey = new Uint8Array(randomBytes(chance, 32));
        publicKey[31] = (publicKey[31] ?? 0) & 0x3f;
        const bytes = encodeBeacon(SUITE, net.key.key, { publicKey, boot: 1 });
        for (const host of net.world.hosts) {
          if (host.name !== 'r' && host.isRunning) host.packet(1, `y${chance.below(10_000)}`, bytes);
        }
        net.world.runFor(10);
      }
    };
    flood(5000);
    expectReached(stage);
    const late = net.add('late');
    net.world.attach(late, medium);
    flood(30_000);
    expect(net.ask(a, 'late', 'hello')).toBe('hello');
    expect(net.ask(late, 'victim', 'hello')).toBe('hello');
    expectReached(stage);
    expect(stranger.key).not.toBe(net.id('late'));
  });
});
