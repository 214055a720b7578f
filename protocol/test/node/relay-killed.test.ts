import { encodeValue } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);
const EVERY_MS = 250;
const ASKED = 120;
const WITHIN_MS = 2000;
/** Links lose one packet in 500, also the one that would have shown it: 2 of 240 kills in 60 runs. */
const UNLUCKY = { count: 2, ms: 3500 } as const;

interface Town {
  readonly net: Network;
  readonly from: Host;
  readonly to: string;
  /** Two ways side by side. */
  readonly relays: readonly [Host, Host];
}

/** `west` and `east` share no medium; two relays stand between, perhaps behind two others. */
function town(seed: number, isLong: boolean): Town {
  const net = new Network(seed);
  const [west, east, middle] = [net.add('west'), net.add('east'), net.add('middle')];
  const relays = [net.add('rush'), net.add('reed')] as const;
  net.world.join([isLong ? middle : west, ...relays], PROFILES.lan);
  net.world.join([...relays, east], PROFILES.lan);
  if (isLong) net.world.join([west, middle], PROFILES.lan);
  net.world.runFor(40_000);
  return { net, from: west, to: net.id('east'), relays };
}

/** Asks four times a second; the longest time to an answer, and how many came. */
function ask({ net, from, to }: Town): { worstMs: number; answered: number } {
  const asked = new Map<number, number>();
  const body = encodeValue(1);
  for (let i = 0; i < ASKED; i++) {
    const id = from.command({ kind: 'request', to, path: 'echo', body, deadlineMs: 20_000 });
    asked.set(id, net.world.now);
    net.world.runFor(EVERY_MS);
  }
  net.world.runFor(20_000);
  let [worstMs, answered] = [0, 0];
  for (const [i, event] of from.events.entries()) {
    const at = event.kind === 'response' ? asked.get(event.command) : undefined;
    if (at === undefined) continue;
    answered++;
    worstMs = Math.max(worstMs, (from.eventTimes[i] ?? 0) - at);
  }
  return { worstMs, answered };
}

describe('a neighbor that forwards and is killed (§8.4)', () => {
  it.each([
    ['next to one end', false],
    ['in the middle of the way', true],
  ])('is gone round within 2 s, %s', (_, isLong) => {
    const late: number[] = [];
    for (const seed of SEEDS) {
      const set = town(seed, isLong);
      expect(ask(set)).toMatchObject({ answered: ASKED });
      // One after the other, since only one of the two was in use.
      for (const relay of set.relays) {
        relay.crash();
        const { worstMs, answered } = ask(set);
        expect(answered).toBe(ASKED);
        if (worstMs > WITHIN_MS) late.push(worstMs);
        relay.restart();
        set.net.world.runFor(40_000);
      }
    }
    expect(late.length).toBeLessThanOrEqual(UNLUCKY.count);
    expect(Math.max(0, ...late)).toBeLessThanOrEqual(UNLUCKY.ms);
  });
});
