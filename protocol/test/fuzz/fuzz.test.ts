import { describe, expect, it } from 'vitest';
import regressions from './regressions.json' with { type: 'json' };
import { fuzzTargets, type Regression } from './targets.js';

/** With these, 10^6 cases in all; `npm run fuzz -- --minutes 60` goes on from there. */
const DECODER_RUNS = 50;
const NODE_RUNS = 30;

const TARGETS = fuzzTargets();

describe('bytes from anywhere do no harm (§1.2)', () => {
  it.each(regressions satisfies readonly Regression[])(
    '$target, seed $seed, failed once: $why',
    ({ target: name, seed, cases }) => {
      const target = TARGETS.find((one) => one.name === name);
      expect(target).toBeDefined();
      expect(target?.run(seed, cases)).toBeGreaterThanOrEqual(cases);
    },
  );

  it.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, target) => {
    const runs = name === 'node' ? NODE_RUNS : DECODER_RUNS;
    for (let seed = 1; seed <= runs; seed++) {
      expect(target.run(seed, target.cases)).toBeGreaterThanOrEqual(target.cases);
    }
  });
});
