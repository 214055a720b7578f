import { parseArgs } from 'node:util';
import { EXPERIMENTS, type Experiment } from '@fogwisp/protocol/sim';
import { type Order, SUITES, type Suite } from './run.js';

export const HELP = `usage: npm run --silent sim -- SCENARIO [--nodes N] [--seed S] [--control] [--json]
                                        [--suite node|stub] [--plot FILE.svg]
       npm run --silent sim -- --list
       npm run --silent sim -- --report [--quick] [--only SCENARIO [--nodes N]] [--suite node|stub] [--fresh]

  --nodes    how many (a scenario has its own number)
  --seed     what chance draws from (default 1): the same seed is the same run
  --control  breaks the promise on purpose: a target must be missed
  --json     one line for programs
  --suite    node: real primitives; stub: others of the same sizes that protect nothing (default above 1000)
  --plot     draws the run
  --list     the scenarios, what they promise and what their controls break
  --report   all scenarios and controls with three seeds, into protocol/sim/RESULTS.md;
             goes on where it stopped
  --quick    ... with smaller networks, and one seed for controls
  --fresh    ... or begins anew

Exit code 0: as it should be (a control that fails, too). 1: not so. 2: wrong usage.
`;

export interface ReportTask {
  readonly kind: 'report';
  readonly only: string | undefined;
  /** Instead of the scenario's own number. */
  readonly nodes: number | undefined;
  readonly suite: Suite | undefined;
  readonly isQuick: boolean;
  readonly isFresh: boolean;
}

export type Task =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | ReportTask
  | {
      readonly kind: 'run';
      readonly order: Order;
      readonly isJson: boolean;
      readonly plot: string | undefined;
    };

/** Wrong usage: told in one line that says what to do next. */
export class WrongUsage extends Error {}

const NODES_MAX = 10_000;
const SEED_MAX = 0xffff_ffff;

export function taskOf(args: readonly string[]): Task {
  const { values, positionals } = parse(args);
  if (values.help === true) return { kind: 'help' };
  if (values.list === true) return { kind: 'list' };
  if (values.report === true) return reportOf(values);
  const [name, ...rest] = positionals;
  if (name === undefined) throw new WrongUsage('no scenario is named: --list shows them');
  if (rest.length > 0) throw new WrongUsage(`one scenario at a time, not also "${rest[0]}"`);
  const experiment = experimentOf(name);
  const nodes = numberOf('nodes', values.nodes ?? `${experiment.nodes}`, experiment.nodesMin, NODES_MAX);
  const seed = numberOf('seed', values.seed ?? '1', 0, SEED_MAX);
  const suite = suiteOf(values.suite);
  const order = { experiment, nodes, seed, isControl: values.control === true, suite };
  return { kind: 'run', order, isJson: values.json === true, plot: plotOf(values.plot) };
}

function reportOf({ only, nodes, suite, quick, fresh }: ReturnType<typeof parse>['values']): ReportTask {
  const experiment = only === undefined ? undefined : experimentOf(only);
  if (nodes !== undefined && experiment === undefined) {
    throw new WrongUsage('each scenario has its own number of nodes: --only says which one --nodes is for');
  }
  return {
    kind: 'report',
    only: experiment?.name,
    nodes: nodes === undefined ? undefined : numberOf('nodes', nodes, experiment?.nodesMin ?? 1, NODES_MAX),
    suite: suiteOf(suite),
    isQuick: quick === true,
    isFresh: fresh === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        nodes: { type: 'string' },
        seed: { type: 'string' },
        control: { type: 'boolean' },
        json: { type: 'boolean' },
        suite: { type: 'string' },
        plot: { type: 'string' },
        list: { type: 'boolean' },
        report: { type: 'boolean' },
        only: { type: 'string' },
        quick: { type: 'boolean' },
        fresh: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (thrown) {
    const what = thrown instanceof Error ? thrown.message.split('.')[0] : 'wrong options';
    throw new WrongUsage(`${what}: --help shows the options`);
  }
}

function experimentOf(name: string): Experiment {
  const experiment = EXPERIMENTS.find((each) => each.name === name);
  if (experiment === undefined) throw new WrongUsage(`no scenario is called "${name}": --list shows them`);
  return experiment;
}

function numberOf(what: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new WrongUsage(`--${what} wants a whole number from ${min} to ${max}, not "${text}"`);
}

function suiteOf(text: string | undefined): Suite | undefined {
  const suite = SUITES.find((each) => each === text);
  if (suite !== undefined || text === undefined) return suite;
  throw new WrongUsage(`--suite wants ${SUITES.join(' or ')}, not "${text}"`);
}

function plotOf(path: string | undefined): string | undefined {
  if (path === undefined || path.endsWith('.svg')) return path;
  throw new WrongUsage(`--plot writes SVG: name a file that ends in .svg, not "${path}"`);
}
