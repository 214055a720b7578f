import { describe, expect, it } from 'vitest';
import { ACCEPTING, NEEDY, RELIANT, RESTED, ROOMY, Standing, THROUGH } from '../../src/election/flags.js';
import { Lone, type LoneOptions } from './lone.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const OPEN = Standing.serving | ACCEPTING | ROOMY | THROUGH;

/** A leaf with neighbours 1, 2 and 3 that said something. */
function leaf(options: LoneOptions = {}): Lone {
  const lone = new Lone(options);
  lone.up(1, 2, 3);
  for (const neighbor of [1, 2, 3]) lone.advert(neighbor);
  expect(lone.msUntil('leaf', 11 * SECOND_MS)).toBeGreaterThanOrEqual(5 * SECOND_MS);
  return lone;
}

/** One that serves because neighbour 1 needed it. */
function supernode(options: LoneOptions = {}): Lone {
  const lone = leaf(options);
  lone.needy(1);
  expect(lone.msUntil('super', MINUTE_MS)).toBeDefined();
  lone.advert(1);
  return lone;
}

describe('need (§8.5)', () => {
  it('is felt by who knows somebody out of reach, 2 s later, and told at once', () => {
    const lone = leaf({ willingness: 0 });
    lone.run(10 * SECOND_MS);
    expect(lone.role?.isNeedy).toBe(false);
    lone.input({ kind: 'beyond', isBeyond: true });
    lone.run(1900);
    expect(lone.role?.isNeedy).toBe(false);
    lone.run(200);
    expect(lone.role?.isNeedy).toBe(true);
    expect((lone.advertised?.flags ?? 0) & NEEDY).toBe(NEEDY);
  });

  it('is reported as it comes and goes, also where it never becomes a lack', () => {
    const lone = leaf({ willingness: 0 });
    lone.input({ kind: 'beyond', isBeyond: true });
    lone.run(SECOND_MS);
    expect(lone.role).toMatchObject({ isNeedy: false, wanted: 2 });
    lone.input({ kind: 'beyond', isBeyond: false });
    lone.run(SECOND_MS);
    expect(lone.role).toMatchObject({ isNeedy: false, wanted: 0 });
  });

  it('is not felt by who is alone: it listens for ever', () => {
    const lone = new Lone();
    lone.input({ kind: 'beyond', isBeyond: true });
    lone.run(HOUR_MS);
    expect(lone.role?.state ?? 'listen').toBe('listen');
  });

  it('ends with two reservations by two first hops', () => {
    const lone = leaf({ willingness: 0 });
    lone.input({ kind: 'beyond', isBeyond: true });
    for (const neighbor of [1, 2]) {
      lone.advert(neighbor, { flags: OPEN });
      const asked = lone.outputs.some((o) => o.kind === 'send' && o.to === lone.short(neighbor));
      expect(asked).toBe(true);
      const message = { kind: 'reserved', lifetimeS: 600, bytesPerMinute: 60_000 } as const;
      lone.input({ kind: 'message', from: lone.short(neighbor), message });
    }
    lone.run(5 * SECOND_MS);
    expect(lone.role).toMatchObject({ isNeedy: false, wanted: 2 });
    expect(lone.role?.supernodes.map(({ peer }) => peer)).toEqual([lone.short(1), lone.short(2)]);
  });

  it('stays when supernodes only exist: what counts is what was granted', () => {
    const lone = leaf({ willingness: 0 });
    lone.input({ kind: 'beyond', isBeyond: true });
    lone.advert(1, { flags: OPEN });
    lone.advert(2, { flags: OPEN });
    lone.run(20 * SECOND_MS);
    expect(lone.role?.isNeedy).toBe(true);
  });

  it('of a neighbour is heeded once in 10 s', () => {
    const lone = leaf();
    lone.needy(1);
    lone.advert(1);
    lone.needy(1);
    lone.run(8 * SECOND_MS);
    expect(lone.role?.state).toBe('leaf');
    lone.run(20 * SECOND_MS);
    expect(lone.role?.state).toBe('super');
  });

  it('of somebody who is not a neighbour counts for nothing', () => {
    const lone = leaf();
    lone.needy(9);
    expect(lone.outputs.at(-1)).toEqual({ kind: 'dropped', reason: 'notNeighbor' });
    lone.run(MINUTE_MS);
    expect(lone.role?.state).toBe('leaf');
  });
});

describe('turns (§8.7)', () => {
  const turnOf = (adverts: readonly (readonly [number, number])[]) => {
    const lone = new Lone();
    lone.up(1, 2, 3);
    for (const [neighbor, debt] of adverts) lone.advert(neighbor, { debt });
    lone.msUntil('leaf', 11 * SECOND_MS);
    lone.needy(1);
    return lone.msUntil('super', MINUTE_MS);
  };

  it('come in an order that does not depend on the order of the adverts', () => {
    const adverts = [
      [1, 3],
      [2, 0],
      [3, 7],
    ] as const;
    const turn = turnOf(adverts);
    expect(turnOf([...adverts].reverse())).toBe(turn);
    const other = [
      [1, 0],
      [2, 255],
      [3, 255],
    ] as const;
    expect(turnOf(other)).not.toBe(turn); // the order is about what they say
  });

  it('come later for each neighbour with less debt, and not for those that have served lately', () => {
    const turn = (flags: number, score: number) => {
      const lone = leaf({ stored: Uint8Array.from([128, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 4]) });
      for (const neighbor of [1, 2, 3]) lone.advert(neighbor, { flags, score });
      lone.advert(1, { flags: flags | NEEDY, score });
      return lone.msUntil('super', MINUTE_MS) ?? 0;
    };
    const first = turn(THROUGH | RESTED, 9);
    expect(first).toBeGreaterThanOrEqual(2 * SECOND_MS);
    expect(first).toBeLessThanOrEqual(4 * SECOND_MS + 50);
    expect(turn(THROUGH, 0)).toBe(first);
    expect(turn(THROUGH, 9)).toBeGreaterThanOrEqual(first + 8 * SECOND_MS);
  });

  it('pass when a supernode comes in sight: it has 2 s', () => {
    const lone = leaf();
    lone.needy(1);
    lone.run(1500);
    lone.advert(2, { flags: OPEN });
    lone.run(1900);
    expect(lone.role?.state).toBe('candidate');
    lone.advert(1);
    lone.run(MINUTE_MS);
    expect(lone.role?.state).toBe('leaf');
  });

  it.each([
    ['who is not willing', { willingness: 0 }],
    ['who has no room for reservations', { limits: { reservationCountMax: 0 } }],
  ])('never come for %s', (_, options) => {
    const lone = leaf(options);
    lone.needy(1);
    lone.run(10 * MINUTE_MS);
    expect(lone.role?.state).toBe('leaf');
    expect(lone.role?.score).toBe(0);
  });

  it('never come on a low battery', () => {
    const lone = leaf();
    lone.input({ kind: 'capability', capability: { batteryPercent: 19 } });
    lone.needy(1);
    lone.run(10 * MINUTE_MS);
    expect(lone.role?.state).toBe('leaf');
  });
});

describe('a supernode (§8.8)', () => {
  const key = (i: number) => i.toString(16).padStart(16, '0');

  it('grants by tokens and slots, and says BUSY with a growing pause', () => {
    const lone = supernode({ limits: { reservationCountMax: 20 } });
    const isGranted = (i: number) => lone.reserve(key(i), RELIANT);
    for (let i = 0; i < 16; i++) expect(isGranted(i)).toMatchObject({ message: { kind: 'reserved' } });
    const refused = lone.reserve(key(16));
    expect(refused).toMatchObject({ message: { kind: 'busy' } });
    expect(lone.reserve(key(16), 0, 15)).toMatchObject({ message: { kind: 'busy', retryS: 60 } });
    lone.run(SECOND_MS);
    for (let i = 16; i < 20; i++) expect(isGranted(i)).toMatchObject({ message: { kind: 'reserved' } });
    lone.run(MINUTE_MS);
    expect(lone.reserve(key(20))).toMatchObject({ message: { kind: 'busy' } });
    expect(lone.reserve(key(3))).toMatchObject({ message: { kind: 'reserved' } });
    expect(lone.role?.state).toBe('super');
    expect((lone.advertised?.flags ?? 0) & (ACCEPTING | ROOMY)).toBe(0);
  });

  it('with many slots takes half of them at once, and half of that in each second', () => {
    const lone = supernode({ limits: { reservationCountMax: 128 } });
    const grantedOf = (from: number) => {
      let count = 0;
      for (let i = from; i < from + 128; i++) {
        const answer = lone.reserve(key(i));
        if (answer?.kind === 'send' && answer.message.kind === 'reserved') count++;
      }
      return count;
    };
    expect(grantedOf(0)).toBe(64);
    lone.run(SECOND_MS);
    expect(grantedOf(200)).toBe(32);
  });

  it('forgets a reservation that is not prolonged for 10 min', () => {
    const lone = supernode();
    lone.reserve(key(1), RELIANT);
    lone.run(9 * MINUTE_MS);
    expect(lone.role?.serves).toEqual([key(1)]);
    lone.run(2 * MINUTE_MS);
    expect(lone.role?.serves).toEqual([]);
  });

  it('retires when nobody needs it: says so for 6 s, then goes', () => {
    const lone = supernode();
    const ms = lone.msUntil('retiring', MINUTE_MS) ?? 0;
    expect(ms).toBeGreaterThanOrEqual(12 * SECOND_MS);
    expect(lone.advertised?.flags ?? 0).toBe(Standing.retiring | THROUGH);
    expect(lone.msUntil('leaf', MINUTE_MS)).toBe(6 * SECOND_MS);
  });

  it.each([
    ['a neighbour that needs', (lone: Lone) => lone.needy(2)],
    ['somebody who relies on it', (lone: Lone) => void lone.reserve(key(1), RELIANT)],
  ])('stays when %s objects', (_, object) => {
    const lone = supernode();
    lone.msUntil('retiring', MINUTE_MS);
    lone.run(5 * SECOND_MS);
    object(lone);
    expect(lone.role?.state).toBe('super');
    lone.run(50 * SECOND_MS);
    expect(lone.role?.state).toBe('super');
  });

  it('in one phase is gone before anybody can object', () => {
    const lone = supernode({ rules: { retiresInTwoPhases: false } });
    expect(lone.msUntil('retiring', MINUTE_MS)).toBeUndefined();
    expect(lone.role?.state).toBe('leaf');
  });

  it('does not retire while somebody relies on it, and at the end of its term waits for him', () => {
    const lone = supernode({ rules: { termMs: 10 * MINUTE_MS } });
    lone.reserve(key(1), RELIANT);
    const isPresent = () => lone.reserve(key(1), RELIANT);
    while (lone.role?.state === 'super') {
      lone.run(MINUTE_MS);
      isPresent();
    }
    expect(lone.role?.state).toBe('handover');
    expect(lone.reserve(key(2))).toMatchObject({ message: { kind: 'busy' } });
    expect(lone.msUntil('super', 4 * MINUTE_MS)).toBeGreaterThanOrEqual(2 * MINUTE_MS);
  });

  it('hands over after its term when those it serves have found others', () => {
    const lone = supernode({ rules: { termMs: 5 * MINUTE_MS } });
    lone.reserve(key(1), RELIANT);
    expect(lone.msUntil('handover', 10 * MINUTE_MS)).toBeDefined();
    lone.input({ kind: 'message', from: key(1), message: { kind: 'release' } });
    expect(lone.msUntil('leaf', MINUTE_MS)).toBe(30 * SECOND_MS);
    expect((lone.advertised?.flags ?? 0) & RESTED).toBe(RESTED);
  });

  it.each([
    ['refused', (lone: Lone) => lone.input({ kind: 'willingness', value: 0 })],
    ['out of energy', (lone: Lone) => lone.input({ kind: 'capability', capability: { batteryPercent: 10 } })],
  ])('leaves at once when it is %s', (_, end) => {
    const lone = supernode();
    lone.reserve(key(1), RELIANT);
    end(lone);
    expect(lone.role?.state).toBe('handover');
    expect(lone.msUntil('leaf', MINUTE_MS)).toBe(30 * SECOND_MS);
  });

  it('refuses a willingness that there is not', () => {
    expect(() => new Lone().input({ kind: 'willingness', value: 8 })).toThrow(/0 to 7/);
  });
});

describe('a reservation (§8.8)', () => {
  function holding(): Lone {
    const lone = leaf({ willingness: 0 });
    lone.input({ kind: 'beyond', isBeyond: true });
    for (const neighbor of [1, 2]) {
      lone.advert(neighbor, { flags: OPEN });
      grant(lone, neighbor);
    }
    return lone;
  }
  const grant = (lone: Lone, neighbor: number) =>
    lone.input({
      kind: 'message',
      from: lone.short(neighbor),
      message: { kind: 'reserved', lifetimeS: 600, bytesPerMinute: 60_000 },
    });
  const holders = (lone: Lone) => lone.role?.supernodes.map(({ peer }) => peer);
  const asked = (lone: Lone, neighbor: number) =>
    lone.outputs.filter(
      (o) => o.kind === 'send' && o.to === lone.short(neighbor) && o.message.kind === 'reserve',
    );

  it('is prolonged at half of its life, and lost when three askings stay unanswered', () => {
    const lone = holding();
    lone.outputs.length = 0;
    lone.run(5 * MINUTE_MS + 500);
    expect(asked(lone, 1).length).toBeGreaterThanOrEqual(1);
    lone.run(5 * SECOND_MS);
    expect(asked(lone, 1).length).toBeGreaterThanOrEqual(3);
    expect(holders(lone)).toEqual([]);
    lone.run(3 * SECOND_MS);
    expect(lone.role?.isNeedy).toBe(true);
  });

  it('of no time at all is not asked for again without end', () => {
    const lone = holding();
    const message = { kind: 'reserved', lifetimeS: 0, bytesPerMinute: 0 } as const;
    lone.input({ kind: 'message', from: lone.short(1), message });
    lone.outputs.length = 0;
    lone.run(20 * SECOND_MS);
    expect(asked(lone, 1)).toHaveLength(0);
  });

  it('is looked after at once when its supernode is suspect', () => {
    const lone = holding();
    lone.outputs.length = 0;
    lone.input({ kind: 'suspect', peer: lone.short(1) });
    expect(asked(lone, 1)).toHaveLength(1);
    lone.run(4 * SECOND_MS);
    expect(holders(lone)).toEqual([lone.short(2)]);
  });

  it('ends with the path to its supernode, and another one is asked at once', () => {
    const lone = holding();
    lone.advert(3, { flags: OPEN });
    lone.outputs.length = 0;
    lone.input({ kind: 'peerDown', peer: lone.short(1) });
    expect(asked(lone, 3)).toHaveLength(1);
  });

  it('moves before its supernode has left: the new one is held first', () => {
    const lone = holding();
    lone.advert(3, { flags: OPEN });
    lone.advert(1, { flags: Standing.retiring | THROUGH });
    expect(holders(lone)).toEqual([lone.short(1), lone.short(2)]);
    grant(lone, 3);
    expect(holders(lone)).toEqual([lone.short(2), lone.short(3)]);
    expect(lone.role?.isNeedy).toBe(false);
  });

  it('of a refused asker waits as long as it was told', () => {
    const lone = leaf({ willingness: 0 });
    lone.input({ kind: 'beyond', isBeyond: true });
    lone.advert(1, { flags: OPEN });
    lone.outputs.length = 0;
    const message = { kind: 'busy', retryS: 20 } as const;
    lone.input({ kind: 'message', from: lone.short(1), message });
    lone.run(19 * SECOND_MS);
    expect(asked(lone, 1)).toHaveLength(0);
    lone.run(2 * SECOND_MS);
    expect(asked(lone, 1)[0]).toMatchObject({ message: { attempt: 1 } });
  });

  it('is found two hops away, and not by the same first hop while there is another', () => {
    const lone = leaf({ willingness: 0 });
    lone.input({ kind: 'beyond', isBeyond: true });
    const entry = (byte: number) => [byte, 0, 0, 0, 0, 0, 0, byte, OPEN & 15];
    lone.advert(1, { supers: Uint8Array.from([...entry(0xa1), ...entry(0xa2)]) });
    lone.advert(2, { supers: Uint8Array.from(entry(0xb1)) });
    for (const peer of ['a1000000000000a1', 'a2000000000000a2', 'b1000000000000b1']) {
      lone.input({
        kind: 'message',
        from: peer,
        message: { kind: 'reserved', lifetimeS: 600, bytesPerMinute: 60_000 },
      });
    }
    const held = holders(lone) ?? [];
    expect(held).toHaveLength(2);
    expect(held).toContain('b1000000000000b1');
  });
});

describe('the era (§8.6)', () => {
  it('moves on by what two neighbours say, not by one', () => {
    const lone = leaf();
    lone.advert(1, { era: 500_000 });
    lone.needy(2);
    expect(lone.role?.era ?? 0).toBe(0);
    lone.advert(2, { era: 400_000, flags: THROUGH | NEEDY });
    lone.msUntil('super', MINUTE_MS);
    expect(lone.role?.era).toBe(400_000);
  });

  it('is that of the clock where there is one', () => {
    const lone = leaf();
    lone.input({ kind: 'wallClock', unixMs: 3_600_000 * 491_234 });
    lone.advert(1, { era: 500_000 });
    lone.advert(2, { era: 500_000, flags: THROUGH | NEEDY });
    lone.msUntil('super', MINUTE_MS);
    expect(lone.role?.era).toBe(491_234);
  });
});

describe('adverts at rest (§8.6)', () => {
  it('are not repeated, unless the neighbour lacks one', () => {
    const lone = leaf();
    lone.run(MINUTE_MS);
    const adverts = () => lone.outputs.filter((output) => output.kind === 'advert').length;
    const before = adverts();
    lone.run(30 * MINUTE_MS);
    expect(adverts()).toBe(before);
    lone.input({ kind: 'tellAgain', neighbor: 2 });
    lone.run(2 * SECOND_MS);
    expect(adverts()).toBe(before + 2);
  });

  it('are with the rule off, each second', () => {
    const lone = leaf({ rules: { advertsOnChange: false } });
    lone.outputs.length = 0;
    lone.run(10 * SECOND_MS);
    expect(lone.outputs.filter((output) => output.kind === 'advert').length).toBeGreaterThanOrEqual(30);
  });

  it('are in the digests of both ends, the same', () => {
    const lone = leaf();
    const other = new Lone();
    other.up(0);
    lone.run(2 * SECOND_MS);
    const told = lone.advertised;
    if (told !== undefined) other.input({ kind: 'message', from: other.short(0), message: told });
    expect(lone.election.toldDigest(1)).toBeGreaterThan(0);
    expect(other.election.heardDigest(0)).toBe(lone.election.toldDigest(1));
  });
});
