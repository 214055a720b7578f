import { describe, expect, it } from 'vitest';
import regressions from './regressions.json' with { type: 'json' };
import { type FuzzTarget, fuzzTargets, type Regression } from './targets.js';

/** `npm run fuzz -- --minutes 60` goes on from there. */
const CASES = 1_000_000;
const DECODER_RUNS = 50;
const NODE_RUNS = 30;

const TARGETS = fuzzTargets();

function runsOf({ name }: FuzzTarget): number {
  return name === 'node' ? NODE_RUNS : DECODER_RUNS;
}

describe('bytes from anywhere do no harm (§1.2)', () => {
  it.each(regressions satisfies readonly Regression[])(
    '$target, seed $seed, failed once: $why',
    ({ target: name, seed, cases }) => {
      const target = TARGETS.find((one) => one.name === name);
      expect(target).toBeDefined();
      expect(target?.run(seed, cases)).toBeGreaterThanOrEqual(cases);
    },
  );

  it('in a million cases at least', () => {
    const cases = TARGETS.map((target) => runsOf(target) * target.cases);
    expect(cases.reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(CASES);
  });

  it.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_, target) => {
    for (let seed = 1; seed <= runsOf(target); seed++) {
      expect(target.run(seed, target.cases)).toBeGreaterThanOrEqual(target.cases);
    }
  });
});
