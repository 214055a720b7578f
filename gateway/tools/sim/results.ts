import { EXPERIMENTS, type Target } from '@fogwisp/protocol/sim';

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

const HEAD = `# What the simulator found

Written by \`npm run --silent sim -- --report\`. Each scenario runs the shipped node over simulated media
with three seeds, and so does its control, which breaks the promise on purpose and must miss a target (in
brackets). The same seed and code give the same run: \`npm run --silent sim -- SCENARIO --nodes N --seed S\`.
`;

/** The report: one table for each scenario that was run. */
export function render(lines: readonly Line[]): string {
  const parts = EXPERIMENTS.map(({ name, promise, control }) => {
    const own = lines.filter(({ scenario }) => scenario === name);
    if (own.length === 0) return `## ${name}\n\nNot run yet.\n`;
    const what = `${sentence(promise)} Control: ${sentence(control)}`;
    return `## ${name}\n\n${what}\n\n${table(own)}\n\n${notes(own)}\n`;
  });
  return `${HEAD}\n${parts.join('\n')}`;
}

function table(lines: readonly Line[]): string {
  const runs = lines.filter(({ control }) => !control);
  const controls = lines.filter(({ control }) => control);
  const names = [...new Set(lines.flatMap(({ metrics }) => Object.keys(metrics)))];
  const columns = runs.map(({ seed }) => `seed ${seed}`);
  const head = ['figure', 'target', ...columns, 'controls'];
  const rows = names.map((name) => [
    name,
    targetOf(lines, name),
    ...runs.map((line) => figureOf(line, name)),
    controls.map((line) => figureOf(line, name)).join(', '),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function notes(lines: readonly Line[]): string {
  return lines
    .map(({ control, seed, nodes, suite, ok, failure, commit, seconds, traceHash }) => {
      const verdict = failure ?? (ok ? 'held' : 'missed');
      const what = control ? `control, seed ${seed}` : `seed ${seed}`;
      const how = `${nodes} nodes, suite ${suite}, commit ${commit}, ${seconds} s, trace ${traceHash}`;
      return `- ${what}: ${verdict}; ${how}`;
    })
    .join('\n');
}

function targetOf(lines: readonly Line[], name: string): string {
  const target = lines.find(({ targets }) => targets[name] !== undefined)?.targets[name];
  if (target === undefined) return '';
  return 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}

function figureOf({ metrics, missed }: Line, name: string): string {
  const value = metrics[name];
  if (value === undefined) return '';
  return missed.includes(name) ? `[${value}]` : `${value}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.substring(1)}.`;
}
