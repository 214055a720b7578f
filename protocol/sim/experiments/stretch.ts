import type { Fleet, Member, Question } from '../fleet.js';
import { geometric, joined } from '../graph.js';
import { PROFILES } from '../profiles.js';
import { type Stretch, shareOf, surveyReach, surveyStretch } from '../survey.js';
import { answeredShare, type Experiment, type Running, type Trial } from '../trial.js';

const SETTLE_MS = 180_000;
/** After the first routes better ones may come. */
const CALM_MS = 60_000;
const DEGREE = 10;
const SIZES = [100, 200, 400, 1000, 2000, 4000, 10_000] as const;
const ROUTER_BYTES_MAX = 65_536;
/** What 64 KB hold beside two dozen neighbors: in larger networks the rest is searched for. */
const ROUTES_MAX = 300;
const PAIRS = 100;
const ASK_EVERY_MS = 500;
const ANSWER_MS = 11_000;
const ANSWERED_MIN = 0.99;

/** How much longer ways are than they need be, and what a node keeps to know them. */
export const stretch: Experiment = {
  name: 'stretch',
  promise: 'ways are on average at most 5 % longer than the shortest, and a router keeps at most 64 KB',
  control: 'room for a quarter of the routes',
  nodes: 400,
  shortfalls: {
    'N=400: stretch, mean':
      'the tables hold fewer routes than there are nodes, so ways are found by searches, and the first ' +
      'answer is not always that of the shortest way; with a row for everybody it is 1.035, in 71 KB',
  },
  nodesQuick: 60,
  nodesMin: 20,
  *run(trial: Trial): Running {
    const sizes = SIZES.filter((size) => size < trial.setting.nodes);
    for (const size of [...sizes, trial.setting.nodes]) yield* measure(trial, size);
  },
};

function* measure(trial: Trial, size: number): Running {
  const name = `N=${size}`;
  const whole = Math.min(size + 64, ROUTES_MAX);
  const routeCountMax = trial.isControl ? size >> 2 : whole;
  const fleet = trial.fleet(name, { recordCountMax: 128, routeCountMax, neighborCountMax: 48 });
  fleet.wire(joined(geometric(trial.random, size, DEGREE)), () => PROFILES.serial);
  const ways = yield* whole > size ? known(trial, fleet) : searched(trial, fleet);
  trial.measure(`${name}: stretch, mean`, ways.mean, { atMost: 1.05 });
  trial.measure(`${name}: stretch, p95`, ways.p95, { atMost: 1.3 });
  trial.measure(`${name}: stretch, max`, ways.max, { atMost: 3 });
  const bytes = fleet.members.map(({ node }) => node.figures().routingBytes).sort((a, b) => a - b);
  trial.measure(`${name}: state of a router, bytes, p50`, bytes[bytes.length >> 1] ?? 0);
  trial.measure(`${name}: state of a router, bytes, max`, bytes[bytes.length - 1] ?? 0, {
    atMost: ROUTER_BYTES_MAX,
  });
}

/** Everybody has a route to everybody. */
function* known(trial: Trial, fleet: Fleet): Running<Stretch> {
  const { name } = fleet;
  const settleMs = trial.isControl ? CALM_MS : SETTLE_MS;
  trial.measure(`${name}: after, s`, yield* trial.settle(fleet, settleMs, `${name}: finding each other`));
  yield* trial.run(fleet, CALM_MS, `${name}: calming down`);
  const model = fleet.model();
  trial.measure(`${name}: pairs reached`, shareOf(surveyReach(fleet, model)), { atLeast: 1 });
  return surveyStretch(fleet, model);
}

/** Tables hold what is near, and supernodes: pairs by chance ask each other, by the way that they find. */
function* searched(trial: Trial, fleet: Fleet): Running<Stretch> {
  const { name } = fleet;
  yield* trial.run(fleet, SETTLE_MS + CALM_MS, `${name}: finding each other`);
  const questions: Question[] = [];
  while (questions.length < PAIRS) {
    const [from, to] = trial.draw(fleet, 2) as [Member, Member];
    questions.push(fleet.ask(from, to, 'id'));
    yield* trial.run(fleet, ASK_EVERY_MS, `${name}: asking`);
  }
  yield* trial.run(fleet, ANSWER_MS, `${name}: asking`);
  trial.measure(`${name}: requests answered`, answeredShare(questions), { atLeast: ANSWERED_MIN });
  const pairs = questions.map(({ from, to }) => [from.index, to.index] as const);
  return surveyStretch(fleet, fleet.model(), pairs);
}
