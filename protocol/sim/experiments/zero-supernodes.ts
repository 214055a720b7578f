import type { Fleet } from '../fleet.js';
import { geometric, joined, randomGraph } from '../graph.js';
import type { MediumOptions } from '../medium.js';
import { PROFILES } from '../profiles.js';
import { FIELD_MIX, HOME_MIX, type LinkMix } from '../scenario.js';
import { shareOf, surveyReach } from '../survey.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { Post } from './post.js';

const SETTLE_MS = 120_000;
/** Slow links are busy with routes for a while when all have started at once. */
const CALM_MS = 60_000;
const QUESTION_COUNT = 40;
const TOPIC_COUNT = 10;
const LISTEN_MS = 90_000;
const DEGREE = 6;

/** Nobody has a role, and still everybody reaches everybody that some way of links leads to. */
export const zeroSupernodes: Experiment = {
  name: 'zero-supernodes',
  promise: 'with no role taken anywhere, each connected pair reaches each other, names and topics included',
  control: 'only supernodes forward, and there are none',
  nodes: 100,
  nodesQuick: 30,
  nodesMin: 6,
  *run(trial: Trial): Running {
    const { nodes, isControl } = trial.setting;
    const options = () => ({ forwards: !isControl });
    const mixed = (mix: LinkMix) => (): MediumOptions => PROFILES[trial.random.pick(mix)];
    for (const [name, mix] of [
      ['home links', HOME_MIX],
      ['field links', FIELD_MIX],
    ] as const) {
      const fleet = trial.fleet(name, {}, { willingness: 0 });
      fleet.wire(joined(geometric(trial.random, nodes, DEGREE)), mixed(mix), options);
      yield* judge(trial, fleet, name);
    }
    const overlay = trial.fleet('overlay', {}, { willingness: 0 });
    const isHalf = (index: number): boolean => index % 2 === 1;
    overlay.overlay(randomGraph(trial.random, nodes, 4), PROFILES.udp, isHalf, options);
    yield* judge(trial, overlay, 'overlay, half behind NAT');
  },
};

function* judge(trial: Trial, fleet: Fleet, name: string): Running {
  const settledS = yield* trial.settle(fleet, SETTLE_MS, `${name}: finding each other`);
  const reach = surveyReach(fleet, fleet.model());
  trial.measure(`${name}: pairs`, reach.connected);
  trial.measure(`${name}: pairs reached`, shareOf(reach), { atLeast: 1 });
  trial.measure(`${name}: after, s`, settledS);
  yield* trial.run(fleet, CALM_MS, `${name}: calming down`);
  const answered = yield* trial.ask(fleet, QUESTION_COUNT, `${name}: asking each other`);
  trial.measure(`${name}: requests answered`, answered, { atLeast: 1 });
  yield* listen(trial, fleet, name);
}

/** Some listen to one, by its name, and some to whoever publishes; each topic has one publisher. */
function* listen(trial: Trial, fleet: Fleet, name: string): Running {
  const post = new Post(fleet);
  const drawn = trial.draw(fleet, fleet.members.length);
  const count = Math.min(TOPIC_COUNT, drawn.length >> 1);
  for (let i = 0; i < count; i++) {
    const [publisher, listener] = [drawn[i], drawn[drawn.length - 1 - i]];
    if (publisher === undefined || listener === undefined) continue;
    const pattern = i % 2 === 0 ? `${publisher.name}/topic-${i}` : `*/topic-${i}`;
    listener.host.command({ kind: 'subscribe', pattern, qos: 1 });
    post.publish(publisher, `topic-${i}`);
  }
  yield* trial.run(fleet, LISTEN_MS, `${name}: listening to each other`);
  trial.measure(`${name}: topics heard`, post.receivedCount / count, { atLeast: 1 });
}
