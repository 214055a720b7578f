import { nodeSuite } from '@fogwisp/firmware-shim/node';
import type { CryptoSuite } from '@fogwisp/protocol';
import { EXPERIMENTS, stubSuite, Trial } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';

/** A machine that is busy with other things takes ten times as long. */
const PATIENCE_MS = 600_000;
/** As small as each still bites. */
const NODES: Readonly<Record<string, number>> = {
  'zero-supernodes': 10,
  'node-removal': 16,
  stretch: 24,
  rest: 8,
  partition: 24,
  flood: 12,
  'mass-restart': 12,
  'supernodes-removed': 12,
  cascade: 16,
  churn: 16,
  fairness: 12,
  tiny: 3,
  index: 24,
  roaming: 3,
  bootstrap: 10,
  'nat-pairs': 2,
  mailbox: 12,
  mtu: 3,
  mappings: 4,
  'relay-first': 8,
  amplification: 6,
};

/** Known to be missed, or to be a matter of chance: the experiment says why. */
const MISSED: Readonly<Record<string, readonly string[]>> = {
  cascade: [60, 80, 90].map((load) => `${load} %: without one, most nodes at a time`),
  churn: ['with all that they want, mean'],
  index: ['hostile at random: found by those closest'],
  'mass-restart': ['constrained', 'overlay'].map(
    (regime) => `${regime}: election messages/s per node, worst second`,
  ),
  mtu: ['64 bytes, 20 %: requests answered', '64 bytes, 20 %: QoS 1 lost'],
};

function run(name: string, isControl: boolean, suite: CryptoSuite = stubSuite(), seed = 1): Trial {
  const experiment = EXPERIMENTS.find((each) => each.name === name);
  if (experiment === undefined) throw new Error(`no experiment is called ${name}`);
  const trial = new Trial({ nodes: NODES[name] ?? experiment.nodes, seed, isControl, suite });
  for (const moment of experiment.run(trial)) expect(moment.doing).not.toBe('');
  return trial;
}

function missedBy(trial: Trial): readonly string[] {
  return trial.missed.map(({ name, value }) => `${name} ${value}`);
}

describe('experiments', { timeout: PATIENCE_MS }, () => {
  it.each(EXPERIMENTS.map(({ name }) => name))('%s keeps its promise, and its control breaks it', (name) => {
    const known = MISSED[name] ?? [];
    const others = (trial: Trial) =>
      trial.missed.map((metric) => metric.name).filter((each) => !known.includes(each));
    expect(others(run(name, false))).toEqual([]);
    expect(others(run(name, true))).not.toEqual([]);
  });

  it('are the same run again, and another one with another seed', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => run('stretch', false, stubSuite(), seed));
    expect(again?.hash).toBe(first?.hash);
    expect(again?.metrics).toEqual(first?.metrics);
    expect(other?.hash).not.toBe(first?.hash);
  });

  it('come to the same verdict with real primitives as with those of a stub', () => {
    expect(missedBy(run('zero-supernodes', false, nodeSuite()))).toEqual([]);
    expect(missedBy(run('zero-supernodes', true, nodeSuite()))).not.toEqual([]);
  });
});
