import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { shortBytes } from '../../src/identity/id.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { decodeRecord, type NodeRecord, signRecord } from '../../src/identity/record.js';
import type { NodeKey } from '../../src/kernel/link.js';
import type { Random } from '../../src/kernel/random.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import { GRACE_MS } from '../../src/service/binding.js';
import { Catalog } from '../../src/service/catalog.js';
import { Wire } from './wire.js';

const suite = nobleSuite();

/** The same identities in each run. */
function randomFrom(seed: number): Random {
  let state = seed;
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        bytes[i] = state >>> 16;
      }
    },
  };
}

const IDENTITIES: readonly Identity[] = Array.from({ length: 6 }, (_, i) =>
  createIdentity(suite, randomFrom(i + 1)),
);
const [ANN, BEN, CAT, DAN, EVA, FAY] = IDENTITIES as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
];

interface Options {
  readonly name?: string;
  readonly claimedAt?: number;
  readonly boot?: number;
  readonly limits?: Partial<Limits>;
}

function catalog(identity: Identity, options: Options = {}): Catalog {
  const { name = '', claimedAt = 0, boot = 1 } = options;
  const limits = { ...PI_LIMITS, ...options.limits };
  return new Catalog({ now: 0, suite, identity, limits, boot, name, claimedAt });
}

/** A record that `identity` has signed. */
function signed(identity: Identity, record: Partial<NodeRecord> = {}): Uint8Array {
  const base = { publicKey: identity.publicKey, boot: 1, sequence: 0, name: '', claimedAt: 0, flags: 0 };
  return signRecord(suite, identity, { ...base, ...record });
}

function wireOf(...stations: readonly (readonly [Identity, Catalog])[]): Wire {
  const wire = new Wire();
  for (const [identity, machine] of stations) wire.add(identity.key, machine);
  return wire;
}

/** The displayed names as the outputs told them, the last word on each. */
function shown(wire: Wire, key: NodeKey): Record<NodeKey, string> {
  const names: Record<NodeKey, string> = {};
  for (const output of wire.others(key)) {
    if (output.kind === 'known') {
      const { peer, name } = output as unknown as { peer: NodeKey; name: string };
      names[peer] = name;
    } else if (output.kind === 'forgotten') delete names[(output as unknown as { peer: NodeKey }).peer];
  }
  return names;
}

function give(wire: Wire, to: NodeKey, from: NodeKey, record: Uint8Array): void {
  wire.input(to, { kind: 'message', from, message: { kind: 'record', record }, delivery: 'reliable' });
}

/** The way from one node to another begins there, or is lost. */
function lead(wire: Wire, from: Identity, to: Identity, by: Identity | undefined): void {
  wire.input(from.key, { kind: 'route', destination: to.short, firstHop: by?.key });
}

function suffixed(name: string, identity: Identity): string {
  return `${name}~${identity.key.substring(0, 4)}`;
}

describe('records (§9.3)', () => {
  it('tells of itself at once', () => {
    const wire = wireOf([ANN, catalog(ANN, { name: 'ann' })]);
    wire.input(ANN.key, { kind: 'timeout' });
    expect(shown(wire, ANN.key)).toEqual({ [ANN.key]: 'ann' });
  });

  it('exchanges records when a session opens', () => {
    const ann = catalog(ANN, { name: 'ann' });
    const wire = wireOf([ANN, ann], [BEN, catalog(BEN, { name: 'ben' })]);
    wire.open(ANN.key, BEN.key);
    wire.run(1000);
    expect(shown(wire, ANN.key)).toEqual({ [ANN.key]: 'ann', [BEN.key]: 'ben' });
    expect(shown(wire, BEN.key)).toEqual({ [ANN.key]: 'ann', [BEN.key]: 'ben' });
    expect(ann.resolve('ben')).toBe(BEN.key);
    expect(ann.find(BEN.short)).toEqual({ peer: BEN.key, publicKey: BEN.publicKey, boot: 1 });
    expect(wire.nextAt).toBeUndefined();
  });

  it('is silent in a resumed session, unless its record has changed meanwhile', () => {
    const wire = wireOf([ANN, catalog(ANN, { name: 'ann' })], [BEN, catalog(BEN, { name: 'ben' })]);
    wire.open(ANN.key, BEN.key);
    wire.close(ANN.key, BEN.key);
    const before = wire.sent.length;
    wire.open(ANN.key, BEN.key, true);
    expect(wire.sent.length).toBe(before);
    wire.close(ANN.key, BEN.key);
    wire.input(ANN.key, { kind: 'rename', name: 'anna' });
    wire.open(ANN.key, BEN.key, true);
    wire.run(100);
    expect(shown(wire, BEN.key)[ANN.key]).toBe('anna');
  });

  it('finds the record of a node behind others, hop by hop', () => {
    const names = ['ann', 'ben', 'cat', 'dan', 'eva'];
    const chain = IDENTITIES.slice(0, 5);
    const wire = wireOf(
      ...chain.map((identity, i) => [identity, catalog(identity, { name: names[i] as string })] as const),
    );
    for (let i = 0; i + 1 < chain.length; i++) {
      wire.open((chain[i] as Identity).key, (chain[i + 1] as Identity).key);
    }
    // Every route comes at once, so those in between are asked before they know.
    chain.forEach((identity, i) => {
      chain.forEach((other, k) => {
        if (Math.abs(i - k) < 2) return;
        const firstHop = (chain[k > i ? i + 1 : i - 1] as Identity).key;
        wire.input(identity.key, { kind: 'route', destination: other.short, firstHop });
      });
    });
    wire.run(1000);
    for (const identity of chain) expect(Object.values(shown(wire, identity.key)).sort()).toEqual(names);
  });

  it('asks again while there is no answer, later and later, and not when the route is lost', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    const start = wire.now;
    wire.open(ANN.key, BEN.key, true);
    wire.input(ANN.key, { kind: 'route', destination: CAT.short, firstHop: BEN.key });
    wire.run(31_000);
    const finds = wire.sent.filter(({ message }) => message.kind === 'find');
    expect(finds.map(({ at }) => (at - start) / 1000)).toEqual([0, 2, 6, 14, 30]);
    wire.input(ANN.key, { kind: 'route', destination: CAT.short, firstHop: undefined });
    expect(wire.nextAt).toBeUndefined();
  });

  it('has four questions under way at a neighbour at once', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    wire.open(ANN.key, BEN.key, true);
    for (let i = 0; i < 20; i++) {
      const destination = `${i}`.padStart(16, '0');
      wire.input(ANN.key, { kind: 'route', destination, firstHop: BEN.key });
    }
    const finds = () => wire.sent.filter(({ message }) => message.kind === 'find').length;
    expect(finds()).toBe(4);
    wire.run(2000);
    expect(finds()).toBe(8);
    wire.run(8000);
    expect(new Set(wire.sent.map(({ message }) => JSON.stringify(message))).size).toBe(20);
  });

  it('does not answer what it neither knows nor looks for', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    const message = { kind: 'find', destination: shortBytes(CAT.short) };
    wire.input(ANN.key, { kind: 'message', from: BEN.key, message, delivery: 'datagram' });
    expect(wire.dropped(ANN.key)).toEqual(['noRoute']);
    expect(wire.sent).toEqual([]);
  });

  it('takes a newer record from anybody, an older one only from its owner', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'b2', boot: 2 }));
    give(wire, ANN.key, CAT.key, signed(BEN, { name: 'b1', boot: 1, sequence: 9 }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('b2');
    give(wire, ANN.key, CAT.key, signed(BEN, { name: 'b3', boot: 2, sequence: 1 }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('b3');
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'b0', boot: 0 }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('b0');
    give(wire, ANN.key, CAT.key, signed(BEN, { name: 'b9', boot: 65_535 }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('b0');
    expect(wire.dropped(ANN.key)).toEqual(['replay', 'replay']);
  });

  it('notices a restart by the record, and nothing else by it', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, BEN.key, signed(BEN));
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'ben', sequence: 1 }));
    expect(wire.others(ANN.key).map(({ kind }) => kind)).not.toContain('rebooted');
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'ben', boot: 2 }));
    expect(wire.others(ANN.key).at(-1)).toEqual({ kind: 'rebooted', peer: BEN.key });
  });

  it('takes no forged, malformed or unasked record', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    const forged = signed(BEN, { name: 'ben' });
    forged[40] = (forged[40] as number) ^ 1;
    const good = signed(BEN, { name: 'ben' });
    good[good.length - 1] = (good[good.length - 1] as number) ^ 1;
    give(wire, ANN.key, BEN.key, good);
    give(wire, ANN.key, BEN.key, new Uint8Array(20));
    give(wire, ANN.key, BEN.key, signed(CAT, { name: 'cat' }));
    expect(wire.dropped(ANN.key)).toEqual(['authentication', 'malformed', 'unexpected']);
    expect(Object.keys(shown(wire, ANN.key))).toEqual([ANN.key]);
  });

  it('verifies no more signatures per second than it can afford', () => {
    const wire = wireOf([ANN, catalog(ANN, { limits: { dhPerSecondMax: 3 } })]);
    const bad = signed(BEN, { name: 'ben' });
    bad[bad.length - 1] = (bad[bad.length - 1] as number) ^ 1;
    for (let i = 0; i < 100; i++) give(wire, ANN.key, BEN.key, bad);
    expect(wire.dropped(ANN.key).filter((reason) => reason === 'authentication').length).toBe(3);
    wire.run(1000);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'ben' }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('ben');
  });

  it('answers no more questions per second than it can afford', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    const message = { kind: 'find', destination: shortBytes(ANN.short) };
    for (let i = 0; i < 200; i++) {
      wire.input(ANN.key, { kind: 'message', from: BEN.key, message, delivery: 'datagram' });
    }
    expect(wire.sent.length).toBe(64);
  });

  it('passes a changed name on, at most every ten seconds', () => {
    const wire = wireOf([ANN, catalog(ANN)], [CAT, catalog(CAT)]);
    wire.open(ANN.key, CAT.key);
    wire.open(ANN.key, BEN.key);
    wire.input(CAT.key, { kind: 'route', destination: BEN.short, firstHop: ANN.key });
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'ben' }));
    wire.run(3000);
    expect(shown(wire, CAT.key)[BEN.key]).toBe('ben');
    for (let i = 1; i <= 50; i++) give(wire, ANN.key, BEN.key, signed(BEN, { name: `ben${i}`, sequence: i }));
    wire.run(100);
    expect(shown(wire, CAT.key)[BEN.key]).toBe('ben1');
    wire.run(10_000);
    expect(shown(wire, CAT.key)[BEN.key]).toBe('ben50');
    expect(wire.sent.filter(({ message, to }) => message.kind === 'record' && to === CAT.key).length).toBe(4);
    wire.run(10_000);
    expect(wire.nextAt).toBeUndefined();
  });

  it('learns a name that changed while its node was out of reach, and tells those behind it', () => {
    const wire = wireOf(
      [ANN, catalog(ANN)],
      [BEN, catalog(BEN)],
      [CAT, catalog(CAT, { name: 'cat' })],
      [DAN, catalog(DAN)],
    );
    // Ann, Ben, Cat and Dan are a line, and it breaks between Ann and Ben.
    const line = [ANN, BEN, CAT] as const;
    wire.open(DAN.key, ANN.key);
    wire.open(ANN.key, BEN.key);
    wire.open(BEN.key, CAT.key);
    lead(wire, ANN, CAT, BEN);
    lead(wire, DAN, CAT, ANN);
    wire.run(10_000);
    expect(shown(wire, DAN.key)[CAT.key]).toBe('cat');
    wire.close(ANN.key, BEN.key);
    for (const from of [ANN, DAN]) lead(wire, from, CAT, undefined);
    wire.input(CAT.key, { kind: 'rename', name: 'kit' });
    wire.run(60_000);
    wire.open(ANN.key, BEN.key, true);
    lead(wire, ANN, CAT, BEN);
    lead(wire, DAN, CAT, ANN);
    wire.run(1000);
    for (const { key } of [...line, DAN]) expect(shown(wire, key)[CAT.key]).toBe('kit');
    wire.run(GRACE_MS);
    expect(wire.nextAt).toBeUndefined();
  });

  it('asks but once, is not answered where nothing is newer, and asks about four nodes a second', () => {
    const wire = wireOf([ANN, catalog(ANN)], [BEN, catalog(BEN)]);
    wire.open(ANN.key, BEN.key);
    for (const peer of [CAT, DAN, EVA, FAY]) {
      for (const [to, from] of [
        [BEN, peer],
        [ANN, BEN],
      ] as const) {
        lead(wire, to, peer, from);
        give(wire, to.key, from.key, signed(peer));
      }
    }
    wire.run(10_000);
    const before = wire.sent.length;
    for (const peer of [CAT, DAN, EVA, FAY]) lead(wire, ANN, peer, undefined);
    for (const peer of [CAT, DAN, EVA, FAY]) lead(wire, ANN, peer, BEN);
    for (const peer of [CAT, DAN, EVA, FAY]) lead(wire, ANN, peer, BEN);
    wire.run(600);
    expect(wire.sent.length).toBe(before + 3);
    wire.run(GRACE_MS);
    const said = wire.sent.slice(before).map(({ from, message }) => [from, message.kind]);
    expect(said).toEqual(Array.from({ length: 4 }, () => [ANN.key, 'findNewer']));
    expect(wire.nextAt).toBeUndefined();
  });

  it('outdoes a record of a life that it forgot (§5.4)', () => {
    const wire = wireOf([ANN, catalog(ANN, { name: 'ann', boot: 3 })], [BEN, catalog(BEN)]);
    wire.open(ANN.key, BEN.key);
    give(wire, ANN.key, BEN.key, signed(ANN, { name: 'old', boot: 7, sequence: 4 }));
    wire.run(100);
    expect(wire.others(ANN.key)).toContainEqual({ kind: 'boot', boot: 8 });
    expect(shown(wire, BEN.key)[ANN.key]).toBe('ann');
    const record = wire.sent
      .flatMap(({ message }) => (message.kind === 'record' ? [message.record] : []))
      .at(-1);
    expect(decodeRecord(record ?? new Uint8Array(0))?.record).toMatchObject({
      boot: 8,
      sequence: 0,
      name: 'ann',
    });
    const forged = signed(BEN, { boot: 9 });
    forged.set(ANN.publicKey, 2);
    give(wire, ANN.key, BEN.key, forged);
    expect(wire.dropped(ANN.key)).toEqual(['authentication']);
  });
});

describe('names (§9.3)', () => {
  it('shows two nodes of one name, the older claim under the plain name', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 200 }));
    give(wire, ANN.key, CAT.key, signed(CAT, { name: 'lamp', claimedAt: 100 }));
    give(wire, ANN.key, DAN.key, signed(DAN, { name: 'lamp', claimedAt: 0 }));
    expect(shown(wire, ANN.key)).toMatchObject({
      [BEN.key]: suffixed('lamp', BEN),
      [CAT.key]: 'lamp',
      [DAN.key]: suffixed('lamp', DAN),
    });
  });

  it('tells the losers first, so that no two names are equal at any time', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 200 }));
    give(wire, ANN.key, CAT.key, signed(CAT, { name: 'lamp', claimedAt: 100 }));
    const names = new Map<NodeKey, string>();
    for (const output of wire.others(ANN.key)) {
      const { peer, name } = output as unknown as { peer: NodeKey; name: string };
      names.set(peer, name);
      const present = [...names.values()].filter((each) => each !== '');
      expect(new Set(present).size).toBe(present.length);
    }
  });

  it('lets the lower id decide between equal claims', () => {
    const [low, high] = BEN.key < CAT.key ? [BEN, CAT] : [CAT, BEN];
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, high.key, signed(high, { name: 'lamp' }));
    give(wire, ANN.key, low.key, signed(low, { name: 'lamp' }));
    expect(shown(wire, ANN.key)[low.key]).toBe('lamp');
  });

  it('keeps its first binding while that node lives, whatever an older claim says later', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    wire.open(ANN.key, BEN.key, true);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 200 }));
    wire.run(10_000);
    wire.open(ANN.key, CAT.key, true);
    give(wire, ANN.key, CAT.key, signed(CAT, { name: 'lamp', claimedAt: 1 }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('lamp');
    expect(shown(wire, ANN.key)[CAT.key]).toBe(suffixed('lamp', CAT));
  });

  it('gives the name to a living node once the bound one is gone for five minutes, for good', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    for (const peer of [BEN, CAT]) wire.open(ANN.key, peer.key, true);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 1 }));
    give(wire, ANN.key, CAT.key, signed(CAT, { name: 'lamp', claimedAt: 200 }));
    wire.close(ANN.key, BEN.key, 'unreachable');
    wire.run(200_000);
    wire.open(ANN.key, BEN.key, true);
    wire.close(ANN.key, BEN.key, 'unreachable');
    wire.run(299_000);
    expect(shown(wire, ANN.key)[BEN.key]).toBe('lamp');
    wire.run(11_000);
    expect(shown(wire, ANN.key)[CAT.key]).toBe('lamp');
    wire.open(ANN.key, BEN.key, true);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 1, sequence: 1 }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe(suffixed('lamp', BEN));
  });

  it('counts a node that a route leads to as alive', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    wire.input(ANN.key, { kind: 'route', destination: BEN.short, firstHop: CAT.key });
    give(wire, ANN.key, CAT.key, signed(BEN, { name: 'lamp', claimedAt: 100 }));
    wire.open(ANN.key, CAT.key, true);
    give(wire, ANN.key, CAT.key, signed(CAT, { name: 'lamp', claimedAt: 200 }));
    wire.run(400_000);
    expect(shown(wire, ANN.key)[BEN.key]).toBe('lamp');
    wire.input(ANN.key, { kind: 'route', destination: BEN.short, firstHop: undefined });
    wire.run(300_000);
    expect(shown(wire, ANN.key)[CAT.key]).toBe('lamp');
  });

  it('calls itself by its own name whoever else claims it', () => {
    const wire = wireOf([ANN, catalog(ANN, { name: 'lamp' })]);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 1 }));
    expect(shown(wire, ANN.key)).toEqual({ [ANN.key]: 'lamp', [BEN.key]: suffixed('lamp', BEN) });
  });

  it('frees a name when its node takes another', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'lamp', claimedAt: 100 }));
    give(wire, ANN.key, CAT.key, signed(CAT, { name: 'lamp', claimedAt: 200 }));
    give(wire, ANN.key, BEN.key, signed(BEN, { name: 'desk', sequence: 1 }));
    expect(shown(wire, ANN.key)).toMatchObject({ [BEN.key]: 'desk', [CAT.key]: 'lamp' });
  });

  it('shows nobody under a name that looks like a NodeKey', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    give(wire, ANN.key, BEN.key, signed(BEN, { name: CAT.key }));
    expect(shown(wire, ANN.key)[BEN.key]).toBe('');
    expect(() => catalog(DAN, { name: CAT.key })).toThrow('name');
    expect(() => catalog(DAN, { name: 'Lamp' })).toThrow('name');
  });

  it('dates its claim when it learns the time, once, and gives the date out to be kept', () => {
    const unixMs = 1_790_000_000_500;
    const wire = wireOf([ANN, catalog(ANN, { name: 'lamp' })], [BEN, catalog(BEN)]);
    wire.open(ANN.key, BEN.key);
    wire.input(ANN.key, { kind: 'wallClock', unixMs: 5 });
    wire.input(ANN.key, { kind: 'wallClock', unixMs });
    wire.run(60_000);
    wire.input(ANN.key, { kind: 'wallClock', unixMs: unixMs + 60_000 });
    expect(wire.others(ANN.key).filter((output) => output.kind === 'claimed')).toEqual([
      { kind: 'claimed', name: 'lamp', claimedAt: 1_790_000_000 },
    ]);
    wire.input(ANN.key, { kind: 'rename', name: 'desk' });
    expect(wire.others(ANN.key).at(-1)).toEqual({ kind: 'claimed', name: 'desk', claimedAt: 1_790_000_060 });
    wire.run(100);
    expect(shown(wire, BEN.key)[ANN.key]).toBe('desk');
  });
});

describe('bounds of the catalog (§9.3)', () => {
  it('forgets the node that was gone for longest when the table is full', () => {
    const wire = wireOf([ANN, catalog(ANN, { limits: { recordCountMax: 2 } })]);
    for (const peer of [BEN, CAT]) {
      wire.open(ANN.key, peer.key, true);
      give(wire, ANN.key, peer.key, signed(peer));
    }
    wire.open(ANN.key, DAN.key, true);
    give(wire, ANN.key, DAN.key, signed(DAN));
    expect(wire.dropped(ANN.key)).toEqual(['overLimit']);
    wire.close(ANN.key, CAT.key, 'closed');
    wire.run(1000);
    wire.close(ANN.key, BEN.key, 'closed');
    give(wire, ANN.key, DAN.key, signed(DAN));
    expect(wire.others(ANN.key).filter((output) => output.kind === 'forgotten')).toEqual([
      { kind: 'forgotten', peer: CAT.key },
    ]);
    expect(Object.keys(shown(wire, ANN.key)).sort()).toEqual([ANN.key, BEN.key, DAN.key].sort());
  });

  it('prefers a peer with a session, or one that is wanted, and while it is full asks for no other', () => {
    const wire = wireOf([ANN, catalog(ANN, { limits: { recordCountMax: 2 } })]);
    wire.open(ANN.key, EVA.key, true);
    for (const peer of [BEN, CAT]) {
      wire.input(ANN.key, { kind: 'route', destination: peer.short, firstHop: EVA.key });
      give(wire, ANN.key, EVA.key, signed(peer));
    }
    const before = wire.sent.length;
    for (const destination of ['d'.repeat(16), 'e'.repeat(16), FAY.short]) {
      wire.input(ANN.key, { kind: 'route', destination, firstHop: EVA.key });
    }
    wire.run(100_000);
    expect(wire.sent.length).toBe(before);
    expect(wire.nextAt).toBeUndefined();
    wire.input(ANN.key, { kind: 'wanted', short: FAY.short, firstHop: EVA.key });
    const asked = wire.sent.slice(before).map(({ message }) => message);
    expect(asked).toEqual([{ kind: 'find', destination: shortBytes(FAY.short) }]);
    give(wire, ANN.key, EVA.key, signed(FAY));
    expect(shown(wire, ANN.key)[FAY.key]).toBe('');
    wire.open(ANN.key, DAN.key, true);
    give(wire, ANN.key, DAN.key, signed(DAN));
    expect(Object.keys(shown(wire, ANN.key)).length).toBe(3);
    expect(shown(wire, ANN.key)[DAN.key]).toBe('');
  });

  it('ignores messages that are not for it', () => {
    const wire = wireOf([ANN, catalog(ANN)]);
    const message = { kind: 'routesWanted' };
    wire.input(ANN.key, { kind: 'message', from: BEN.key, message, delivery: 'datagram' });
    expect(wire.dropped(ANN.key)).toEqual(['unexpected']);
  });
});
