import { clique, geometric, joined, lattice, line, Prng, star } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Population } from './population.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** How long a change may follow the end of a term that caused it: a renewal, and a retirement after it. */
const AFTERMATH_MS = 25 * MINUTE_MS;

function secondsUntil(people: Population, share: number, withinS: number): number | undefined {
  for (let second = 1; second <= withinS; second++) {
    people.world.runFor(SECOND_MS);
    if (people.covered() >= share) return second;
  }
  return undefined;
}

describe('the smallest networks (§8.5)', () => {
  it.each([1, 2, 3, 4, 5])('%i in a clique have no supernode and no role ever changes', (count) => {
    const people = new Population({ seed: count, graph: clique(count) });
    people.world.runFor(2 * HOUR_MS);
    expect(people.supers()).toEqual([]);
    expect(people.changesSince(MINUTE_MS)).toEqual([]);
    if (count > 1) expect(people.covered()).toBe(1);
  });

  for (const [shape, make] of [
    ['star', star],
    ['chain', line],
  ] as const) {
    it.each([3, 4, 5])(`%i in a ${shape} have one or two, which change with their terms only`, (count) => {
      const people = new Population({ seed: count, graph: make(count) });
      people.world.runFor(15 * MINUTE_MS);
      const settled = people.supers().length;
      expect(settled).toBeGreaterThanOrEqual(1);
      expect(settled).toBeLessThanOrEqual(2);
      expect(people.covered()).toBe(1);
      people.world.runFor(2 * HOUR_MS);
      const later = people.changesSince(15 * MINUTE_MS);
      const ends = later.filter(({ state }) => state === 'handover').map(({ atMs }) => atMs);
      expect(ends.length).toBeGreaterThan(0);
      const isCaused = (at: number) => ends.some((end) => at >= end && at <= end + AFTERMATH_MS);
      expect(later.filter(({ atMs }) => !isCaused(atMs))).toEqual([]);
    });
  }
});

describe('sixty nodes that all start at once (§8.7)', () => {
  const graph = joined(geometric(new Prng(1, 99), 60, 8));

  it('have two supernodes each within 20 s, and again within 60 s when all of those die for ever', () => {
    const people = new Population({ seed: 1, graph });
    expect(secondsUntil(people, 0.99, MINUTE_MS)).toBeLessThanOrEqual(20);
    people.world.runFor(2 * MINUTE_MS);
    expect(people.covered()).toBe(1);
    const supers = people.supers();
    expect(supers.length).toBeLessThanOrEqual(15);
    people.roles.forEach((role, node) => {
      if (role?.state === 'leaf') expect([role.wanted, people.coverage(node)]).toEqual([2, 2]);
    });
    const claims = people.changes.length;
    people.world.runFor(10 * MINUTE_MS);
    expect(people.changes.length - claims).toBeLessThanOrEqual(4);
    for (const node of supers) people.kill(node);
    expect(people.covered()).toBeLessThan(0.5);
    expect(secondsUntil(people, 0.99, 2 * MINUTE_MS)).toBeLessThanOrEqual(60);
  });

  it('have none where nobody is willing, and say so', () => {
    const people = new Population({ seed: 1, graph, willingnessOf: () => 0 });
    people.world.runFor(MINUTE_MS);
    expect(people.supers()).toEqual([]);
    expect(people.roles.every((role) => role?.isNeedy === true && role.score === 0)).toBe(true);
  });
});

describe('people who come and go (§8.5)', () => {
  it('are covered for all but the moments that noticing takes', () => {
    const graph = lattice(4, 3);
    const people = new Population({ seed: 3, graph });
    const random = new Prng(3, 77);
    people.world.runFor(MINUTE_MS);
    const start = people.world.now;
    const hours = 3;
    const turnAt = people.roles.map(() => start + random.fraction() * 8 * HOUR_MS);
    let sum = 0;
    let looks = 0;
    for (; people.world.now < start + hours * HOUR_MS; looks++) {
      people.world.runFor(MINUTE_MS / 2);
      turnAt.forEach((at, node) => {
        if (people.world.now < at) return;
        const wasRunning = people.host(node).isRunning;
        if (wasRunning) people.kill(node);
        else people.host(node).start();
        turnAt[node] = people.world.now + random.fraction() * (wasRunning ? 20 * MINUTE_MS : 8 * HOUR_MS);
      });
      sum += people.covered();
    }
    expect(sum / looks).toBeGreaterThanOrEqual(0.98);
    const claims = people.changesSince(start).filter(({ state }) => state === 'super').length;
    expect(claims / hours / graph.count).toBeLessThanOrEqual(1);
  });
});
