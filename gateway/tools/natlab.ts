import { parseArgs } from 'node:util';
import { endWithReader } from '../src/text/reader.js';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { allCells, type Cell, namedCell, nameOf, reducedCells } from './natlab/cells.js';
import { missingForLab } from './natlab/needs.js';
import { type LabFigures, runLab } from './natlab/run.js';
import { type CellFigures, complaintsOf } from './natlab/verdict.js';
import { commitOf, markdownTable, writeSections } from './results.js';

const HELP = `usage: npm run --silent natlab -- [--json] [--reduced] [--runs N] [--jobs N] [--only A:B]
                                       [--report]

  --runs     meetings of each pair (default 20; reduced: 2)
  --jobs     labs at a time (default 4)
  --reduced  one pair for each kind of NAT
  --only     these pairs, such as port:symmetric; may be repeated
  --json     figures for programs
  --report   the table also goes into protocol/sim/RESULTS.md

Peers are fogwisp processes behind NATs of the Linux kernel, in network namespaces with no way out.
Exit code 1: a pair that can be direct was not, somebody was silent, or a NAT was not what it should be.
Exit code 2: this machine cannot do that (root, iproute2 and nftables are needed).
`;
const EXIT_LACKING = 2;

function tableOf(cells: readonly CellFigures[]): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const rows = cells.map((each) =>
    [nameOf(each), each.possible ? 'yes' : 'no', ...figuresIn(each)].map((text) => cell(text)),
  );
  const columns = [{ title: 'pair' }, { title: 'can be direct' }, ...TITLES.map(right)];
  return renderTable(columns, rows, paintFor(process.stdout, process.env)).join('\n');
}

async function main(): Promise<void> {
  endWithReader(process.stdout);
  const { values } = parseArgs({
    options: {
      runs: { type: 'string' },
      jobs: { type: 'string', default: '4' },
      only: { type: 'string', multiple: true, default: [] },
      reduced: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  const missing = missingForLab();
  if (missing !== undefined) {
    process.stderr.write(`natlab: ${missing}\n`);
    process.exitCode = EXIT_LACKING;
    return;
  }
  const startedAt = performance.now();
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stderr.write(`natlab: ${`${seconds}`.padStart(4)} s  ${text}\n`);
  };
  const runs = countOf(values.runs ?? (values.reduced ? '2' : '20'), 'runs');
  const jobs = countOf(values.jobs, 'jobs');
  if (values.report && (values.reduced || values.only.length > 0)) {
    throw new Error('--report wants all pairs: leave out --reduced and --only');
  }
  const figures = await runLab({ cells: cellsOf(values.only, values.reduced), runs, jobs, say });
  if (values.report) await report(figures.cells);
  tell(figures, values.json, say);
}

const TITLES = ['runs', 'direct', 'relayed', 'failed', 'first reply, ms', 'direct after, ms', 'bytes'];

const INTRODUCTION = `Processes behind NATs of the Linux kernel in network namespaces, written A:B: A asks B.
Times are medians from the first request on; nothing delays the links. Bytes: median of what the interfaces of
both ends counted until the path was direct, or for as long as was waited, received ones and IP headers too.`;

async function report(cells: readonly CellFigures[]): Promise<void> {
  const rows = cells.map((each) => [nameOf(each), each.possible ? 'yes' : 'no', ...figuresIn(each)]);
  const table = markdownTable(['pair', 'can be direct', ...TITLES], rows);
  const complaints = complaintsOf(cells).map((complaint) => `- Missed: ${complaint}.`);
  const text = `${INTRODUCTION}\n\n${table}\n\n${[...complaints, `- commit ${await commitOf()}`].join('\n')}`;
  await writeSections(new Map([['Real NATs', text]]));
}

function figuresIn(each: CellFigures): readonly string[] {
  const counts = [each.runs, each.direct, each.relayed, each.failed];
  return [...counts, ...[each.firstReplyMs, each.directMs, each.bytes].map((value) => value ?? '-')].map(
    String,
  );
}

function tell({ cells, falseNats }: LabFigures, isJson: boolean, say: (text: string) => void): void {
  const complaints = [...falseNats, ...complaintsOf(cells)];
  const ok = complaints.length === 0;
  process.stdout.write(
    isJson ? `${JSON.stringify({ ok, complaints, falseNats, cells })}\n` : `${tableOf(cells)}\n`,
  );
  for (const complaint of complaints) say(complaint);
  say(ok ? 'ok' : 'FAILED');
  if (!ok) process.exitCode = 1;
}

function cellsOf(only: readonly string[], isReduced: boolean): readonly Cell[] {
  if (only.length === 0) return isReduced ? reducedCells() : allCells();
  return only.map((name) => {
    const found = namedCell(name);
    if (found === undefined)
      throw new Error(`there is no pair "${name}"; ${allCells().map(nameOf).join(', ')}`);
    return found;
  });
}

function countOf(text: string, what: string): number {
  const count = Number(text);
  if (!(Number.isInteger(count) && count > 0)) throw new Error(`--${what} wants 1, 2, 3, ..., not "${text}"`);
  return count;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`natlab: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
