import { isServing } from '../coverage.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, REGIMES, servingCount, untilCovered } from './elected.js';

const SETTLE_MS = 180_000;
const CALM_MS = 60_000;
const WITHIN_S = 60;

/** All that served are gone for ever. */
export const supernodesRemoved: Experiment = {
  name: 'supernodes-removed',
  promise: 'when all supernodes die at once, 99 % of the rest have new ones within a minute',
  control: 'nobody puts himself forward',
  nodes: 300,
  nodesQuick: 30,
  nodesMin: 12,
  *run(trial: Trial): Running {
    for (const regime of REGIMES) {
      const fleet = electorate(trial, regime, trial.isControl ? { nominatesItself: false } : {});
      const patienceMs = trial.isControl ? CALM_MS : SETTLE_MS;
      yield* untilCovered(trial, fleet, patienceMs, `${regime}: the first election`);
      yield* trial.run(fleet, CALM_MS, `${regime}: calming down`);
      const serving = fleet.members.filter(isServing);
      trial.measure(`${regime}: supernodes removed`, serving.length);
      for (const { host } of serving) host.crash();
      const again = yield* untilCovered(trial, fleet, 2 * WITHIN_S * 1000, `${regime}: without supernodes`);
      trial.measure(`${regime}: 99 % covered after, s`, again.seconds, { atMost: WITHIN_S });
      yield* trial.run(fleet, CALM_MS, `${regime}: calming down again`);
      trial.measure(`${regime}: supernodes then`, servingCount(fleet));
    }
  },
};
