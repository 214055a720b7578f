import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { endWithReader } from '../src/text/reader.js';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { codecBench, sealBench } from './bench/alone.js';
import { type Baseline, type Fall, fallsOf } from './bench/baseline.js';
import { coldStartBench, crowdBench, installBench, memoryBench } from './bench/footprint.js';
import { handshakeBench } from './bench/handshakes.js';
import { type Bench, type Row, ratioOf, rounded } from './bench/row.js';
import { trafficBench } from './bench/traffic.js';

const HELP = `usage: npm run --silent bench -- [--json] [--only NAME] [--check | --commit]

  --json     figures for programs
  --only     only rows whose name contains NAME
  --check    fails when a figure, beside the raw one of the same run, fell by more than 30 %
  --commit   takes the ratios of this run as those to check against
`;
/** Beside the sources, where it is committed. */
const BASELINE = new URL('../../tools/bench-baseline.json', import.meta.url);

/** Two runs of the same code differ by more than a check may tolerate. */
const UNSTEADY = /p99|memory per peer/;

const BENCHES: readonly Bench[] = [
  codecBench,
  sealBench,
  handshakeBench,
  trafficBench('udp'),
  trafficBench('tcp'),
  trafficBench('serial'),
  memoryBench,
  crowdBench,
  coldStartBench,
  installBench,
];

async function measure(only: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const bench of BENCHES) {
    if (!bench.names.some((name) => name.includes(only))) continue;
    process.stderr.write(`bench: ${bench.names.join(', ')}\n`);
    const measured = await bench.run();
    if (measured.length === 0) process.stderr.write(`bench: ${bench.names[0]} left out: socat is missing\n`);
    rows.push(...measured.filter(({ name }) => name.includes(only)));
  }
  return rows;
}

function tableOf(rows: readonly Row[]): string {
  const columns = [
    { title: 'what' },
    { title: 'figure', align: 'right' },
    { title: 'unit' },
    { title: 'raw', align: 'right' },
    { title: 'ratio', align: 'right' },
  ] as const;
  const lines = rows.map((row) => [
    cell(row.name),
    cell(`${row.value}`, 'strong'),
    cell(row.unit),
    cell(row.raw === undefined ? '' : `${row.raw}`),
    cell(row.raw === undefined ? '' : ratioOf(row).toFixed(2), 'faint'),
  ]);
  return renderTable(columns, lines, paintFor(process.stdout, process.env)).join('\n');
}

function commit(rows: readonly Row[]): void {
  const steady = rows.filter(({ name }) => !UNSTEADY.test(name));
  const ratios = Object.fromEntries(steady.map((row) => [row.name, rounded(ratioOf(row))]));
  writeFileSync(BASELINE, `${JSON.stringify({ ...baseline(), ...ratios }, undefined, 2)}\n`);
}

function baseline(): Baseline {
  return JSON.parse(readFileSync(BASELINE, 'utf8'));
}

function tellFall({ name, ratio, baseline: before }: Fall): string {
  return `bench: ${name} fell to ${rounded(ratio)} of raw, was ${before}\n`;
}

async function main(): Promise<void> {
  endWithReader(process.stdout);
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      only: { type: 'string' },
      check: { type: 'boolean' },
      commit: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  const rows = await measure(values.only ?? '');
  if (rows.length === 0) throw new Error(`no figure is called ${values.only}`);
  process.stdout.write(values.json === true ? `${JSON.stringify({ rows })}\n` : `${tableOf(rows)}\n`);
  if (values.commit === true) commit(rows);
  if (values.check !== true) return;
  const falls = fallsOf(rows, baseline());
  for (const fall of falls) process.stderr.write(tellFall(fall));
  if (falls.length > 0) process.exitCode = 1;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
