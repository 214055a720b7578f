import type { Fleet } from '../fleet.js';
import { Overhearing } from '../overhearing.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, REGIMES, servingCount, untilCovered } from './elected.js';

const SETTLE_MS = 180_000;
const CALM_MS = 60_000;
const OFF_MS = 5000;
/** Power comes back to all within this time; and in networks that do not take long, within these. */
const SPREAD_MS = 5000;
const MORE_SPREADS_MS = [0, 30_000] as const;
const MORE_SPREADS_NODES_MAX = 300;
const WITHIN_S = { constrained: 20, overlay: 30 } as const;
/** Beyond, a row for everybody takes memory and time with the square of the number: routers of boards do. */
const WHOLE_TABLES_NODES_MAX = 1000;
const LARGE = { regimes: ['constrained'], withinS: 45, limits: { routeCountMax: 64 } } as const;
const PATIENCE_MS = 120_000;
const ELECTION_RATE = 'election messages/s per node, worst second';
const ELECTION_RATE_MAX = 5;
const SEALED =
  'an advert is sealed for each neighbor, of whom there are 8 or 32, and goes twice; said to all at once ' +
  'it would be one';
const UPTIME_GATE_MS = 1_200_000;

/** What took two days in August 2007. */
export const massRestart: Experiment = {
  name: 'mass-restart',
  promise: 'when all nodes restart at once, 99 % have their supernodes again in 20 s, in an overlay in 30 s',
  control: 'only who is up for twenty minutes may serve',
  nodes: 1000,
  nodesQuick: 30,
  nodesMin: 12,
  notRun:
    'an overlay of more than 1000 nodes, which takes hours of a core, and 10,000 nodes, which takes more ' +
    'than one',
  shortfalls: Object.fromEntries(REGIMES.map((regime) => [`${regime}: ${ELECTION_RATE}`, SEALED])),
  *run(trial: Trial): Running {
    const { nodes } = trial.setting;
    const rules = trial.isControl ? { uptimeGateMs: UPTIME_GATE_MS } : {};
    const large = nodes > WHOLE_TABLES_NODES_MAX ? LARGE : undefined;
    for (const regime of large?.regimes ?? REGIMES) {
      const ears = new Overhearing();
      const suite = ears.suite(trial.setting.suite);
      const fleet = electorate(trial, regime, rules, { suiteOf: () => suite, limits: large?.limits ?? {} });
      const atMost = large?.withinS ?? WITHIN_S[regime];
      const patienceMs = trial.isControl ? CALM_MS : SETTLE_MS;
      const first = yield* untilCovered(trial, fleet, patienceMs, `${regime}: the first election`);
      trial.measure(`${regime}: first election, s`, first.seconds);
      yield* trial.run(fleet, CALM_MS, `${regime}: calming down`);
      trial.measure(`${regime}: supernodes before`, servingCount(fleet));
      yield* restart(trial, fleet, SPREAD_MS);
      const again = yield* untilCovered(trial, fleet, PATIENCE_MS, `${regime}: all start at once`, ears);
      trial.measure(`${regime}: seconds_to_99`, again.seconds, { atMost });
      trial.measure(`${regime}: packets/s per node, worst second`, again.packetsPerSecondMax);
      const said = again.electionPerSecondMax;
      trial.measure(`${regime}: ${ELECTION_RATE}`, said, { atMost: ELECTION_RATE_MAX });
      trial.measure(`${regime}: supernodes then`, servingCount(fleet));
      if (trial.isControl || nodes > MORE_SPREADS_NODES_MAX) continue;
      for (const spreadMs of MORE_SPREADS_MS) {
        yield* trial.run(fleet, CALM_MS, `${regime}: calming down`);
        yield* restart(trial, fleet, spreadMs);
        yield* trial.run(fleet, spreadMs, `${regime}: one after the other starts`);
        const { seconds } = yield* untilCovered(trial, fleet, PATIENCE_MS, `${regime}: all have started`);
        const figure = `${regime}: seconds_to_99 after the last, all within ${spreadMs / 1000} s`;
        trial.measure(figure, seconds, { atMost });
      }
    }
  },
};

function* restart(trial: Trial, fleet: Fleet, spreadMs: number): Running {
  for (const { host } of fleet.members) host.crash('new');
  yield* trial.run(fleet, OFF_MS, 'power is off');
  for (const { host } of fleet.members) {
    fleet.world.after(trial.random.below(Math.max(1, spreadMs)), () => host.start());
  }
}
