import { describe, expect, it } from 'vitest';
import { type Cell, expected, pairs, runCell } from './matrix.js';
import { BOXES, Site } from './site.js';

const RUNS = Number(process.env['FOGWISP_RUNS'] ?? 1);
const SEEDS = Array.from({ length: RUNS }, (_, i) => i + 1);
/** Relay round trip 120 ms on average: session, request, and the wait of the end that yields. */
const WITHIN_MS = 2000;
const BYTES_MAX = 700;

describe(`two nodes behind boxes of every kind, ${RUNS} runs each (§7.11)`, () => {
  const cells = pairs().map(([a, b]) => [a, b, expected(a, b)] as const);

  it.each(cells)('%s and %s: %s', (a, b, how) => {
    const cell = runCell(a, b, SEEDS);
    if (process.env['FOGWISP_RUNS'] !== undefined) describeCell(cell);
    if (how === 'direct') expect(cell.direct).toBeGreaterThanOrEqual(Math.ceil(RUNS * 0.99));
    if (how === 'relayed') expect(cell.relayed).toBe(RUNS);
    expect(cell.direct + cell.relayed).toBe(RUNS);
    for (const ms of cell.times) expect(ms).toBeLessThanOrEqual(WITHIN_MS);
    const isEasy = !['predictable', 'random'].includes(a) && !['predictable', 'random'].includes(b);
    if (isEasy) for (const bytes of cell.bytes) expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
  });
});

describe('routers that take what comes unasked for their own (§7.11)', () => {
  const LINUX = { ...BOXES.port, preservesPorts: true, takesUnasked: true } as const;
  const RTT_SPREAD: readonly number[] = [5, 25, 60];

  it.each(RTT_SPREAD)('meet at the first attempt, as both ends begin at once: %i ms away', (delayMs) => {
    for (let seed = 1; seed <= 10; seed++) {
      const site = new Site({ seed, a: LINUX, b: LINUX, internet: { delayMs, jitterMs: 2 } });
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
    const site = new Site({ seed: 3, a: BOXES[box], b: 'none', strangers: 6 });
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
    const site = new Site({ seed: 4, a: BOXES.port, b: 'none', strangers: 6 });
    site.net.world.runFor(20_000);
    const before = site.a.eventsOf('reachability').at(-1)?.reachability.address;
    site.boxes.a?.reboot();
    site.net.world.runFor(15 * 60_000);
    const after = site.a.eventsOf('reachability').at(-1)?.reachability;
    expect(after?.address).not.toBe(before);
    expect(after).toMatchObject({ mapping: 'independent', filtering: 'restricted' });
  });
});

function describeCell({ a, b, runs, direct, relayed, times, bytes }: Cell): void {
  const sorted = [...times].sort((x, y) => x - y);
  const [middle, worst] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
  const took = `${Math.round(middle)} / ${Math.round(worst)} ms, ${Math.max(0, ...bytes)} B`;
  console.log(`${a} ${b}: ${direct} of ${runs} direct, ${relayed} relayed, ${took}`);
}
