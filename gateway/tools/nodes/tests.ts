import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './fetch.js';

export const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of what failed, files that could not be loaded included. */
  readonly failures: readonly string[];
}

/** The part of a report of Vitest that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface TestRun {
  /** The words that start Node, the first being the program. */
  readonly node: readonly string[];
  readonly folder: string;
  /** For Vitest: its options, and which files. */
  readonly words: readonly string[];
}

export function runTests({ node, folder, words }: TestRun): Counts {
  const file = join(folder, 'node_modules', '.fogwisp-report.json');
  rmSync(file, { force: true });
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  const [program = '', ...first] = node;
  const path = `${dirname(program)}${delimiter}${process.env['PATH']}`; // tests start programs with it
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${file}`];
  const { error, status, signal } = spawnSync(program, [...first, vitest, 'run', ...reporters, ...words], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: path, NO_COLOR: '1' },
  });
  const end = error?.message ?? signal ?? `code ${status}`;
  if (!existsSync(file)) throw new Error(`the tests did not come to their end (${end}), see above`);
  return countsOf(JSON.parse(readFileSync(file, 'utf8')));
}

export function tellCounts(what: string, { passed, failed, skipped, failures }: Counts): void {
  for (const failure of failures) process.stderr.write(`${what}: failed: ${failure}\n`);
  process.stdout.write(`${what}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  if (failures.length > 0 || passed === 0) process.exitCode = 1;
}

/** The sources as they are here, with the packages of another processor. */
export function copyRepository(into: string, architecture: string): void {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', words, { cwd: REPOSITORY, encoding: 'utf8' }).split('\0');
  for (const folder of ['protocol', 'firmware-shim', 'device-sdk', 'gateway', 'examples']) {
    rmSync(join(into, folder), { recursive: true, force: true });
  }
  for (const file of files) {
    if (file !== '' && existsSync(join(REPOSITORY, file))) cpSync(join(REPOSITORY, file), join(into, file));
  }
  const install = [
    'ci',
    '--ignore-scripts',
    '--silent',
    '--os=linux',
    '--libc=glibc',
    `--cpu=${architecture}`,
  ];
  run('npm', install, into);
}

function countsOf(report: Report): Counts {
  const failures = report.testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((each) => each.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [name] : [];
    return failed.map(({ fullName }) => fullName);
  });
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests,
    failures,
  };
}
