import { BOXES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { expected, meet, pairs } from './matrix.js';
import { Site } from './site.js';

/** Relay round trip 120 ms on average: session, request, and the wait of the end that yields. */
const WITHIN_MS = 2000;
const BYTES_MAX = 700;

/** Many meetings of each pair: scenario `nat-pairs`. */
describe('two nodes behind boxes of every kind (§7.11)', () => {
  const cells = pairs().map(([a, b]) => [a, b, expected(a, b)] as const);

  it.each(cells)('%s and %s: %s', (a, b, how) => {
    const meeting = meet(a, b);
    if (how !== 'either') expect(meeting.how).toBe(how);
    expect(['direct', 'relayed']).toContain(meeting.how);
    expect(meeting.ms ?? 0).toBeLessThanOrEqual(WITHIN_MS);
    const isEasy = !['predictable', 'random'].includes(a) && !['predictable', 'random'].includes(b);
    if (isEasy) expect(meeting.bytes).toBeLessThanOrEqual(BYTES_MAX);
  });
});

describe('routers that take what comes unasked for their own (§7.11)', () => {
  const RTT_SPREAD: readonly number[] = [5, 25, 60];

  it.each(RTT_SPREAD)('meet at the first attempt, as both ends begin at once: %i ms away', (delayMs) => {
    for (let seed = 1; seed <= 10; seed++) {
      const site = new Site({ seed, a: BOXES.unasked, b: BOXES.unasked, internet: { delayMs, jitterMs: 2 } });
      expect(site.meet(3000)).toBeDefined();
    }
  });
});

describe('two nodes behind one box (§7.11)', () => {
  it.each([false, true])(
    'find each other on their own network, whether it turns packets back or not',
    (hairpins) => {
      const site = new Site({ seed: 1, a: { ...BOXES.port, hairpins }, b: 'behind a' });
      expect(site.meet()).toBeDefined();
      const inside = site.a.ports[0]?.address.substring(0, 10);
      expect([...site.seenBy(site.b)].some((address) => address.startsWith(inside ?? '-'))).toBe(true);
    },
  );
});

describe('what a node says of itself (§7.11)', () => {
  const cases = [
    ['open', 'none', 'open'],
    ['cone', 'independent', 'open'],
    ['port', 'independent', 'restricted'],
    ['predictable', 'predictable', 'restricted'],
    ['random', 'random', 'restricted'],
  ] as const;

  it.each(cases)('behind %s: mapping %s, filtering %s', (box, mapping, filtering) => {
    const site = new Site({ seed: 3, a: BOXES[box], b: BOXES.open, strangers: 6 });
    site.net.world.runFor(30_000);
    const told = site.a.eventsOf('reachability').at(-1)?.reachability;
    expect(told).toMatchObject({ link: 1, mapping, filtering });
    expect(told?.evidence.length).toBeGreaterThanOrEqual(2);
    const observers = ['r1', 'r2'].map((name) => site.net.id(name));
    for (const { observer, at } of told?.evidence ?? []) {
      expect(observers).toContain(observer);
      expect(at).toBeLessThanOrEqual(30_000);
    }
  });

  it('is found out anew when its address changes', () => {
    const site = new Site({ seed: 4, a: BOXES.port, b: BOXES.open, strangers: 6 });
    site.net.world.runFor(20_000);
    const before = site.a.eventsOf('reachability').at(-1)?.reachability.address;
    site.boxes.a?.reboot();
    site.net.world.runFor(15 * 60_000);
    const after = site.a.eventsOf('reachability').at(-1)?.reachability;
    expect(after?.address).not.toBe(before);
    expect(after).toMatchObject({ mapping: 'independent', filtering: 'restricted' });
  });
});
