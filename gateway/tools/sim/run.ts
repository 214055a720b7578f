import { nodeSuite } from '@fogwisp/firmware-shim/node';
import {
  type Experiment,
  type Metric,
  type Moment,
  stubSuite,
  Trial,
  WorldFailure,
} from '@fogwisp/protocol/sim';

/** Beyond this real primitives would take most of the time. */
export const SEALED_NODES_MAX = 1000;

export interface Order {
  readonly experiment: Experiment;
  readonly nodes: number;
  readonly seed: number;
  readonly isControl: boolean;
  /** Undefined: as is usual for so many nodes. */
  readonly suite?: Suite | undefined;
}

export const SUITES = ['node', 'stub'] as const;
export type Suite = (typeof SUITES)[number];

export interface Outcome {
  readonly order: Order;
  readonly suite: Suite;
  readonly metrics: readonly Metric[];
  readonly missed: readonly string[];
  /** What broke in the middle: an invariant, or the code. */
  readonly failure: string | undefined;
  readonly traceHash: string;
  readonly trial: Trial;
}

/** Sees every virtual second of a run. */
export type Watcher = (moment: Moment) => void;

export function suiteFor(nodes: number): Suite {
  return nodes > SEALED_NODES_MAX ? 'stub' : 'node';
}

export function runOrder(order: Order, watch: Watcher): Outcome {
  const { experiment, nodes, seed, isControl } = order;
  const suite = order.suite ?? suiteFor(nodes);
  const trial = new Trial({ nodes, seed, isControl, suite: suite === 'stub' ? stubSuite() : nodeSuite() });
  let failure: string | undefined;
  try {
    for (const moment of experiment.run(trial)) watch(moment);
  } catch (thrown) {
    if (!(thrown instanceof WorldFailure)) throw thrown;
    failure = thrown.message;
  }
  const missed = trial.missed.map(({ name }) => name);
  return { order, suite, metrics: trial.metrics, missed, failure, traceHash: trial.hash, trial };
}

/** All targets held, and nothing broke. */
export function isOk({ missed, failure }: Outcome): boolean {
  return missed.length === 0 && failure === undefined;
}

/** A control does as it should when it misses a target, and nothing else breaks. */
export function isAsExpected(outcome: Outcome): boolean {
  if (!outcome.order.isControl) return isOk(outcome);
  return outcome.failure === undefined && outcome.missed.length > 0;
}

/** What a program reads of a run: one line. */
export function jsonOf(outcome: Outcome): string {
  const { order, suite, metrics, missed, failure, traceHash } = outcome;
  const { experiment, nodes, seed, isControl } = order;
  const targets = metrics.flatMap(({ name, target }) => (target === undefined ? [] : [[name, target]]));
  return JSON.stringify({
    scenario: experiment.name,
    nodes,
    seed,
    control: isControl,
    suite,
    ok: isOk(outcome),
    metrics: Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
    targets: Object.fromEntries(targets),
    missed,
    ...(failure === undefined ? {} : { failure }),
    traceHash,
  });
}

/** The command that does the same again. */
export function replayOf({ experiment, nodes, seed, isControl, suite }: Order): string {
  const control = isControl ? ' --control' : '';
  const primitives = suite === undefined ? '' : ` --suite ${suite}`;
  return `npm run --silent sim -- ${experiment.name} --nodes ${nodes} --seed ${seed}${control}${primitives}`;
}
