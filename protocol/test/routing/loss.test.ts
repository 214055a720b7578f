import { describe, expect, it } from 'vitest';
import { LossMeter } from '../../src/routing/loss.js';
import { Dice } from './graphs.js';
import { entry, Lone } from './lone.js';

const A = 1;
const B = 2;

/** Changes that `count` frames with that loss bring, looked at after each 20. */
function changes(meter: LossMeter, perMille: number, count: number): readonly number[] {
  const dice = new Dice(perMille + 1);
  const seen: number[] = [];
  let missing = 0;
  for (let i = 1; i <= count; i++) {
    if (dice.below(1000) < perMille) missing++;
    else {
      meter.onFrame(A, missing);
      missing = 0;
    }
    const change = i % 20 === 0 ? meter.takeChange(A) : undefined;
    if (change !== undefined) seen.push(change);
  }
  return seen;
}

describe('loss that is measured (§8.3)', () => {
  it.each([0, 20, 50])('of %i per mille is none', (perMille) => {
    expect(changes(new LossMeter(4), perMille, 3000)).toEqual([]);
  });

  it.each([200, 300, 500, 800])('of %i per mille is found, and does not wobble', (perMille) => {
    const meter = new LossMeter(4);
    const found = changes(meter, perMille, 3000);
    expect(Math.abs((found.at(-1) ?? 0) - perMille)).toBeLessThanOrEqual(150);
    expect(found.length).toBeLessThanOrEqual(2 + perMille / 100);
    expect(changes(meter, 0, 1000).at(-1)).toBe(0);
  });

  it('by heartbeats moves the route to the better neighbour, and back when they come again', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B);
    const beat = (n: number): void => lone.from(n, { kind: 'heartbeat', digest: 0, intervalS: 32 });
    lone.routes(A, entry(1, { metric: 96 }));
    lone.routes(B, entry(1, { metric: 110 }));
    expect(lone.nextHop(1)).toBe(A);
    for (let i = 0; i < 40; i++) {
      lone.wait(31_000);
      if (i % 2 === 0) beat(A); // every second one is lost
      beat(B);
      lone.routes(A, entry(1, { metric: 96 }));
      lone.routes(B, entry(1, { metric: 110 }));
    }
    expect(lone.nextHop(1)).toBe(B);
  });

  it('is none while they come up to an eighth early, or one is lost in a while', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.routes(A, entry(1, {}));
    lone.take();
    const dice = new Dice(5);
    for (let i = 0; i < 100; i++) {
      lone.wait(28_000 + dice.below(4000));
      if (i % 25 !== 7) lone.from(A, { kind: 'heartbeat', digest: 1, intervalS: 32 });
    }
    expect(lone.take().filter(({ kind }) => kind === 'route')).toEqual([]);
  });
});
