import { geometric, joined } from '../graph.js';
import { PROFILES } from '../profiles.js';
import { shareOf, surveyReach, surveyStretch } from '../survey.js';
import type { Experiment, Running, Trial } from '../trial.js';

const SETTLE_MS = 180_000;
/** After the first routes better ones may come. */
const CALM_MS = 60_000;
const DEGREE = 10;
const SIZES = [100, 200, 400, 1000, 2000, 4000, 10_000] as const;
const ROUTER_BYTES_MAX = 65_536;

/** How much longer ways are than they need be, and what a node keeps to know them. */
export const stretch: Experiment = {
  name: 'stretch',
  promise: 'ways are on average at most 5 % longer than the shortest, and a router keeps at most 64 KB',
  control: 'room for a quarter of the routes',
  nodes: 400,
  nodesQuick: 60,
  nodesMin: 20,
  *run(trial: Trial): Running {
    const sizes = SIZES.filter((size) => size < trial.setting.nodes);
    for (const size of [...sizes, trial.setting.nodes]) yield* measure(trial, size);
  },
};

function* measure(trial: Trial, size: number): Running {
  const name = `N=${size}`;
  const routeCountMax = trial.isControl ? size >> 2 : size + 64;
  const fleet = trial.fleet(name, { recordCountMax: 16, routeCountMax, neighborCountMax: 48 });
  fleet.wire(joined(geometric(trial.random, size, DEGREE)), () => PROFILES.serial);
  const settleMs = trial.isControl ? CALM_MS : SETTLE_MS;
  trial.measure(`${name}: after, s`, yield* trial.settle(fleet, settleMs, `${name}: finding each other`));
  yield* trial.run(fleet, CALM_MS, `${name}: calming down`);
  const model = fleet.model();
  const ways = surveyStretch(fleet, model);
  trial.measure(`${name}: pairs reached`, shareOf(surveyReach(fleet, model)), { atLeast: 1 });
  trial.measure(`${name}: stretch, mean`, ways.mean, { atMost: 1.05 });
  trial.measure(`${name}: stretch, p95`, ways.p95, { atMost: 1.3 });
  trial.measure(`${name}: stretch, max`, ways.max, { atMost: 3 });
  const bytes = fleet.members.map(({ node }) => node.figures().routingBytes).sort((a, b) => a - b);
  trial.measure(`${name}: state of a router, bytes, p50`, bytes[bytes.length >> 1] ?? 0);
  trial.measure(`${name}: state of a router, bytes, max`, bytes[bytes.length - 1] ?? 0, {
    atMost: ROUTER_BYTES_MAX,
  });
}
