import { describe, expect, it } from 'vitest';
import { type Name, Pair, type PairOptions } from './pair.js';

const NAMES: readonly Name[] = ['a', 'b'];
const DOORS = 256;

function pairOf(options: PairOptions): Pair {
  const pair = new Pair({ doors: DOORS, isWitness: true, ...options });
  for (const name of NAMES) pair.observe(name);
  return pair;
}

function probesOf(pair: Pair, name: Name): number {
  return pair[name].sent.filter(({ kind }) => kind === 'transmit').length;
}

describe('a box that gives random ports, and one that lets in only whom it sent to (§7.11)', () => {
  it.each(NAMES)('are passed by many doors, and many tries: random is the box of %s', (name) => {
    for (let seed = 1; seed <= 20; seed++) {
      const pair = pairOf({ seed, random: [name] });
      expect(pair.meet(4000)).toBeDefined();
      for (const end of NAMES) expect(probesOf(pair, end)).toBeLessThanOrEqual(2000);
      const [way] = pair[name].sent.flatMap((o) => (o.kind === 'proven' ? [o.via.address] : []));
      expect(way).toMatch(/#\d+$/);
    }
  });

  it.each([
    ['nobody has doors', { random: ['a'], doors: 0 }],
    ['no neighbor vouches for the address', { random: ['a'], isWitness: false }],
    ['both boxes are so', { random: ['a', 'b'] }],
  ] as const)('are not, and cost a few packets, where %s', (_, options) => {
    const pair = pairOf(options);
    expect(pair.meet(120_000)).toBeUndefined();
    for (const end of NAMES) expect(probesOf(pair, end)).toBeLessThanOrEqual(3 * 12);
  });

  it.each(NAMES)('are passed at the second attempt where ports of %s seemed to have an order', (name) => {
    for (let seed = 1; seed <= 20; seed++) {
      const pair = pairOf({ seed, random: [name], seemsOrdered: true });
      expect(pair.meet(12_000)).toBeGreaterThan(2000);
    }
  });

  it('are tried so once a minute at most', () => {
    const pair = pairOf({ random: ['a'] });
    const { mappings } = pair.a;
    mappings.set = () => mappings; // nothing gets in
    pair.runTo(30_000);
    const before = probesOf(pair, 'b');
    expect(before).toBeGreaterThan(1750);
    expect(before).toBeLessThan(2000);
    pair.observe('b');
    pair.runTo(50_000);
    expect(probesOf(pair, 'b')).toBeLessThan(2000);
  });
});
