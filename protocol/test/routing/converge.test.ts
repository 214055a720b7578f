import { describe, expect, it } from 'vitest';
import { type Edge, lattice, line, randomGraph, ring } from './graphs.js';
import { Network } from './network.js';

interface Shape {
  readonly name: string;
  readonly nodeCount: number;
  readonly edges: readonly Edge[];
}

const SHAPES: readonly Shape[] = [
  { name: 'two nodes', nodeCount: 2, edges: line(2) },
  { name: 'a line', nodeCount: 10, edges: line(10) },
  { name: 'a ring', nodeCount: 11, edges: ring(11) },
  { name: 'a lattice', nodeCount: 36, edges: lattice(6, 6) },
  { name: 'two islands', nodeCount: 8, edges: [...line(4), [4, 5], [5, 6], [6, 7]] },
  ...[1, 2, 3, 4, 5].map((seed) => ({
    name: `random graph ${seed}`,
    nodeCount: 24,
    edges: randomGraph(seed, 24, 14),
  })),
];

/** Outputs since `from` that report a way to `destination`: hops, undefined when it was lost. */
function reported(network: Network, from: number, destination: number): readonly (number | undefined)[] {
  return network.outputs
    .slice(from)
    .flatMap(({ output: o }) =>
      o.kind === 'route' && o.destination === network.key(destination) ? [o.hops] : [],
    );
}

describe('routes settle on what the links allow (SPEC §8.3)', () => {
  it.each(SHAPES)('$name: whoever is connected has a way, hardly longer than the shortest', (shape) => {
    const network = new Network({ seed: 7, ...shape });
    network.run(10_000);
    expect(network.disagreements()).toEqual([]);
    let taken = 0;
    let shortest = 0;
    for (let node = 0; node < shape.nodeCount; node++) {
      network.distances(node).forEach((distance, destination) => {
        if (distance === Infinity) return;
        const hops = (network.way(node, destination)?.length ?? 0) - 1;
        taken += hops;
        shortest += distance;
        expect(hops).toBeLessThanOrEqual(1.25 * distance + 1);
      });
    }
    expect(taken / shortest).toBeLessThan(1.05);
  });

  it('within seconds of a hundred nodes starting together', () => {
    const network = new Network({ seed: 8, nodeCount: 100, edges: lattice(10, 10), delayMsMax: 5 });
    network.run(5000); // links come up within 500 ms
    expect(network.disagreements()).toEqual([]);
  });

  it.each(['a ring', 'random graph 1', 'random graph 2'])(
    '%s: nine cuts in ten are mended within a second, any within ten',
    (name) => {
      const shape = SHAPES.find((s) => s.name === name);
      if (shape === undefined) throw new Error(name);
      const times = shape.edges.map(([a, b], i) => {
        const network = new Network({ seed: 100 + i, ...shape });
        network.run(60_000);
        network.cutNow(a, b);
        let ms = 0;
        for (; network.disagreements().length > 0 && ms < 60_000; ms += 50) network.run(50);
        return ms;
      });
      times.sort((x, y) => x - y);
      expect(times[Math.floor(times.length * 0.9)]).toBeLessThan(1000);
      expect(times.at(-1)).toBeLessThan(10_000);
    },
  );
});

describe('what is gone is gone', () => {
  it('nobody counts to infinity for a node that left', () => {
    const edges = [...lattice(4, 4), [15, 16]] as const;
    const network = new Network({ seed: 11, nodeCount: 17, edges });
    network.run(20_000);
    const before = network.outputs.length;
    const longest = Math.max(...network.distances(16).filter(Number.isFinite));
    network.cutNow(15, 16);
    network.run(5000);
    for (let node = 0; node < 16; node++) expect(network.nextHop(node, 16)).toBeUndefined();
    const hops = reported(network, before, 16);
    for (const count of hops) expect(count ?? 0).toBeLessThanOrEqual(2 * longest);
    expect(hops.filter((count) => count === undefined).length).toBeLessThanOrEqual(2 * 16);
    network.run(120_000);
    expect(reported(network, before, 16).length).toBe(hops.length);
  });

  it('its row is free again after a while, and it is taken back when it returns', () => {
    const limits = { routeCountMax: 6, neighborCountMax: 2 };
    const network = new Network({ seed: 12, nodeCount: 5, edges: line(5), limits });
    network.run(5000);
    for (let round = 0; round < 3; round++) {
      network.cut(3, 4, true);
      network.run(400_000);
      expect(network.disagreements()).toEqual([]);
      network.join(3, 4);
      network.run(5000);
      expect(network.disagreements()).toEqual([]);
    }
  });
});

describe('partitions', () => {
  it('are known on both sides, and heal', () => {
    const network = new Network({ seed: 13, nodeCount: 20, edges: lattice(5, 4), loss: 0.05 });
    network.run(20_000);
    const across = lattice(5, 4).filter(([a, b]) => b === a + 1 && a % 5 === 2);
    for (let round = 0; round < 3; round++) {
      for (const [a, b] of across) network.cut(a, b, round === 1);
      network.run(30_000);
      expect(network.disagreements()).toEqual([]);
      expect(network.nextHop(0, 4)).toBeUndefined();
      for (const [a, b] of across) {
        if (round === 1) network.join(a, b);
        else network.mend(a, b);
      }
      network.run(10_000);
      expect(network.disagreements()).toEqual([]);
    }
  });

  it('need newer sequences to heal, which are asked for', () => {
    const network = new Network({ seed: 14, nodeCount: 12, edges: ring(12) });
    network.run(20_000);
    const before = network.outputs.length;
    network.cutNow(0, 11); // the far half must turn round, to ways longer than what it advertised
    network.run(10_000);
    expect(network.disagreements()).toEqual([]);
    const requests = network.outputs
      .slice(before)
      .filter(({ output: o }) => o.kind === 'message' && o.message.kind === 'routeRequest');
    expect(requests.length).toBeGreaterThan(0);
  });
});

describe('a restart', () => {
  it('with a new boot is through in moments', () => {
    const network = new Network({ seed: 15, nodeCount: 16, edges: lattice(4, 4) });
    network.run(20_000);
    network.restart(5);
    network.run(8000); // neighbours notice within 2.2 s
    expect(network.disagreements()).toEqual([]);
  });

  it('of everybody at once is, too', () => {
    const network = new Network({ seed: 16, nodeCount: 16, edges: lattice(4, 4) });
    network.run(20_000);
    for (let node = 0; node < 16; node++) network.restart(node);
    network.run(10_000);
    expect(network.disagreements()).toEqual([]);
  });
});
