import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from './fake-mesh.js';

const LAUNCHER = fileURLToPath(new URL('../bin/fogwisp.js', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/src/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One fogwisp process, as a user starts it. */
export class CommandLine {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(
    words: readonly string[],
    environment: NodeJS.ProcessEnv = {},
    directory?: string,
    input?: string,
  ) {
    if (!existsSync(BUILT)) throw new Error('these tests start processes: run "npm run build" first');
    this.child = spawn(process.execPath, [LAUNCHER, ...words], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(directory === undefined ? {} : { cwd: directory }),
    });
    this.child.stdout?.on('data', (bytes) => {
      this.stdout += String(bytes);
    });
    this.child.stderr?.on('data', (bytes) => {
      this.stderr += String(bytes);
    });
    this.child.stdin?.end(input);
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  async until(text: string | RegExp, ms = 20_000): Promise<void> {
    const isThere = () => (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout));
    await until(`${String(text)} on stdout`, isThere, ms).catch((thrown: unknown) => {
      throw new Error(`${String(thrown)}\nstdout:\n${this.stdout}\nstderr:\n${this.stderr}`);
    });
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

export function run(
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  directory?: string,
  input?: string,
): Promise<Ended> {
  return new CommandLine(words, environment, directory, input).ended;
}
