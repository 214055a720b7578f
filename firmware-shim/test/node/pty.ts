import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { until } from '../conform.js';

/** A cable between two pseudo-terminals, made by socat, that can be pulled and put back. */
export class Cable {
  readonly ends: readonly [string, string];
  #socat: ChildProcess | undefined;

  constructor(directory: string) {
    this.ends = [`${directory}/ttyNEAR`, `${directory}/ttyFAR`];
  }

  async plug(): Promise<void> {
    const options = this.ends.map((path) => `pty,raw,echo=0,link=${path}`);
    const socat = spawn('socat', options, { stdio: 'ignore' });
    this.#socat = socat;
    await new Promise((resolve, reject) => socat.once('spawn', resolve).once('error', reject));
    await until(() => this.ends.every((path) => existsSync(path)));
  }

  async unplug(): Promise<void> {
    const socat = this.#socat;
    this.#socat = undefined;
    if (socat === undefined || socat.exitCode !== null) return;
    const gone = new Promise((resolve) => socat.once('exit', resolve));
    socat.kill('SIGTERM');
    await gone;
    await until(() => this.ends.every((path) => !existsSync(path)));
  }
}
