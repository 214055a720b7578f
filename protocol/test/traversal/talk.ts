import { encodeValue } from '@fogwisp/protocol';
import type { Host } from '@fogwisp/protocol/sim';
import type { Network } from '../node/network.js';

export interface Talk {
  readonly asked: number;
  readonly answered: number;
  /** The longest time from a request to its answer, ms. */
  readonly worstMs: number;
  /** From the beginning to the first answer. */
  readonly firstMs: number;
}

/** Asks four times a second for so long, and waits for the last answers. */
export function talk(net: Network, from: Host, to: string, forMs: number, deadlineMs = 10_000): Talk {
  const asked = new Map<number, number>();
  const start = net.world.now;
  for (let ms = 0; ms < forMs; ms += 250) {
    const body = encodeValue(ms);
    const id = from.command({ kind: 'request', to, path: 'echo', body, deadlineMs });
    asked.set(id, net.world.now);
    net.world.runFor(250);
  }
  net.world.runFor(deadlineMs + 1000);
  let [answered, worstMs, firstMs] = [0, 0, Infinity];
  for (const [i, event] of from.events.entries()) {
    const at = from.eventTimes[i] ?? 0;
    const askedAt = event.kind === 'response' ? asked.get(event.command) : undefined;
    if (askedAt === undefined) continue;
    answered++;
    worstMs = Math.max(worstMs, at - askedAt);
    firstMs = Math.min(firstMs, at - start);
  }
  return { asked: asked.size, answered, worstMs, firstMs };
}
