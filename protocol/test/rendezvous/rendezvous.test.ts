import { describe, expect, it } from 'vitest';
import { shortBytes } from '../../src/identity/id.js';
import { EMPTY, equalBytes, toHex } from '../../src/kernel/bytes.js';
import type { Found } from '../../src/packet/message.js';
import { keyOf } from '../../src/rendezvous/keys.js';
import { closest } from '../../src/rendezvous/rank.js';
import { lattice } from '../routing/graphs.js';
import { Town, type TownOptions } from './town.js';

const WIDTH = 6;
const COUNT = WIDTH * 5;
const HOLDERS = [3, 8, 14, 20, 25];
const ASKER = 0;
const OWNER = COUNT - 1;
const NAME = `n${OWNER}`;

function town(options: Partial<TownOptions> = {}): Town {
  const made = new Town({ count: COUNT, edges: lattice(WIDTH, 5), ...options });
  made.settle(HOLDERS);
  made.sent.length = 0;
  return made;
}

function seek(made: Town, asker = ASKER, name = NAME): void {
  made.input(asker, { kind: 'seekName', name, until: made.now + 60_000 });
}

/** Those closest to that name, closest first. */
function keepersOf(made: Town, name: string, count = 3): readonly number[] {
  const ids = HOLDERS.map((holder) => shortBytes(made.short(holder)));
  const key = keyOf(made.suite, made.network.key, 'name', name);
  return closest(key, ids, count).map((id) => HOLDERS[ids.indexOf(id)] ?? -1);
}

function isRing({ message }: Town['sent'][number]): boolean {
  return message.kind === 'lookup' && equalBytes(message.key, message.towards);
}

describe('the index (§9.6)', () => {
  it('finds a name with those closest to its key, and asks nobody else', () => {
    const made = town();
    seek(made);
    made.run(1000);
    expect(made.namesFound(ASKER)).toEqual([made.short(OWNER)]);
    expect(made.sent.filter(isRing)).toEqual([]);
    expect(made.citizen(ASKER).machine.figures(made.now)).toMatchObject({ byHolders: 1, byRings: 0 });
  });

  it('finds a node by its id, whose supernodes are named', () => {
    const made = town();
    const where = [made.short(HOLDERS[4] ?? 0), made.short(HOLDERS[3] ?? 0)];
    made.input(OWNER, { kind: 'service', isHolder: false, where });
    made.run(11_000);
    made.input(ASKER, { kind: 'seekNode', node: made.short(OWNER) });
    made.run(1000);
    expect(made.citizen(ASKER).found[0]).toMatchObject({ node: made.short(OWNER), where });
  });

  it('keeps each record with three, or as many as there are', () => {
    const made = town();
    const kept = HOLDERS.map((holder) => made.citizen(holder).machine.figures(made.now).records);
    expect(kept.reduce((sum, each) => sum + each, 0)).toBe(2 * 3 * COUNT);
    const few = new Town({ count: COUNT, edges: lattice(WIDTH, 5) });
    few.settle([7]);
    expect(few.citizen(7).machine.figures(few.now).records).toBe(2 * COUNT);
  });

  it('finds what there is although two of three drop everything', () => {
    const made = town();
    const [first, second] = keepersOf(made, NAME);
    made.tap = (from, _, message) =>
      message.kind === 'found' && (from === first || from === second) ? undefined : message;
    seek(made);
    made.run(1200);
    expect(made.namesFound(ASKER)).toEqual([made.short(OWNER)]);
  });

  it('takes no forged record, and the newest of several', () => {
    const made = town();
    const [liar, old] = keepersOf(made, NAME);
    const forged = new Uint8Array(made.record(OWNER, NAME, { boot: 9 }));
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    const newer = made.record(OWNER, NAME, { sequence: 4 });
    made.input(OWNER, { kind: 'own', name: NAME, record: newer });
    made.run(15_000);
    made.tap = (from, _, message) => {
      if (message.kind !== 'found' || message.record.length === 0) return message;
      if (from === liar) return { ...message, record: forged };
      return from === old ? { ...message, record: made.record(OWNER, NAME) } : message;
    };
    seek(made);
    made.run(1500);
    expect(made.citizen(ASKER).found.map(({ record }) => toHex(record))).toEqual([toHex(newer)]);
    expect(made.citizen(ASKER).dropped).toContain('authentication');
  });

  it('takes no record of another name for the answer', () => {
    const made = town();
    made.tap = (from, _, message) =>
      message.kind === 'found' && HOLDERS.includes(from)
        ? { ...message, record: made.record(4, 'n4') }
        : message;
    seek(made);
    made.run(1000);
    expect(made.namesFound(ASKER)).toEqual([]);
  });

  it('asks everybody when all three hide a name, and its node answers', () => {
    const made = town();
    const keepers = keepersOf(made, NAME);
    made.tap = (from, _, message) =>
      message.kind === 'found' && keepers.includes(from) ? { ...message, record: EMPTY } : message;
    seek(made);
    made.run(900);
    expect(made.namesFound(ASKER)).toEqual([]);
    made.run(9000);
    expect(made.namesFound(ASKER)).toEqual([made.short(OWNER)]);
    expect(made.citizen(ASKER).machine.figures(made.now)).toMatchObject({ byHolders: 0, byRings: 1 });
  });

  it('shows all who claim a name, the oldest claim first', () => {
    const made = town();
    for (const [index, claimedAt] of [
      [OWNER, 50],
      [10, 20],
      [17, 0],
    ] as const) {
      made.input(index, {
        kind: 'own',
        name: 'lamp',
        record: made.record(index, 'lamp', { sequence: 1, claimedAt }),
      });
    }
    made.run(15_000);
    seek(made, ASKER, 'lamp');
    made.run(1500);
    expect(made.namesFound(ASKER)).toEqual([10, OWNER, 17].map((index) => made.short(index)));
  });

  it('without anybody who keeps records everybody is asked, further each time', () => {
    const made = new Town({ count: COUNT, edges: lattice(WIDTH, 5) });
    made.settle([]);
    expect(made.sent).toEqual([]);
    seek(made);
    made.run(8000);
    expect(made.namesFound(ASKER)).toEqual([made.short(OWNER)]);
    const widest = Math.max(
      ...made.sent.map(({ message }) => (message.kind === 'lookup' ? message.hopLimit : 0)),
    );
    expect(widest).toBe(16); // nine hops
  });

  it('moves to who is closest when holders come and go', () => {
    const made = town();
    const [first = 0, second = 0, third = 0] = keepersOf(made, NAME);
    for (const dead of [first, second, third]) made.citizen(dead).isDead = true;
    const left = HOLDERS.filter((holder) => ![first, second, third].includes(holder));
    made.appoint(left);
    made.run(11_000);
    seek(made);
    made.run(1000);
    expect(made.citizen(ASKER).machine.figures(made.now)).toMatchObject({ byHolders: 1, byRings: 0 });
  });

  it('is renewed by its owner, and over an hour after its owner is gone', () => {
    const made = town();
    made.run(65 * 60_000);
    const [keeper = 0] = keepersOf(made, NAME);
    const before = made.citizen(keeper).machine.figures(made.now).records;
    expect(before).toBeGreaterThan(0);
    made.citizen(OWNER).isDead = true;
    made.run(65 * 60_000);
    expect(made.citizen(keeper).machine.figures(made.now).records).toBeLessThan(before);
    made.sent.length = 0;
    seek(made);
    made.run(2000);
    expect(made.namesFound(ASKER)).toEqual([]);
  }, 60_000);

  it('stops when the application needs it no longer, and asks seldom for what nobody has', () => {
    const made = town();
    made.input(ASKER, { kind: 'seekName', name: 'nobody', until: Infinity });
    made.run(20_000);
    made.sent.length = 0;
    made.run(10 * 60_000);
    const asked = made.sent.filter(({ from, message }) => from === ASKER && message.kind === 'lookup').length;
    expect(asked).toBeLessThan(100);
    made.input(ASKER, { kind: 'known', name: 'nobody' });
    made.sent.length = 0;
    made.run(30 * 60_000);
    expect(made.sent.filter(({ message }) => message.kind === 'lookup')).toEqual([]);
  }, 60_000);
});

describe('what members can do to the index (§9.6)', () => {
  it('an older record does not replace a newer one, nor does a forged one', () => {
    const made = town();
    const [keeper = 0] = keepersOf(made, NAME);
    const neighbor = keeper + 1;
    const newer = made.record(OWNER, NAME, { sequence: 7 });
    const holder = shortBytes(made.short(keeper));
    const store = (record: Uint8Array): void =>
      made.input(keeper, {
        kind: 'message',
        neighbor,
        message: { kind: 'store', subject: 1, holder, where: EMPTY, record },
      });
    store(newer);
    store(made.record(OWNER, NAME, { sequence: 3 }));
    const forged = new Uint8Array(made.record(OWNER, NAME, { sequence: 9 }));
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    store(forged);
    expect(made.citizen(keeper).dropped.slice(-2)).toEqual(['replay', 'authentication']);
    const answers: Found[] = [];
    made.tap = (from, _, message) => {
      if (from === keeper && message.kind === 'found') answers.push(message);
      return message;
    };
    seek(made);
    made.run(1000);
    expect(answers.map(({ record }) => toHex(record))).toContain(toHex(newer));
  });

  it('questions to everybody are passed on for a neighbour only so often', () => {
    const made = town();
    const strangers = new Town({ count: 100, edges: [], seed: 5 });
    for (let i = 0; i < 100; i++) {
      const key = shortBytes(strangers.short(i));
      const message = { kind: 'lookup', subject: 1, key, source: key, towards: key, hopLimit: 255 } as const;
      made.input(1, { kind: 'message', neighbor: 0, message });
    }
    const passed = made.sent.filter(({ from }) => from === 1).length;
    expect(passed).toBeLessThanOrEqual(65 * 2);
    expect(made.citizen(1).dropped).toContain('overLimit');
  });

  it('over slow links hardly any', () => {
    const made = new Town({ count: COUNT, edges: lattice(WIDTH, 5), bitrate: 9600 });
    made.settle([]);
    for (let i = 0; i < 8; i++) seek(made, ASKER, `nobody-${i}`);
    made.run(20_000);
    const sent = made.sent.filter(({ from, to }) => from === ASKER && to === 1).length;
    expect(sent).toBeLessThanOrEqual(8 + 10);
    expect(sent).toBeGreaterThan(8);
  });

  it('only neighbours are heard', () => {
    const made = town();
    const key = shortBytes(made.short(2));
    const message = { kind: 'lookup', subject: 1, key, source: key, towards: key, hopLimit: 255 } as const;
    made.input(1, { kind: 'message', neighbor: 99, message });
    expect(made.sent).toEqual([]);
  });
});
