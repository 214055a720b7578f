import { describe, expect, it } from 'vitest';
import type { Edge } from './graphs.js';
import { randomGraph } from './graphs.js';
import { Network } from './network.js';

const RUNS = 200;
const NODES = 12;

/** Cuts, mends, joins and restarts at random times for a while. */
function shake(network: Network, edges: readonly Edge[], seconds: number, canRestart: boolean): void {
  const { dice } = network;
  const kept = new Set<string>();
  for (let i = 0; i < seconds * 2; i++) {
    network.run(dice.below(1000));
    const [a, b] = edges[dice.below(edges.length)] ?? [0, 1];
    const key = `${a}-${b}`;
    if (canRestart && dice.next() < 0.05) network.restart(dice.below(network.stations.length));
    else if (network.isJoined(a, b)) {
      const isClosed = dice.next() < 0.5;
      network.cut(a, b, isClosed);
      if (!isClosed) kept.add(key);
    } else if (network.hasWire(a, b) && kept.has(key)) network.mend(a, b);
    else if (!network.hasWire(a, b)) network.join(a, b);
  }
}

describe('no loop at any instant (SPEC §8.1, RFC 8966 §2.4)', () => {
  it(`${RUNS} networks with failing links, loss, delay and reordering`, () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const edges = randomGraph(seed, NODES, seed % 12);
      const network = new Network({ seed, nodeCount: NODES, edges, loss: 0.1, delayMsMax: 300 });
      shake(network, edges, 30, false);
      network.run(60_000);
      expect(network.disagreements(), `seed ${seed}`).toEqual([]);
    }
  });

  it(`${RUNS / 4} networks where nodes restart as well`, () => {
    for (let seed = 1001; seed <= 1000 + RUNS / 4; seed++) {
      const edges = randomGraph(seed, NODES, seed % 12);
      const network = new Network({ seed, nodeCount: NODES, edges, loss: 0.1, delayMsMax: 300 });
      shake(network, edges, 30, true);
      network.run(60_000);
      expect(network.disagreements(), `seed ${seed}`).toEqual([]);
    }
  });
});
