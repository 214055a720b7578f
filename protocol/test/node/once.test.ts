import { decodeValue, encodeValue } from '@fogwisp/protocol';
import { PROFILES, Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const SEEDS = 20;
const ROUNDS = 40;
const DEADLINE_MS = 10_000;

/** What `east` was asked by `west`, at the end of a cable that is pulled most of the time. */
function asked(seed: number): { readonly seen: number[]; readonly answered: number } {
  const net = new Network(seed);
  const chance = new Prng(seed, 0x0ce);
  const seen: number[] = [];
  const west = net.add('west');
  const middle = net.add('middle');
  const east = net.add('east', {
    onEvent: (event) => {
      const value = event.kind === 'request' ? decodeValue(event.body) : undefined;
      if (value?.ok) seen.push(Number(value.value));
    },
  });
  const cable = net.world.join([west, middle], PROFILES.lan);
  net.world.join([middle, east], PROFILES.lan);
  net.world.runFor(20_000);
  for (let round = 0; round < ROUNDS; round++) {
    const body = encodeValue(round);
    west.command({ kind: 'request', to: net.id('east'), path: 'echo', body, deadlineMs: DEADLINE_MS });
    net.world.runFor(chance.below(6));
    net.world.cut(cable);
    net.world.runFor(chance.pick([500, 5000, 20_000, 35_000, 60_000]));
    net.world.heal(cable);
    net.world.runFor(chance.pick([300, 2000, 5000]));
  }
  net.world.runFor(120_000);
  return { seen, answered: west.eventsOf('response').length };
}

describe('a request (§9.1)', () => {
  it('is seen once, however long the way is gone after its answer was lost', () => {
    let answered = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = asked(seed);
      expect(run.seen, `seed ${seed}`).toEqual([...new Set(run.seen)]);
      answered += run.answered;
    }
    expect(answered).toBeGreaterThan(SEEDS * 5);
  });
});
