import type { Fleet, Member } from '../fleet.js';
import { pieces } from '../graph.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, REGIMES, type Regime, servingCount, untilCovered, VIEW } from './elected.js';
import { evenness, Ledger } from './ledger.js';

const SETTLE_MS = 180_000;
const TERM_COUNT = 36;
const TERM_MS = 600_000;
/** Networks that are smaller than the promise is meant for have shorter terms, or they take as long. */
const TERM_MS_PER_NODE = 5000;
/** Of seven: what owners allow, so that scores are mixed. */
const WILLINGNESS = [3, 5, 7] as const;
/** Where everybody is everybody's neighbor nobody serves. */
const DEGREE_MAX = 2 / 3;
const EVENNESS_MIN = { constrained: 0.88, overlay: 0.95 } as const;
const MOST_TO_MEAN_MAX = 3;
const THIN =
  'nodes take turns with those in sight; where the graph is thin, as around one that joins two parts, few ' +
  'can serve in its place, so it serves more than others elsewhere';

/** Doing more for others goes around. */
export const fairness: Experiment = {
  name: 'fairness',
  promise:
    'over 36 terms all serve in proportion to what they can: service per score 0.88 even, in an overlay 0.95',
  control: 'chance alone decides who is next, not who served least',
  nodes: 200,
  nodesQuick: 24,
  nodesMin: 12,
  shortfalls: {
    'constrained: service per score: evenness': THIN,
    'constrained: ... the most, to the mean': THIN,
  },
  *run(trial: Trial): Running {
    for (const regime of REGIMES) yield* rotate(trial, regime);
  },
};

function* rotate(trial: Trial, regime: Regime): Running {
  const { nodes, isControl } = trial.setting;
  const termMs = Math.min(TERM_MS, TERM_MS_PER_NODE * nodes);
  const room = regime === 'overlay' ? { degree: Math.min(VIEW, Math.floor(nodes * DEGREE_MAX)) } : {};
  const fleet = electorate(trial, regime, { termMs, countsDebt: !isControl }, room);
  for (const { host, index } of fleet.members) {
    const value = WILLINGNESS[index % WILLINGNESS.length] ?? 0;
    host.command({ kind: 'setWillingness', value });
  }
  yield* untilCovered(trial, fleet, SETTLE_MS, `${regime}: the first election`);
  const ledger = new Ledger(fleet);
  yield* trial.run(fleet, TERM_COUNT * termMs, `${regime}: ${TERM_COUNT} terms`);
  trial.measure(`${regime}: a term, s`, termMs / 1000);
  trial.measure(`${regime}: supernodes at the end`, servingCount(fleet));
  const shareOf = (member: Member): number => ledger.servedMs(member) / (member.role?.score ?? 1);
  const evenAll = evenness(fleet.members.map(shareOf));
  trial.measure(`${regime}: service per score: evenness`, evenAll, { atLeast: EVENNESS_MIN[regime] });
  const free = withoutCutVertices(fleet).map(shareOf);
  trial.measure(`${regime}: ... without cut vertices`, evenness(free));
  const mean = free.reduce((sum, each) => sum + each, 0) / Math.max(1, free.length);
  trial.measure(`${regime}: ... the most, to the mean`, Math.max(...free) / mean, {
    atMost: MOST_TO_MEAN_MAX,
  });
}

/** Somebody who alone joins two parts must serve: that is the network's choice. */
function withoutCutVertices(fleet: Fleet): readonly Member[] {
  const edges = fleet.wires.map(({ a, b }) => [a.host.index, b.host.index] as const);
  const graph = { count: fleet.members.length, edges };
  return fleet.members.filter(({ index }) => pieces(graph, new Set([index])).length === 1);
}
