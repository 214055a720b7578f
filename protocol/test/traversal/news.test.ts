import { BOXES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { type Name, Pair } from './pair.js';
import { Site } from './site.js';

/** One way by the relay and direct. */
const WAY = { relayedMs: 20, directMs: 10 } as const;
/** One relay round trip and one direct one. */
const DIRECT_MS = 2 * WAY.relayedMs + 2 * WAY.directMs;
const SLACK_MS = 35;
/** The end with the higher id leaves the lead to the other one for so long. */
const YIELD_MS = 500;

const NAMES: readonly Name[] = ['a', 'b'];

function other(name: Name): Name {
  return name === 'a' ? 'b' : 'a';
}

describe('an end that learns of itself what the other one needs (§7.11)', () => {
  it('is met at once when both know beforehand', () => {
    const pair = new Pair(WAY);
    for (const name of NAMES) pair.observe(name);
    expect(pair.meet(60_000)).toBeLessThanOrEqual(DIRECT_MS + SLACK_MS);
  });

  for (const late of NAMES) {
    it.each([1, 30, 100, 300, 900, 2500, 5000])(`begins anew: ${late} learns it %i ms late`, (lateMs) => {
      const pair = new Pair(WAY);
      pair.observe(other(late));
      pair.runTo(lateMs);
      pair.observe(late);
      const metAt = pair.meet(60_000);
      // When nobody leads yet, the end that may yields first.
      expect(metAt).toBeLessThanOrEqual(lateMs + DIRECT_MS + SLACK_MS + YIELD_MS);
    });
  }

  it('sends no more to an address than what it was told pays for', () => {
    const pair = new Pair(WAY);
    pair.observe('a');
    pair.runTo(300);
    pair.b.visited.clear();
    expect(pair.b.sent.filter(({ kind }) => kind === 'transmit')).toHaveLength(3);
    pair.observe('b');
    pair.runTo(301);
    expect(pair.b.sent.filter(({ kind }) => kind === 'transmit')).toHaveLength(3);
  });
});

describe('what a relay loses (§7.11)', () => {
  it.each([0, 1, 2, 3])('costs a second attempt at most: message %i', (lost) => {
    const pair = new Pair({ ...WAY, isLost: (index) => index === lost });
    for (const name of NAMES) pair.observe(name);
    expect(pair.meet(60_000)).toBeLessThanOrEqual(2000);
  });

  it('as all answers to the first attempt, is tried again 2 s after its end', () => {
    const pair = new Pair({
      ...WAY,
      isLost: (index, _from, message) => message.kind === 'sync' && index < 6,
    });
    for (const name of NAMES) pair.observe(name);
    expect(pair.meet(60_000)).toBeLessThanOrEqual(8000);
  });

  it.each(['port', 'address', 'cone'] as const)('one packet in ten: %s boxes and one relay', (box) => {
    for (let seed = 1; seed <= 10; seed++) {
      const site = new Site({ seed, a: BOXES[box], b: BOXES.port, relays: 1, internet: { loss: 0.1 } });
      const { net, a } = site;
      net.world.runFor(3000);
      for (let tries = 1; tries < 3 && net.ask(a, 'b') !== 'hello'; tries++) net.world.runFor(100);
      expect(net.world.runUntil(() => site.isDirect(), { withinMs: 10_000, everyMs: 20 })).toBe(true);
    }
  });
});
