import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, REGIMES, servingCount, untilCovered } from './elected.js';

const SETTLE_MS = 180_000;
const CALM_MS = 60_000;
const OFF_MS = 5000;
/** Power comes back to all within this time. */
const SPREAD_MS = 5000;
const WITHIN_S = { constrained: 20, overlay: 30 } as const;
const PATIENCE_MS = 120_000;
const UPTIME_GATE_MS = 1_200_000;

/** What took two days in August 2007. */
export const massRestart: Experiment = {
  name: 'mass-restart',
  promise: 'when all nodes restart at once, 99 % have their supernodes again in 20 s, in an overlay in 30 s',
  control: 'only who is up for twenty minutes may serve',
  nodes: 1000,
  nodesQuick: 30,
  nodesMin: 12,
  *run(trial: Trial): Running {
    const rules = trial.isControl ? { uptimeGateMs: UPTIME_GATE_MS } : {};
    for (const regime of REGIMES) {
      const fleet = electorate(trial, regime, rules);
      const patienceMs = trial.isControl ? CALM_MS : SETTLE_MS;
      const first = yield* untilCovered(trial, fleet, patienceMs, `${regime}: the first election`);
      trial.measure(`${regime}: first election, s`, first.seconds);
      yield* trial.run(fleet, CALM_MS, `${regime}: calming down`);
      trial.measure(`${regime}: supernodes before`, servingCount(fleet));
      for (const { host } of fleet.members) host.crash('new');
      yield* trial.run(fleet, OFF_MS, `${regime}: power is off`);
      for (const { host } of fleet.members) {
        fleet.world.after(trial.random.below(SPREAD_MS), () => host.start());
      }
      const again = yield* untilCovered(trial, fleet, PATIENCE_MS, `${regime}: all start at once`);
      trial.measure(`${regime}: seconds_to_99`, again.seconds, { atMost: WITHIN_S[regime] });
      trial.measure(`${regime}: packets/s per node, worst second`, again.packetsPerSecondMax);
      trial.measure(`${regime}: supernodes then`, servingCount(fleet));
    }
  },
};
