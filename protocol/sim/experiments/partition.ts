import type { Fleet, Member } from '../fleet.js';
import { geometric, joined } from '../graph.js';
import type { Wire } from '../model.js';
import { PROFILES } from '../profiles.js';
import { shareOf, surveyReach } from '../survey.js';
import { tampering, withoutRouteRequests } from '../tampering.js';
import { answeredShare, type Experiment, type Running, type Trial } from '../trial.js';
import { Post } from './post.js';

const SETTLE_MS = 120_000;
const SPLIT_MS = 600_000;
const REPAIR_MS = 90_000;
const HEAL_MS = 60_000;
const DEGREE = 8;
const PUBLISHER_COUNT = 8;
const PUBLISH_EVERY_MS = 10_000;
const RENAMED_COUNT = 2;

/** Two halves go on by themselves, change, and become one again. */
export const partition: Experiment = {
  name: 'partition',
  promise:
    'a network split for 10 minutes works on both sides, and is one again within a minute; nothing is lost',
  control: 'no requests for newer sequence numbers',
  nodes: 80,
  nodesQuick: 40,
  nodesMin: 12,
  *run(trial: Trial): Running {
    const { nodes, suite, isControl } = trial.setting;
    const fleet = trial.fleet('network');
    const options = () => (isControl ? { suite: tampering(suite, withoutRouteRequests) } : {});
    fleet.wire(joined(geometric(trial.random, nodes, DEGREE)), () => PROFILES.serial, options);
    yield* trial.settle(fleet, SETTLE_MS, 'finding each other');
    const sides = sidesOf(fleet);
    const border = fleet.wires.filter(({ a, b }) => sides[a.host.index] !== sides[b.host.index]);
    const post = new Post(fleet);
    const publishers = trial.draw(fleet, PUBLISHER_COUNT);
    for (const { index, name } of publishers) subscribeBeside(fleet, sides, index, `${name}/count`);
    yield* trial.run(fleet, 10_000, 'subscribing');

    yield* split(trial, fleet, border, () => {
      for (const publisher of publishers) post.publish(publisher, 'count');
    });
    const renamed = yield* rename(trial, fleet, sides);
    for (const { medium } of border) fleet.world.heal(medium);
    const wholeS = yield* trial.settle(fleet, HEAL_MS, 'one network again');
    trial.measure('one network again after, s', wholeS, { atMost: HEAL_MS / 1000 });
    yield* trial.run(fleet, Math.max(0, HEAL_MS - 1000 * wholeS), 'names and subscriptions meet');
    yield* meet(trial, fleet, post, renamed);
    trial.measure('QoS 1 messages, one for each subscriber', post.sentCount);
    trial.measure('not acknowledged', post.lostCount, { atMost: 0 });
    trial.measure('acknowledged but not received', post.missingCount, { atMost: 0 });
  },
};

function* split(trial: Trial, fleet: Fleet, border: readonly Wire[], publish: () => void): Running {
  for (const { medium } of border) fleet.world.cut(medium);
  yield* trial.run(fleet, REPAIR_MS, 'split: both sides repair themselves');
  const reach = surveyReach(fleet, fleet.model());
  trial.measure('split: links cut', border.length);
  trial.measure('split: pairs reached inside the sides', shareOf(reach), { atLeast: 0.999 });
  for (let ms = REPAIR_MS; ms < SPLIT_MS; ms += PUBLISH_EVERY_MS) {
    publish();
    yield* trial.run(fleet, PUBLISH_EVERY_MS, 'split: publishing');
  }
}

/**
 * On each side some start anew under another name, and somebody on the other side waits for what they will
 * say.
 */
function* rename(
  trial: Trial,
  fleet: Fleet,
  sides: readonly boolean[],
): Running<readonly (readonly [Member, Member])[]> {
  const pairs: (readonly [Member, Member])[] = [];
  for (const side of [true, false]) {
    const [here, there] = [side, !side].map((which) =>
      fleet.members.filter(({ index }) => sides[index] === which),
    );
    for (let i = 0; i < RENAMED_COUNT; i++) {
      const speaker = here?.[here.length - 1 - i];
      const listener = there?.[i];
      if (speaker === undefined || listener === undefined) continue;
      speaker.name = `new-${speaker.index}`;
      speaker.host.restart();
      listener.host.command({ kind: 'subscribe', pattern: `${speaker.name}/news`, qos: 1 });
      pairs.push([speaker, listener]);
    }
  }
  yield* trial.run(fleet, 20_000, 'split: new names and subscriptions');
  return pairs;
}

/** What changed on one side is known on the other. */
function* meet(
  trial: Trial,
  fleet: Fleet,
  post: Post,
  pairs: readonly (readonly [Member, Member])[],
): Running {
  const questions = pairs.map(([speaker, listener]) => fleet.ask(listener, speaker, 'name'));
  yield* trial.run(fleet, 11_000, 'asking by the new names');
  trial.measure('new names answer across', answeredShare(questions), { atLeast: 1 });
  const before = post.receivedCount;
  for (const [speaker] of pairs) post.publish(speaker, 'news');
  yield* trial.run(fleet, 60_000, 'publishing across');
  trial.measure('new topics heard across', (post.receivedCount - before) / pairs.length, { atLeast: 1 });
}

/** True for the half that is nearest to the first node. */
function sidesOf(fleet: Fleet): readonly boolean[] {
  const distances = fleet.model().distances(0);
  const order = fleet.members.map(({ index }) => index);
  order.sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0));
  const near = new Set(order.slice(0, order.length >> 1));
  return fleet.members.map(({ index }) => near.has(index));
}

/** Two of the same side listen. */
function subscribeBeside(fleet: Fleet, sides: readonly boolean[], publisher: number, pattern: string): void {
  const beside = fleet.members.filter(
    ({ index }) => index !== publisher && sides[index] === sides[publisher],
  );
  for (const { host } of [beside[0], beside[beside.length >> 1]].filter((each) => each !== undefined)) {
    host.command({ kind: 'subscribe', pattern, qos: 1 });
  }
}
