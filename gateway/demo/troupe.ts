import { type ChildProcess, fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Role } from './cast.js';

/**
 * The file descriptor of a peer that has a pipe for a serial line: after stdin, stdout, stderr and the IPC
 * channel.
 */
export const PIPE_FD = 4;

const GOODBYE_MS_MAX = 1500;

/** The peer processes, from their start to their end. */
export class Troupe {
  readonly #children = new Map<string, ChildProcess>();
  readonly #onTrouble: (trouble: string) => void;
  #isStopping = false;

  constructor(onTrouble: (trouble: string) => void) {
    this.#onTrouble = onTrouble;
  }

  start(role: Role): void {
    const entry = fileURLToPath(new URL('./peer.js', import.meta.url));
    const child = fork(entry, {
      stdio: [
        'ignore',
        'ignore',
        'inherit',
        'ipc',
        ...(role.link.kind === 'pipe' ? (['pipe'] as const) : []),
      ],
    });
    child.on('error', (error) => this.#onTrouble(`${role.name} cannot be started: ${error.message}`));
    child.on('message', (trouble) => this.#onTrouble(`${role.name}: ${String(trouble)}`));
    child.on('exit', (code, signal) => {
      if (!this.#isStopping)
        this.#onTrouble(`the process of ${role.name} ended: ${signal ?? `code ${code}`}`);
    });
    child.send(role);
    this.#children.set(role.name, child);
  }

  /** Our end of the pipe of a peer. */
  pipeOf(name: string): Duplex | undefined {
    const stream = this.#children.get(name)?.stdio[PIPE_FD];
    // Node makes a socket of each pipe.
    return stream === undefined || stream === null ? undefined : (stream as Duplex);
  }

  get pids(): ReadonlyMap<string, number> {
    const pids = new Map<string, number>();
    for (const [name, child] of this.#children) if (child.pid !== undefined) pids.set(name, child.pid);
    return pids;
  }

  /** Lets each say goodbye; one that does not is ended all the same. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#children.values()].map(stopChild));
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.connected) child.send('stop', () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE_MS_MAX);
  await ended;
  clearTimeout(timer);
}
