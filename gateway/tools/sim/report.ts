import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EXPERIMENTS, type Experiment } from '@fogwisp/protocol/sim';
import { commitOf, writeSections } from '../results.js';
import type { ReportTask } from './arguments.js';
import { type Line, sectionsOf } from './results.js';
import type { Suite } from './run.js';

const SEEDS = [1, 2, 3] as const;
/** Of controls of smaller networks. */
const SEEDS_QUICK = [1] as const;
/** One core is left for other things. */
const CHILD_COUNT = Math.max(1, availableParallelism() - 1);
/** Ten minutes of one core, on a machine that does other things as well. */
const CHILD_MS_MAX = 3_600_000;
const OUTPUT_BYTES_MAX = 1 << 24;

/** A line for each run that has ended, so that a report goes on where it stopped. */
const CACHE = new URL('../../../../node_modules/.cache/fogwisp/sim/', import.meta.url);

const run = promisify(execFile);

interface Job {
  readonly experiment: Experiment;
  readonly nodes: number;
  readonly seed: number;
  readonly isControl: boolean;
  readonly suite: Suite | undefined;
}

/** Runs everything in processes of their own; true when all was as it should be. */
export async function writeReport(task: ReportTask): Promise<boolean> {
  const commit = await commitOf();
  if (task.isFresh) await rm(CACHE, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  const experiments = EXPERIMENTS.filter(({ name }) => task.only === undefined || name === task.only);
  const wanted = experiments.flatMap((experiment) => jobsOf(experiment, task));
  await inTurns(wanted, async (job, place) => {
    process.stderr.write(`sim: ${place + 1} of ${wanted.length}: ${nameOf(job)} ...\n`);
    const line = (await cached(job)) ?? (await measured(job, commit));
    process.stderr.write(`sim: ${place + 1} of ${wanted.length}: ${nameOf(job)}: ${verdictOf(line)}\n`);
  });
  const known = (await Promise.all(experiments.map((each) => knownOf(each, task)))).flat();
  await writeSections(sectionsOf(known));
  process.stderr.write(`sim: ${known.length} runs are in protocol/sim/RESULTS.md\n`);
  return known.every(isAsExpected);
}

/** Runs of the size that is asked for, or where there is none, of the whole one or the quick one. */
async function knownOf(experiment: Experiment, task: ReportTask): Promise<readonly Line[]> {
  const whole = { ...task, isQuick: false, nodes: undefined };
  for (const each of [task, whole, { ...whole, isQuick: true }]) {
    const lines = await Promise.all(jobsOf(experiment, each).map(cached));
    const known = lines.filter((line) => line !== undefined);
    if (known.length > 0) return known;
  }
  return [];
}

function jobsOf(experiment: Experiment, { isQuick, nodes: asked, suite }: ReportTask): readonly Job[] {
  const nodes = asked ?? (isQuick ? experiment.nodesQuick : experiment.nodes);
  return [false, true].flatMap((isControl) => {
    const seeds = isControl && isQuick ? SEEDS_QUICK : SEEDS;
    return seeds.map((seed) => ({ experiment, nodes, seed, isControl, suite }));
  });
}

export function isAsExpected({ control, ok, failure }: Line): boolean {
  return control ? !ok && failure === undefined : ok;
}

async function inTurns(
  jobs: readonly Job[],
  work: (job: Job, place: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let place = next++; place < jobs.length; place = next++) {
      const job = jobs[place];
      if (job !== undefined) await work(job, place);
    }
  };
  await Promise.all(Array.from({ length: CHILD_COUNT }, worker));
}

async function measured(job: Job, commit: string): Promise<Line> {
  const { experiment, nodes, seed, isControl, suite } = job;
  const tool = fileURLToPath(new URL('../sim.js', import.meta.url));
  const options = ['--nodes', `${nodes}`, '--seed', `${seed}`, '--json'];
  if (isControl) options.push('--control');
  if (suite !== undefined) options.push('--suite', suite);
  const limits = { maxBuffer: OUTPUT_BYTES_MAX, timeout: CHILD_MS_MAX };
  const startedAt = performance.now();
  // A run that is not as it should be ends with code 1, and its figures are wanted all the same.
  const { stdout } = await run(process.execPath, [tool, experiment.name, ...options], limits).catch(
    (thrown: { stdout?: string }) => ({ stdout: thrown.stdout ?? '' }),
  );
  if (stdout === '') throw new Error(`${experiment.name} with seed ${seed} gave nothing`);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const line: Line = { ...JSON.parse(stdout), commit, seconds };
  await writeFile(fileOf(job), JSON.stringify(line));
  return line;
}

async function cached(job: Job): Promise<Line | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(job), 'utf8'));
  } catch {
    return undefined; // not yet, or a report was stopped while it wrote
  }
}

function fileOf(job: Job): URL {
  return new URL(`${nameOf(job).replaceAll(' ', '-')}.json`, CACHE);
}

function nameOf({ experiment, nodes, seed, isControl, suite }: Job): string {
  const primitives = suite === undefined ? '' : ` suite ${suite}`;
  return `${experiment.name} of ${nodes} ${isControl ? 'control ' : ''}seed ${seed}${primitives}`;
}

function verdictOf(line: Line): string {
  const what = line.failure ?? (line.ok ? 'held' : `missed ${line.missed.length} targets`);
  return `${what} in ${line.seconds} s${isAsExpected(line) ? '' : ', NOT AS IT SHOULD BE'}`;
}
