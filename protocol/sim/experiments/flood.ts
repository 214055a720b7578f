import type { Limits } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';
import { randomGraph } from '../graph.js';
import { Prng } from '../prng.js';
import { shareOf, surveyReach } from '../survey.js';
import { flooding, tampering } from '../tampering.js';
import type { Experiment, Running, Trial } from '../trial.js';

const SETTLE_MS = 60_000;
const FLOOD_MS = 60_000;
const PACKETS_PER_SECOND = 8;
const DEGREE = 4;
const QUESTION_COUNT = 20;
const ROUTE_COUNT_MAX = 512;
/** Many more than needed: what is missing then is the limit, not the room for its control to run in. */
const UNLIMITED = 2000;
const WIRE = { kind: 'lan', cast: 'point', delayMs: 2, mtu: 1400 } as const;

/** One member at the rim says things that make others work and remember. */
export const flood: Experiment = {
  name: 'flood',
  promise: 'a leaf that floods routes, requests, finds and heartbeats disturbs nobody, and memory is bounded',
  control: 'four times the routes that the target allows',
  nodes: 50,
  nodesQuick: 30,
  nodesMin: 5,
  shortfalls: {
    'flood: pairs reached, at the worst':
      'the table full of routes to nowhere keeps real ones only as far as it has room (SPEC 8.9), and this ' +
      'figure counts those; the others are searched for when somebody asks, and all requests are answered',
  },
  *run(trial: Trial): Running {
    const { nodes, suite, isControl, seed } = trial.setting;
    const off: Partial<Limits> = { routeCountMax: UNLIMITED };
    const fleet = trial.fleet('network', isControl ? off : { routeCountMax: ROUTE_COUNT_MAX });
    const graph = randomGraph(trial.random, nodes - 1, DEGREE);
    const leaf = nodes - 1;
    const rogue = tampering(suite, flooding(new Prng(seed, 0x3000)));
    const withLeaf = { count: nodes, edges: [...graph.edges, [0, leaf] as const] };
    fleet.wire(
      withLeaf,
      () => WIRE,
      (index) => (index === leaf ? { suite: rogue, isOff: true } : {}),
    );
    yield* trial.settle(fleet, SETTLE_MS, 'finding each other');
    const sentBefore = fleet.sentBytes;
    fleet.members[leaf]?.host.start();
    let reachedMin = 1;
    for (let ms = 0; ms < FLOOD_MS; ms += 1000) {
      say(fleet, leaf);
      yield* trial.run(fleet, 1000, 'the leaf floods');
      if (ms % 10_000 === 0) reachedMin = Math.min(reachedMin, reachedWithout(fleet, leaf));
    }
    trial.measure('flood: pairs reached, at the worst', reachedMin, { atLeast: 0.99 });
    const sent = fleet.sentBytes - sentBefore;
    trial.measure('flood: bytes/s per node', (sent * 1000) / FLOOD_MS / nodes);
    const answered = yield* trial.ask(fleet, QUESTION_COUNT, 'asking after the flood', leaf);
    trial.measure('flood: requests answered', answered, { atLeast: 0.99 });
    const rows = fleet.members.filter(({ index }) => index !== leaf).map(({ node }) => node.figures().routes);
    trial.measure('routes kept by a node, at most', Math.max(...rows), { atMost: ROUTE_COUNT_MAX + 1 });
  },
};

/** Each ping is a packet, and each packet carries more than a ping. */
function say(fleet: Fleet, leaf: number): void {
  const { host } = fleet.members[leaf] as Member;
  const to = fleet.members[0]?.identity.key ?? '';
  for (let i = 0; i < PACKETS_PER_SECOND; i++) host.command({ kind: 'ping', to, deadlineMs: 1000 });
}

/** Of the pairs that the leaf is not part of. */
function reachedWithout(fleet: Fleet, leaf: number): number {
  const others = fleet.members.map(({ index }) => index).filter((index) => index !== leaf);
  return shareOf(surveyReach(fleet, fleet.model(), others, leaf));
}
