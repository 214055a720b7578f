import { describe, expect, it } from 'vitest';
import { type Edge, lattice, line, sparseGraph } from './graphs.js';
import { Network } from './network.js';
import { reach } from './reachable.js';
import { shake } from './shake.js';

/** A quarter of the network at most; eight rows of them are for neighbours. */
const LIMITS = { routeCountMax: 16, neighborCountMax: 8 };
const NODES = 60;
const MINUTE_MS = 60_000;

const SHAPES: readonly (readonly [string, readonly Edge[]])[] = [
  ['a lattice', lattice(10, 6)],
  ['a line', line(NODES)],
  ['a random graph', sparseGraph(3, NODES, 40, LIMITS.neighborCountMax)],
];

function pairOf(network: Network): readonly [number, number] {
  const { dice } = network;
  const from = dice.below(NODES);
  return [from, (from + 1 + dice.below(NODES - 1)) % NODES];
}

describe('tables smaller than the network (§8.9)', () => {
  it.each(SHAPES)('%s: whoever is connected reaches the other, and back (§8.10)', (_, edges) => {
    const network = new Network({ seed: 5, nodeCount: NODES, edges, limits: LIMITS });
    network.run(2 * MINUTE_MS);
    let taken = 0;
    let shortest = 0;
    for (let i = 0; i < 40; i++) {
      const [from, to] = pairOf(network);
      const found = reach(network, from, to);
      expect(found, `${from} to ${to}`).toBeDefined();
      taken += found?.hops ?? 0;
      shortest += network.distances(from)[to] ?? 0;
      network.run(15_000);
    }
    expect(taken / shortest).toBeLessThan(1.1);
  });

  it.each(SHAPES)('%s: comes to rest', (_, edges) => {
    const network = new Network({ seed: 6, nodeCount: NODES, edges, limits: LIMITS });
    network.run(5 * MINUTE_MS);
    network.outputs.length = 0;
    network.run(10 * MINUTE_MS);
    const kinds = new Set(
      network.outputs.map(({ output: o }) => (o.kind === 'message' ? o.message.kind : o.kind)),
    );
    expect([...kinds]).toEqual(['heartbeat']);
  });

  it('a network that fits is told everything, as with large ones', () => {
    const limits = { routeCountMax: 64, neighborCountMax: 8 };
    const network = new Network({ seed: 7, nodeCount: 49, edges: lattice(7, 7), limits });
    network.run(20_000);
    expect(network.disagreements()).toEqual([]);
    expect(network.dropped('overLimit')).toBe(0);
  });

  it('nodes with no room to be told of others know that there are some, and in a small network none', () => {
    const nodeCount = 60;
    const edges = sparseGraph(8, nodeCount, 180, 12);
    const small = { routeCountMax: 18, neighborCountMax: 12 };
    for (const [count, of, limits, expected] of [
      [nodeCount, edges, small, nodeCount],
      [
        4,
        lattice(2, 2).concat([
          [0, 3],
          [1, 2],
        ]),
        small,
        0,
      ],
    ] as const) {
      const network = new Network({ seed: 8, nodeCount: count, edges: of, limits });
      network.run(MINUTE_MS);
      expect(network.stations.filter(({ router }) => router.reachesBeyond())).toHaveLength(expected);
    }
  });

  it('two parts find each other when a link joins them, and know when they are apart', () => {
    const edges = [...lattice(6, 5), ...lattice(6, 5).map(([a, b]): Edge => [a + 30, b + 30])];
    const network = new Network({ seed: 8, nodeCount: NODES, edges, limits: LIMITS });
    network.run(2 * MINUTE_MS);
    expect(reach(network, 0, 59, 10_000)).toBeUndefined();
    network.join(29, 30);
    network.run(MINUTE_MS);
    expect(reach(network, 0, 59)).toBeDefined();
    network.cutNow(29, 30);
    network.run(10_000);
    expect(reach(network, 0, 59, 10_000)).toBeUndefined();
  });
});

describe('no loop at any instant on small tables', () => {
  it.each([
    ['', false],
    [', and nodes that restart', true],
  ])('failing links and searches in between%s', (_, canRestart) => {
    for (let seed = 1; seed <= 8; seed++) {
      const edges = sparseGraph(seed, NODES, 10 + seed * 5, LIMITS.neighborCountMax);
      const network = new Network({
        seed,
        nodeCount: NODES,
        edges,
        limits: LIMITS,
        loss: 0.1,
        delayMsMax: 300,
      });
      for (let i = 0; i < 40; i++) {
        const [from, to] = pairOf(network);
        network.after(i * 1500, () => network.send(from, to, network.dice.bytes(8)));
      }
      shake(network, edges, 60, canRestart);
      network.run(2 * MINUTE_MS);
      for (let i = 0; i < 5; i++) {
        const [from, to] = pairOf(network);
        const isConnected = Number.isFinite(network.distances(from)[to]);
        const found = reach(network, from, to, isConnected ? 120_000 : 5000);
        expect(found !== undefined, `seed ${seed}, ${from} to ${to}`).toBe(isConnected);
        network.run(15_000);
      }
    }
  });
});
