import { describe, expect, it } from 'vitest';
import { type Edge, lattice, line, randomGraph, ring } from './graphs.js';
import { Network } from './network.js';

const SHAPES: readonly {
  readonly name: string;
  readonly nodeCount: number;
  readonly edges: readonly Edge[];
}[] = [
  { name: 'two', nodeCount: 2, edges: line(2) },
  { name: 'a line', nodeCount: 10, edges: line(10) },
  { name: 'a ring', nodeCount: 11, edges: ring(11) },
  { name: 'a lattice', nodeCount: 36, edges: lattice(6, 6) },
  { name: 'two islands', nodeCount: 8, edges: [...line(4), [4, 5], [5, 6], [6, 7]] },
  ...[1, 2, 3, 4, 5].map((seed) => ({
    name: `random ${seed}`,
    nodeCount: 24,
    edges: randomGraph(seed, 24, 14),
  })),
];

describe('routes settle on what the links allow (SPEC §8.1)', () => {
  for (const { name, nodeCount, edges } of SHAPES) {
    it(`${name}: whoever is connected has a way, and a shortest one`, () => {
      const network = new Network({ seed: 7, nodeCount, edges });
      network.run(40_000);
      expect(network.disagreements()).toEqual([]);
      for (let node = 0; node < nodeCount; node++) {
        network.distances(node).forEach((distance, destination) => {
          if (distance === Infinity) return;
          expect((network.way(node, destination)?.length ?? 0) - 1).toBe(distance);
        });
      }
    });
  }
});
