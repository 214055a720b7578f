import type { Fleet, Member } from '../fleet.js';
import { type Graph, lattice, randomGraph } from '../graph.js';
import { PROFILES } from '../profiles.js';
import { shareOf, surveyReach } from '../survey.js';
import type { Experiment, Running, Trial } from '../trial.js';

const SETTLE_MS = 120_000;
const REPAIR_MS = 60_000;
const LOST_MAX = 0.01;
const STEP = 0.1;
const REMOVED_MAX = 0.6;
const BEST_CONNECTED = 0.3;
/** Of the control: who may forward. */
const SUPERNODES = 0.2;

/** Baran's experiment: what is left of the network must be as connected as what is left of its links. */
export const nodeRemoval: Experiment = {
  name: 'node-removal',
  promise:
    'a minute after nodes are removed, the pairs that reach each other are those still connected, within 1 %',
  control: 'only supernodes forward, a fifth of all nodes',
  nodes: 324,
  nodesQuick: 36,
  nodesMin: 16,
  *run(trial: Trial): Running {
    const { nodes } = trial.setting;
    const width = Math.floor(Math.sqrt(nodes));
    const graphs: readonly (readonly [string, Graph])[] = [
      ['R=2', lattice(width, width, 2)],
      ['R=3', lattice(width, width, 3)],
      ['R=4', lattice(width, width, 4)],
      ['random', randomGraph(trial.random, nodes, 5)],
    ];
    for (const [name, graph] of graphs) yield* removeFrom(trial, name, graph);
  },
};

function* removeFrom(trial: Trial, name: string, graph: Graph): Running {
  const fleet = trial.fleet(name, {
    recordCountMax: 32,
    routeCountMax: graph.count + 64,
    neighborCountMax: 32,
  });
  const isSupernode = (): boolean => !trial.isControl || trial.random.chance(SUPERNODES);
  fleet.wire(
    graph,
    () => PROFILES.serial,
    () => ({ forwards: isSupernode() }),
  );
  const settleMs = trial.isControl ? REPAIR_MS : SETTLE_MS;
  trial.measure(
    `${name}: whole after, s`,
    yield* trial.settle(fleet, settleMs, `${name}: finding each other`),
  );
  const order = trial.draw(fleet, fleet.members.length);
  let removed = 0;
  for (let share = STEP; share < REMOVED_MAX + STEP / 2; share += STEP) {
    const until = Math.round(order.length * share);
    for (const { host } of order.slice(removed, until)) host.crash();
    removed = until;
    yield* judge(trial, fleet, `${name} -${Math.round(share * 100)} %`, order.length - removed);
  }
  for (const { host } of fleet.members) if (!host.isPowered) host.start();
  const wholeS = yield* trial.settle(fleet, settleMs, `${name}: all are back`);
  trial.measure(`${name}: whole again after, s`, wholeS, { atMost: settleMs / 1000 });
  for (const { host } of bestConnected(trial, fleet, Math.round(order.length * BEST_CONNECTED))) host.crash();
  yield* judge(trial, fleet, `${name} -30 % best`, order.length - Math.round(order.length * BEST_CONNECTED));
}

function* judge(trial: Trial, fleet: Fleet, name: string, left: number): Running {
  yield* trial.run(fleet, REPAIR_MS, `${name}: a minute of repair`);
  const model = fleet.model();
  trial.measure(`${name}: largest piece`, Math.max(...model.pieceSizes) / left);
  trial.measure(`${name}: reached`, shareOf(surveyReach(fleet, model)), { atLeast: 1 - LOST_MAX });
}

/** By the number of links, chance among equals. */
function bestConnected(trial: Trial, fleet: Fleet, count: number): readonly Member[] {
  const order = [...trial.draw(fleet, fleet.members.length)];
  order.sort((a, b) => b.host.ports.length - a.host.ports.length);
  return order.slice(0, count);
}
