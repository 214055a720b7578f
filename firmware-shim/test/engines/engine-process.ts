import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ESP32_POOLS } from './boards.js';
import { bundleProgram } from './bundle.js';
import { type EngineRole, encodeRole } from './engine-role.js';
import type { Hosts } from './hosts.js';
import { PROGRAM_FOLDER } from './package-folder.js';
import { joined } from './script-of.js';

const OPTIONS = {
  xs: ESP32_POOLS,
  quickjs: ['--heap', String(2 * 1024 * 1024)],
} as const;

/** A peer in an engine of boards, as a process of its own; stdin and stdout are its only link. */
export class EngineProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  #errors = '';

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, folder: string) {
    this.#child = child;
    child.stderr.on('data', (chunk) => {
      this.#errors = `${this.#errors}${String(chunk)}`.slice(-2000);
    });
    this.#ended = new Promise<void>((resolve) => {
      child.on('error', (error) => {
        this.#errors += error.message;
        resolve();
      });
      child.on('close', () => resolve());
    }).then(() => rm(folder, { recursive: true, force: true }));
  }

  /** What it reads lies in a folder of its own in `parent` until it ends. */
  static async start(
    engine: keyof Hosts,
    role: EngineRole,
    hosts: Hosts,
    parent = tmpdir(),
  ): Promise<EngineProcess> {
    const program = await bundleProgram(join(PROGRAM_FOLDER, `peer-${engine}.ts`));
    const folder = await mkdtemp(join(parent, 'fogwisp-engine-')); // for this user alone: the role is in it
    const [programFile, roleFile] = [join(folder, 'program.js'), join(folder, 'role')];
    await writeFile(programFile, program);
    await writeFile(roleFile, joined([encodeRole(role)]));
    const words = [...OPTIONS[engine], '--script', roleFile, programFile];
    return new EngineProcess(spawn(hosts[engine], words, { stdio: ['pipe', 'pipe', 'pipe'] }), folder);
  }

  get readable(): Readable {
    return this.#child.stdout;
  }

  get writable(): Writable {
    return this.#child.stdin;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it said last; for people. */
  get errors(): string {
    return this.#errors;
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  /** It ends when its line does. */
  async stop(msMax: number): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), msMax);
    this.#child.stdin.destroy();
    await this.#ended;
    clearTimeout(timer);
  }
}
