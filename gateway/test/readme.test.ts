import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './command-line.js';
import { until } from './fake-mesh.js';
import { commandOf, processesWith } from './processes.js';
import { fencesOf, linesOf, ROOT } from './readme.js';

const README = 'README.md';
const HEAD_COMMENT = /^\/\*\*\n( \*.*\n)+/;

let folder = '';
let environment: NodeJS.ProcessEnv = {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  environment = { XDG_RUNTIME_DIR: folder, TMPDIR: folder, XDG_STATE_HOME: folder };
});

afterEach(async () => {
  for (const pid of processesWith(folder)) process.kill(pid, 'SIGKILL');
  await until('the end of all processes', () => processesWith(folder).length === 0);
  rmSync(folder, { recursive: true });
});

interface Shell {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output: string;
}

/** A command line as it is printed, in a folder that looks like a clone. */
function shell(line: string, directory: string): Shell {
  const child = spawn('sh', ['-c', line], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const started: Shell = { child, output: '', ended: once(child, 'close').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      started.output += text;
    });
  return started;
}

async function done(line: string, directory: string): Promise<string> {
  const command = shell(line, directory);
  expect(await command.ended, `${line}\n${command.output}`).toBe(0);
  return command.output;
}

/** What a fresh clone has of this one, and nothing that was made in it. */
function cloneLike(): string {
  for (const part of ['node_modules', 'examples', 'gateway', 'package.json']) {
    symlinkSync(join(ROOT, part), join(folder, part));
  }
  return folder;
}

/** The rows of a table whose first line has these titles, by its first columns. */
function rowsBelow(title: string, lines: readonly string[]): readonly (readonly string[])[] {
  const from = lines.findIndex((line) => line.startsWith(title));
  const rows = lines.slice(from + 1).map((line) => line.split(/ {2,}/));
  return from < 0 ? [] : rows.filter((row) => row.length > 1);
}

describe('the README', () => {
  it('marks each block with the way it is tested', () => {
    const marks = fencesOf(README).map(({ language, mark }) => `${language} ${mark}`);
    expect([...new Set(marks)].sort()).toEqual([
      'sh demo',
      'sh gateway',
      'sh hello',
      'sh start',
      'sh test',
      'text demo',
      'text gateway',
      'text hello',
      'text help',
      'ts 00-hello',
      'yaml gateway',
    ]);
  });

  it('begins with what it is and how to see it', () => {
    const screen = readFileSync(join(ROOT, README), 'utf8').split('\n').slice(0, 36).join('\n');
    for (const text of ['npm ci && npm start', 'relayed(via hearth)', 'npx --no fogwisp'])
      expect(screen).toContain(text);
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(linesOf(README, 'sh', 'start')).toEqual(['npm ci && npm start']);
    expect(linesOf(README, 'sh', 'test')).toEqual(['npm ci && npm test']);
    expect(scripts).toMatchObject({ start: 'node gateway/bin/fogwisp.js demo', test: 'vitest run' });
  });

  it.each([README, 'device-sdk/README.md'])('shows example 00 as it is (%s)', (file) => {
    const program = readFileSync(join(ROOT, 'examples/src/00-hello.ts'), 'utf8').replace(HEAD_COMMENT, '');
    expect(`${linesOf(file, 'ts', '00-hello').join('\n')}\n`).toBe(program);
    expect(program.split('\n').length - 1).toBeLessThanOrEqual(16);
  });

  it('shows the help as it is', async () => {
    expect((await run(['help'])).stdout).toBe(`${linesOf(README, 'text', 'help').join('\n')}\n`);
  });

  it('has links to files that are there', () => {
    const links = [...readFileSync(join(ROOT, README), 'utf8').matchAll(/\]\(([^)#]+)/g)];
    expect(links.length).toBeGreaterThan(9);
    expect(links.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('shows the table of the demo, and commands that work beside it', { timeout: 240_000 }, async () => {
    const demo = shell('npm start', ROOT);
    for (const [from, to, path] of rowsBelow('FROM ', linesOf(README, 'text', 'demo'))) {
      const wanted = `${from} -> ${to}  online ${path}`;
      // Where socat is missing, a pipe stands in for the serial line.
      const output = () => demo.output.replaceAll('serial (pipe)', 'serial');
      // Either gateway may be the one that forwards.
      const isShown = () => output().replaceAll('via porch', 'via hearth').includes(wanted);
      await until(wanted, isShown, 90_000).catch((thrown: unknown) => {
        throw new Error(`${String(thrown)}\n${demo.output}`);
      });
    }
    await until('a reading of attic', () => /hearth -> attic {2}load [\d.]+/.test(demo.output), 20_000);
    for (const line of linesOf(README, 'sh', 'demo')) expect(await done(line, ROOT)).not.toBe('');
    for (const pid of processesWith(folder)) process.kill(pid, 'SIGINT'); // what Ctrl-C does
    const atEnd = until('the end of all of it', () => processesWith(folder).length === 0, 10_000);
    await atEnd.catch((thrown: unknown) => {
      throw new Error(
        `${String(thrown)}: ${processesWith(folder).map(commandOf).join(', ')}\n${demo.output}`,
      );
    });
    expect(readdirSync(folder).filter((entry) => entry.startsWith('fogwisp-demo-'))).toEqual([]);
  });

  it('shows programs that find each other, and a gateway that finds them', { timeout: 90_000 }, async () => {
    const clone = cloneLike();
    const programs: Shell[] = [];
    for (const line of linesOf(README, 'sh', 'hello')) {
      if (line.startsWith('node ')) programs.push(shell(line, clone));
      else await done(line, clone);
    }
    for (const line of linesOf(README, 'text', 'hello')) {
      const said = line.replace(/[\d.]+/, '');
      const isSaid = () => programs.some(({ output }) => output.replace(/[\d.]+/g, '').includes(said));
      await until(said, isSaid, 20_000);
    }
    const config = linesOf(README, 'yaml', 'gateway').join('\n');
    writeFileSync(join(clone, 'fogwisp.yaml'), config);
    const [check = '', up = ''] = linesOf(README, 'sh', 'gateway');
    expect(await done(check, clone)).toContain('fogwisp.yaml is good');
    writeFileSync(join(clone, 'fogwisp.yaml'), onLoopback(config));
    const gateway = shell(up, clone);
    for (const [peer, path = ''] of rowsBelow('PEER ', linesOf(README, 'text', 'gateway'))) {
      const wanted = `${peer}  online  ${path}`;
      await until(wanted, () => gateway.output.includes(wanted), 40_000);
      const told = new RegExp(`^${peer} +${path.replace(/[()]/g, '.')} `, 'm');
      // For a moment one end may use the new path and the other not yet, which is told as it is.
      await expect
        .poll(() => done('npx --no fogwisp status', clone), { timeout: 20_000, interval: 500 })
        .toMatch(told);
    }
  });
});

/** The same, where tests may meet nobody but themselves. */
function onLoopback(config: string): string {
  const changed = config.replace('lan: true', 'lan: { loopbackOnly: true }').replace('port: 4747', 'port: 0');
  expect(changed).not.toBe(config);
  return changed;
}
