import type { Fleet, Member } from '../fleet.js';
import { pieces } from '../graph.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, servingCount, untilCovered } from './elected.js';
import { evenness, Ledger } from './ledger.js';

const SETTLE_MS = 180_000;
const TERM_COUNT = 36;
const TERM_MS = 600_000;
/** Networks that are smaller than the promise is meant for have shorter terms, or they take as long. */
const TERM_MS_PER_NODE = 5000;
/** Of seven: what owners allow, so that scores are mixed. */
const WILLINGNESS = [3, 5, 7] as const;
const EVENNESS_MIN = 0.88;
const MOST_TO_MEAN_MAX = 3;

/** Doing more for others goes around. */
export const fairness: Experiment = {
  name: 'fairness',
  promise: 'over 36 terms all serve in proportion to what they can: Jain index of service per score 0.88',
  control: 'chance alone decides who is next, not who served least',
  nodes: 200,
  nodesQuick: 24,
  nodesMin: 12,
  *run(trial: Trial): Running {
    const { nodes, isControl } = trial.setting;
    const termMs = Math.min(TERM_MS, TERM_MS_PER_NODE * nodes);
    const fleet = electorate(trial, 'constrained', { termMs, countsDebt: !isControl });
    for (const { host, index } of fleet.members) {
      const value = WILLINGNESS[index % WILLINGNESS.length] ?? 0;
      host.command({ kind: 'setWillingness', value });
    }
    yield* untilCovered(trial, fleet, SETTLE_MS, 'the first election');
    const ledger = new Ledger(fleet);
    yield* trial.run(fleet, TERM_COUNT * termMs, `${TERM_COUNT} terms`);
    trial.measure('a term, s', termMs / 1000);
    trial.measure('supernodes at the end', servingCount(fleet));
    const shareOf = (member: Member): number => ledger.servedMs(member) / (member.role?.score ?? 1);
    const evenAll = evenness(fleet.members.map(shareOf));
    trial.measure('service per score: evenness', evenAll, { atLeast: EVENNESS_MIN });
    const free = withoutCutVertices(fleet).map(shareOf);
    trial.measure('... without cut vertices', evenness(free));
    const mean = free.reduce((sum, each) => sum + each, 0) / Math.max(1, free.length);
    trial.measure('... the most, to the mean', Math.max(...free) / mean, { atMost: MOST_TO_MEAN_MAX });
  },
};

/** Somebody who alone joins two parts must serve: that is the network's choice. */
function withoutCutVertices(fleet: Fleet): readonly Member[] {
  const edges = fleet.wires.map(({ a, b }) => [a.host.index, b.host.index] as const);
  const graph = { count: fleet.members.length, edges };
  return fleet.members.filter(({ index }) => pieces(graph, new Set([index])).length === 1);
}
