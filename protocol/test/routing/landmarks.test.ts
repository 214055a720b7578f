import { describe, expect, it } from 'vitest';
import { BOARD_LIMITS, PI_LIMITS } from '../../src/limits.js';
import { type Edge, lattice, sparseGraph } from './graphs.js';
import { Network } from './network.js';
import { reach } from './reachable.js';

const NODES = 200;
const PAIRS = 30;
/** How far a search goes is much a matter of chance: all of them together are compared. */
const SEEDS = [3, 4, 5, 6] as const;
const SETTLE_MS = 120_000;

interface Figures {
  readonly reached: number;
  readonly stretches: readonly number[];
  readonly waitedP50: number;
  readonly waitedMax: number;
  readonly seeks: number;
}

/** So few that each node has one within three hops. */
function chooseLandmarks(edges: readonly Edge[]): readonly number[] {
  const limits = { routeCountMax: 1, neighborCountMax: 8 };
  const network = new Network({ seed: 1, nodeCount: NODES, edges, limits });
  const chosen: number[] = [];
  const isCovered = new Set<number>();
  for (let node = 0; node < NODES; node++) {
    if (isCovered.has(node)) continue;
    chosen.push(node);
    network.distances(node).forEach((hops, other) => {
      if (hops <= 3) isCovered.add(other);
    });
  }
  return chosen;
}

function start(
  edges: readonly Edge[],
  routeCountMax: number,
  landmarks: readonly number[],
  seed: number = SEEDS[0],
): Network {
  const limits = { routeCountMax, neighborCountMax: BOARD_LIMITS.neighborCountMax };
  const network = new Network({ seed, nodeCount: NODES, edges, limits });
  network.isCheckingLoops = false; // small-tables.test.ts does, and at this size it takes most of the time
  for (const node of landmarks) network.input(node, { kind: 'landmark', isLandmark: true });
  network.run(SETTLE_MS);
  network.outputs.length = 0;
  return network;
}

/** The supernodes nearest to a node: what its record would name. */
function nearestTo(network: Network, node: number, landmarks: readonly number[]): readonly string[] {
  const distances = network.distances(node);
  const nearest = [...landmarks].sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0));
  return nearest.slice(0, 2).map((landmark) => network.key(landmark));
}

function measure(network: Network, landmarks: readonly number[]): Figures {
  const stretches: number[] = [];
  const waited: number[] = [];
  let seeks = 0;
  network.tap = ({ kind }) => {
    if (kind === 'routeSeek') seeks++;
  };
  for (let i = 0; i < PAIRS; i++) {
    const from = network.dice.below(NODES);
    const to = (from + 1 + network.dice.below(NODES - 1)) % NODES;
    const destination = network.key(to);
    if (landmarks.length > 0) {
      network.input(from, { kind: 'seek', destination, landmarks: nearestTo(network, to, landmarks) });
    }
    const found = reach(network, from, to);
    if (found !== undefined) {
      stretches.push(found.hops / (network.distances(from)[to] ?? 1));
      waited.push(found.ms);
    }
    network.run(12_000);
  }
  waited.sort((a, b) => a - b);
  return {
    reached: stretches.length,
    stretches,
    waitedP50: waited[waited.length >> 1] ?? 0,
    waitedMax: waited.at(-1) ?? 0,
    seeks,
  };
}

function seeksOf(figures: readonly Figures[]): number {
  return figures.reduce((sum, { seeks }) => sum + seeks, 0);
}

/** With the share of messages that searches by way of landmarks may take of those without. */
describe.each([
  ['a lattice', lattice(20, 10), 0.6],
  ['a random graph', sparseGraph(9, NODES, 300, BOARD_LIMITS.neighborCountMax), 2],
] as const)(`%s of ${NODES} nodes (§8.9, §8.10)`, (_, edges, share) => {
  it('with the tables of boards: all pairs, hardly longer ways, and landmarks spare searches', () => {
    const landmarks = chooseLandmarks(edges);
    const of = (chosen: readonly number[]): readonly Figures[] =>
      SEEDS.map((seed) => {
        const network = start(edges, BOARD_LIMITS.routeCountMax, chosen, seed);
        const known = network.stations.map(({ router }) => router.landmarks().length);
        expect(Math.min(...known)).toBeGreaterThanOrEqual(chosen.length - 1);
        return measure(network, chosen);
      });
    const [plain, guided] = [of([]), of(landmarks)];
    for (const figures of [plain, guided]) {
      expect(figures.map(({ reached }) => reached)).toEqual(SEEDS.map(() => PAIRS));
      const stretches = figures.flatMap((each) => each.stretches).sort((a, b) => a - b);
      expect(stretches.reduce((sum, x) => sum + x, 0) / stretches.length).toBeLessThan(1.1);
      expect(stretches[Math.floor(stretches.length * 0.95)]).toBeLessThanOrEqual(1.5);
      expect(stretches.at(-1)).toBeLessThanOrEqual(3);
    }
    expect(seeksOf(guided)).toBeLessThan(seeksOf(plain) * share);
  });

  it('with large tables everything is known beforehand', () => {
    const all = measure(start(edges, PI_LIMITS.routeCountMax, []), []);
    expect(all).toMatchObject({ reached: PAIRS, seeks: 0 });
  });
});
