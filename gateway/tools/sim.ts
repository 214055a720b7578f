import { writeFile } from 'node:fs/promises';
import { EXPERIMENTS, isMissed, type Metric } from '@fogwisp/protocol/sim';
import { endWithReader } from '../src/text/reader.js';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { HELP, type Task, taskOf, WrongUsage } from './sim/arguments.js';
import { draw } from './sim/plot.js';
import { Progress } from './sim/progress.js';
import { writeReport } from './sim/report.js';
import { isAsExpected, jsonOf, type Outcome, replayOf, runOrder } from './sim/run.js';
import { Sampler } from './sim/sampler.js';

/** Experiments with the shipped node over simulated media. */
async function main(): Promise<void> {
  endWithReader(process.stdout);
  const task = taskOf(process.argv.slice(2));
  switch (task.kind) {
    case 'help':
      return void process.stdout.write(HELP);
    case 'list':
      return list();
    case 'report':
      if (!(await writeReport(task))) process.exitCode = 1;
      return;
    case 'run':
      return await run(task);
  }
}

function list(): void {
  for (const { name, promise, control, nodes } of EXPERIMENTS) {
    process.stdout.write(`${name}  (${nodes} nodes)\n  ${promise}\n  control: ${control}\n`);
  }
}

async function run({ order, isJson, plot }: Extract<Task, { kind: 'run' }>): Promise<void> {
  const progress = new Progress(process.stderr);
  const sampler = plot === undefined ? undefined : new Sampler();
  const outcome = runOrder(order, (moment) => {
    progress.show(moment);
    sampler?.see(moment);
  });
  progress.end();
  process.stdout.write(`${isJson ? jsonOf(outcome) : tableOf(outcome)}\n`);
  if (plot !== undefined && sampler !== undefined) await writeFile(plot, draw(sampler, outcome));
  if (isAsExpected(outcome)) return;
  const what =
    outcome.failure ?? (order.isControl ? 'the control held' : `missed: ${outcome.missed.join('; ')}`);
  process.stderr.write(`sim: ${what}. Again: ${replayOf(order)}\n`);
  process.exitCode = 1;
}

function tableOf(outcome: Outcome): string {
  const columns = [
    { title: outcome.order.experiment.name },
    { title: 'found', align: 'right' },
    { title: 'target', align: 'right' },
    { title: '' },
  ] as const;
  const rows = outcome.metrics.map((metric) => [
    cell(metric.name),
    cell(`${metric.value}`, 'strong'),
    cell(targetText(metric)),
    metric.target === undefined ? cell('') : isMissed(metric) ? cell('MISSED', 'bad') : cell('ok', 'good'),
  ]);
  const { suite, traceHash } = outcome;
  const lines = renderTable(columns, rows, paintFor(process.stdout, process.env));
  return [...lines, '', `suite ${suite}, trace ${traceHash}`].join('\n');
}

function targetText({ target }: Metric): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`sim: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = thrown instanceof WrongUsage ? 2 : 1;
});
