import type { CryptoSuite, ElectionRules, IndexRules, Limits } from '@fogwisp/protocol';
import { coverageOf, isServing } from '../coverage.js';
import type { Fleet, MemberOptions } from '../fleet.js';
import { geometric, joined, randomGraph } from '../graph.js';
import { Overhearing } from '../overhearing.js';
import { PROFILES } from '../profiles.js';
import type { Running, Trial } from '../trial.js';

export const REGIMES = ['constrained', 'overlay'] as const;
export type Regime = (typeof REGIMES)[number];

const DEGREE = 8;
export const VIEW = 16;
export const WILLINGNESS_MAX = 7;
const COVERED = 0.99;

/** A network of one regime, as large as the run wants. */
export function electorate(
  trial: Trial,
  regime: Regime,
  electionRules: Partial<ElectionRules>,
  { degree, limits = {}, willingness = WILLINGNESS_MAX, ...others }: Electorate = {},
): Fleet {
  const { nodes } = trial.setting;
  const room = { recordCountMax: 32, routeCountMax: nodes + 64, neighborCountMax: 48, ...limits };
  const { indexRules = {}, suiteOf } = others;
  const fleet = trial.fleet(regime, room, { electionRules, willingness, indexRules });
  const optionsOf = (index: number): MemberOptions =>
    suiteOf === undefined ? {} : { suite: suiteOf(index) };
  if (regime === 'constrained') {
    fleet.wire(joined(geometric(trial.random, nodes, degree ?? DEGREE)), () => PROFILES.serial, optionsOf);
  } else {
    const graph = randomGraph(trial.random, nodes, Math.min(degree ?? VIEW, nodes - 1));
    fleet.overlay(graph, PROFILES.udp, () => false, optionsOf);
  }
  return fleet;
}

/** What differs from the usual. */
interface Electorate {
  /** Neighbors on average. */
  readonly degree?: number;
  readonly limits?: Partial<Limits>;
  readonly willingness?: number;
  readonly indexRules?: Partial<IndexRules>;
  /** For members that are overheard, or do not say what the protocol has them say. */
  readonly suiteOf?: (index: number) => CryptoSuite;
}

export interface Covering {
  /** Seconds until 99 % are covered, or one more than allowed. */
  readonly seconds: number;
  /** Packets that a node sent on average in the worst second. */
  readonly packetsPerSecondMax: number;
  /** The same for messages of the election; 0 where nobody listens. */
  readonly electionPerSecondMax: number;
}

export function* untilCovered(
  trial: Trial,
  fleet: Fleet,
  withinMs: number,
  doing: string,
  ears = new Overhearing(),
): Running<Covering> {
  const from = fleet.world.now;
  let [packetsMax, electionMax] = [0, 0];
  while (fleet.world.now < from + withinMs) {
    const before = fleet.sentPackets;
    const saidBefore = ears.electionCount;
    yield* trial.run(fleet, 1000, doing);
    packetsMax = Math.max(packetsMax, fleet.sentPackets - before);
    electionMax = Math.max(electionMax, ears.electionCount - saidBefore);
    if (coverageOf(fleet) >= COVERED) break;
  }
  const isCovered = coverageOf(fleet) >= COVERED;
  const seconds = isCovered ? (fleet.world.now - from) / 1000 : withinMs / 1000 + 1;
  const count = fleet.members.length;
  return {
    seconds,
    packetsPerSecondMax: packetsMax / count,
    electionPerSecondMax: electionMax / count,
  };
}

export function servingCount(fleet: Fleet): number {
  return fleet.members.filter(isServing).length;
}
