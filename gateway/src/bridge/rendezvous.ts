import { createHash } from 'node:crypto';
import type { NodeKey } from '../mesh.js';

/** Weights are asked for with each reading; as many as a large network with some gateways has. */
const WEIGHTS_MAX = 20_000;

/**
 * Which of several gateways speaks for a device: the one whose SHA-256 of device id and gateway id is the
 * highest. All who know the same gateways say the same without asking, and only the devices of a gateway
 * that goes move.
 */
export class Rendezvous {
  readonly #weights = new Map<string, string>();

  winnerOf(device: string, gateways: Iterable<NodeKey>): NodeKey | undefined {
    let winner: NodeKey | undefined;
    let heaviest = '';
    for (const gateway of gateways) {
      const weight = this.#weightOf(device, gateway);
      if (weight <= heaviest) continue;
      heaviest = weight;
      winner = gateway;
    }
    return winner;
  }

  #weightOf(device: string, gateway: NodeKey): string {
    const key = `${device}|${gateway}`;
    let weight = this.#weights.get(key);
    if (weight === undefined) {
      if (this.#weights.size >= WEIGHTS_MAX) this.#weights.clear();
      weight = createHash('sha256').update(key).digest('hex');
      this.#weights.set(key, weight);
    }
    return weight;
  }
}
