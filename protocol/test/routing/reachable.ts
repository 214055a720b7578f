import { toHex } from '../../src/kernel/bytes.js';
import type { Network } from './network.js';

/** What it took until the answer to a packet was back. */
export interface Found {
  readonly hops: number;
  readonly ms: number;
  /** No search was needed. */
  readonly wasKnown: boolean;
}

const REPEAT_MS = 500;
const STEP_MS = 25;

/**
 * Sends packets from one node to another, as a handshake would, until one is answered; undefined when none is
 * in time.
 */
export function reach(network: Network, from: number, to: number, withinMs = 60_000): Found | undefined {
  const start = network.now;
  const wasKnown = network.way(from, to) !== undefined && network.way(to, from) !== undefined;
  const packet = network.dice.bytes(20);
  const text = toHex(packet);
  while (network.now < start + withinMs) {
    network.send(from, to, packet);
    for (let ms = 0; ms < REPEAT_MS; ms += STEP_MS) {
      network.run(STEP_MS);
      for (const { node, output } of network.outputs.splice(0)) {
        if (output.kind !== 'deliver' || toHex(output.bytes) !== text) continue;
        if (node === to) network.send(to, from, packet);
        else return { hops: (network.way(from, to)?.length ?? 0) - 1, ms: network.now - start, wasKnown };
      }
    }
  }
  return undefined;
}
