import { clique, type Graph, line, star } from '../graph.js';
import { PROFILES } from '../profiles.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { servingCount } from './elected.js';

const SETTLE_MS = 300_000;
/** Terms last longer, so their ends are left out. */
const WATCHED_MS = 1_800_000;
const SERVING_MAX = 2;
const SHAPES: readonly (readonly [string, (count: number) => Graph])[] = [
  ['clique', clique],
  ['star', star],
  ['chain', line],
];

/** A few boards at home must not be restless. */
export const tiny: Experiment = {
  name: 'tiny',
  promise:
    'one to five nodes have no supernode where nobody needs one, at most two elsewhere, and change no role',
  control: 'terms of a minute',
  nodes: 5,
  nodesQuick: 4,
  nodesMin: 1,
  *run(trial: Trial): Running {
    for (const [shape, graphOf] of SHAPES) {
      for (let count = 1; count <= trial.setting.nodes; count++) {
        if (count > 2 || shape === 'clique') yield* watch(trial, `${shape} of ${count}`, graphOf(count));
      }
    }
  },
};

function* watch(trial: Trial, name: string, graph: Graph): Running {
  const rules = trial.isControl ? { termMs: 60_000 } : {};
  const fleet = trial.fleet(name, {}, { electionRules: rules });
  fleet.wire(graph, () => PROFILES.serial);
  yield* trial.run(fleet, SETTLE_MS, `${name}: finding each other`);
  const pairs = (graph.count * (graph.count - 1)) / 2;
  const isNeeded = graph.edges.length < pairs;
  let changes = 0;
  let servingMax = servingCount(fleet);
  fleet.onEvent = (event, member) => {
    if (event.kind !== 'role') return;
    if (event.role.state !== states.get(member.index)) changes++;
    states.set(member.index, event.role.state);
    servingMax = Math.max(servingMax, servingCount(fleet));
  };
  const states = new Map(fleet.members.map(({ index, role }) => [index, role?.state]));
  yield* trial.run(fleet, WATCHED_MS, `${name}: half an hour`);
  trial.measure(`${name}: supernodes at most`, servingMax, { atMost: isNeeded ? SERVING_MAX : 0 });
  trial.measure(`${name}: role changes in half an hour`, changes, { atMost: 0 });
}
