import {
  adjacency,
  buildScenario,
  clique,
  geometric,
  graphOf,
  healWorld,
  joined,
  lattice,
  line,
  NobodyFloods,
  Prng,
  pieces,
  randomGraph,
  ring,
  type Scenario,
  scenarioOf,
  star,
  type Topology,
  type World,
} from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { type Flooder, flooder } from './toys.js';

describe('graphs', () => {
  it('have the edges of their name', () => {
    expect(line(4).edges).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(ring(4).edges).toHaveLength(4);
    expect(ring(2).edges).toHaveLength(1);
    expect(star(5).edges.every(([a]) => a === 0)).toBe(true);
    expect(clique(6).edges).toHaveLength(15);
    expect(lattice(4, 3).edges).toHaveLength(3 * 3 + 4 * 2);
    expect(line(1)).toEqual({ count: 1, edges: [] });
  });

  it('geometric ones have about the degree asked for, and repeat by seed', () => {
    const graph = geometric(new Prng(1), 1000, 10);
    expect(Math.abs((2 * graph.edges.length) / 1000 - 10)).toBeLessThan(0.5);
    expect(geometric(new Prng(1), 1000, 10)).toEqual(graph);
    expect(pieces(joined(geometric(new Prng(2), 200, 3)))).toHaveLength(1);
  });

  it('random ones are in one piece, without loops or double edges', () => {
    for (let seed = 1; seed < 50; seed++) {
      const graph = randomGraph(new Prng(seed), 2 + (seed % 12), 4);
      expect(pieces(graph)).toHaveLength(1);
      expect(new Set(graph.edges.map(String)).size).toBe(graph.edges.length);
      expect(graph.edges.every(([a, b]) => a < b)).toBe(true);
    }
  });

  it('fall into the pieces that remain without some nodes', () => {
    expect(pieces(line(5), new Set([2]))).toEqual([
      [0, 1],
      [3, 4],
    ]);
    expect(pieces({ count: 3, edges: [[0, 2]] })).toEqual([[0, 2], [1]]);
    expect(adjacency(line(3))).toEqual([[1], [0, 2], [1]]);
  });

  it('of each topology are in one piece', () => {
    const topologies: Topology[] = ['line', 'ring', 'lattice', 'star', 'clique', 'geometric', 'random'];
    for (const topology of topologies) {
      for (const count of [2, 3, 7, 30])
        expect(pieces(graphOf(topology, count, new Prng(count)))).toHaveLength(1);
    }
  });
});

describe('scenarios', () => {
  it('are what their seed stands for, of every kind', () => {
    const scenarios = Array.from({ length: 200 }, (_, seed) =>
      scenarioOf(seed, { countMax: 12, faultsUntilMs: 30_000 }),
    );
    expect(scenarioOf(17, { countMax: 12, faultsUntilMs: 30_000 })).toEqual(scenarios[17]);
    expect(new Set(scenarios.map(({ topology }) => topology)).size).toBe(7);
    const isQuiet = scenarios.filter(({ faults }) => faults.crashes + faults.cuts + faults.unplugs === 0);
    expect(isQuiet.length).toBeGreaterThan(40);
    expect(isQuiet.length).toBeLessThan(110);
  });

  it('run the same twice, faults and all, and a flood reaches everybody once healed', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const scenario = scenarioOf(seed, { countMax: 10, faultsUntilMs: 20_000 });
      const world = flood(scenario);
      expect(flood(scenario).describe()).toBe(world.describe());
      for (const medium of world.media) medium.change({ loss: 0 });
      const first = world.host('n0');
      first.command({ kind: 'stop' });
      world.runFor(0);
      const name = (first.node as Flooder).lastOwn;
      world.runFor(3000);
      for (const host of world.hosts) expect((host.node as Flooder).seen).toContain(name);
    }
  });

  function flood(scenario: Scenario): World {
    const checkers = [new NobodyFloods({ pendingMax: 5000, outputsMax: 50 })];
    const { world } = buildScenario(scenario, { makeNode: flooder(500), checkers });
    world.runFor(30_000);
    healWorld(world);
    world.runFor(1000);
    return world;
  }
});
