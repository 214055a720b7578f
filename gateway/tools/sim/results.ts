import { EXPERIMENTS, type Experiment, type Target } from '@fogwisp/protocol/sim';
import { markdownTable } from '../results.js';

/** One run as its process told it, and under which commit. */
export interface Line {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
  readonly control: boolean;
  readonly suite: string;
  readonly ok: boolean;
  readonly metrics: Readonly<Record<string, number>>;
  readonly targets: Readonly<Record<string, Target>>;
  readonly missed: readonly string[];
  readonly failure?: string;
  readonly traceHash: string;
  readonly commit: string;
  readonly seconds: number;
}

/** For each scenario that was run, its section of the report: one table, and what is to be said of it. */
export function sectionsOf(lines: readonly Line[]): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  for (const experiment of EXPERIMENTS) {
    const { name, promise, control } = experiment;
    const own = lines.filter(({ scenario }) => scenario === name);
    if (own.length === 0) continue;
    const what = `${sentence(promise)} Control: ${sentence(control)}`;
    const notes = [...misses(experiment, own), ...sizes(experiment, own), ...own.map(noteOf)];
    sections.set(name, `${what}\n\n${table(own)}\n\n${notes.join('\n')}`);
  }
  return sections;
}

function table(lines: readonly Line[]): string {
  const runs = lines.filter(({ control }) => !control);
  const controls = lines.filter(({ control }) => control);
  const names = [...new Set(lines.flatMap(({ metrics }) => Object.keys(metrics)))];
  const isOfOneSize = new Set(runs.map(({ nodes }) => nodes)).size === 1;
  const columns = runs.map(({ seed, nodes }) => `seed ${seed}${isOfOneSize ? '' : ` of ${nodes}`}`);
  const head = ['figure', 'target', ...columns, 'controls'];
  const rows = names.map((name) => [
    name,
    targetOf(lines, name),
    ...runs.map((line) => figureOf(line, name)),
    controls.map((line) => figureOf(line, name)).join(', '),
  ]);
  return markdownTable(head, rows);
}

/** Why a target is missed, where that is known. */
function misses({ shortfalls = {} }: Experiment, lines: readonly Line[]): readonly string[] {
  const names = new Set(lines.flatMap(({ control, missed }) => (control ? [] : missed)));
  return [...names].map((name) => `- Missed: ${name}. ${sentence(shortfalls[name] ?? 'not explained yet')}`);
}

const TOO_LONG = 'that takes more than ten minutes of a core';

/** What smaller networks leave open. */
function sizes({ nodes, notRun }: Experiment, lines: readonly Line[]): readonly string[] {
  const most = Math.max(...lines.map((line) => line.nodes));
  return [
    ...(most >= nodes ? [] : [`- Not run: ${nodes} nodes, for which the targets are meant: ${TOO_LONG}.`]),
    ...(notRun === undefined ? [] : [`- Not run: ${notRun}.`]),
  ];
}

function noteOf({
  control,
  seed,
  nodes,
  suite,
  ok,
  missed,
  failure,
  commit,
  seconds,
  traceHash,
}: Line): string {
  const fate = ok ? 'held' : `missed ${missed.length} target${missed.length === 1 ? '' : 's'}`;
  const expected = control && !ok ? ', as it should' : '';
  const what = control ? `control, seed ${seed}` : `seed ${seed}`;
  const how = `${nodes} nodes, suite ${suite}, commit ${commit}, ${seconds} s, trace ${traceHash}`;
  return `- ${what}: ${failure ?? `${fate}${expected}`}; ${how}`;
}

/** Networks of several sizes may have several targets. */
function targetOf(lines: readonly Line[], name: string): string {
  const texts = lines.flatMap(({ targets }) => {
    const target = targets[name];
    if (target === undefined) return [];
    return 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
  });
  return [...new Set(texts)].join(', ');
}

function figureOf({ metrics, missed }: Line, name: string): string {
  const value = metrics[name];
  if (value === undefined) return '';
  const text = Number.isFinite(value) ? `${value}` : 'never'; // JSON has no infinity
  return missed.includes(name) ? `[${text}]` : text;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.substring(1)}.`;
}
