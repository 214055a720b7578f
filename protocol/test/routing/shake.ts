import type { Edge } from './graphs.js';
import type { Network } from './network.js';

/** Cuts, mends, joins and restarts at random times for a while. */
export function shake(network: Network, edges: readonly Edge[], seconds: number, canRestart: boolean): void {
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
