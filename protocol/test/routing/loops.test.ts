import { describe, expect, it } from 'vitest';
import { randomGraph } from './graphs.js';
import { Network } from './network.js';
import { shake } from './shake.js';

const RUNS = 200;
const NODES = 12;

describe('no loop at any instant (SPEC §8.3, RFC 8966 §2.4)', () => {
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
