import { type ChildProcess, fork, type SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:dgram';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * The file descriptor of a process that has a pipe for a serial line: after stdin, stdout, stderr and the IPC
 * channel. A second pipe follows.
 */
export const PIPE_FD = 4;

const GOODBYE_MS_MAX = 1500;

export interface Part {
  readonly name: string;
  /** Its program, beside this file. */
  readonly program: 'peer.js' | 'gateway-process.js' | 'broker-process.js';
  /** What it is told when it has started. */
  readonly role: object;
  /** Goes to it with the role, and is closed here. */
  readonly socket?: Socket;
  /** How it is started; left out: as any program. */
  readonly spawn?: ((entry: string, options: SpawnOptions) => ChildProcess) | undefined;
  readonly pipeCount?: number;
  /** What it says in return, other than trouble. */
  readonly onAnswer?: (answer: unknown) => void;
  /** It ended, and nobody meant it to. */
  readonly onEnd?: (signal: NodeJS.Signals | null) => void;
}

/** The processes of the demo, from their start to their end. */
export class Troupe {
  readonly #children = new Map<string, ChildProcess>();
  readonly #onTrouble: (trouble: string) => void;
  #isStopping = false;

  constructor(onTrouble: (trouble: string) => void) {
    this.#onTrouble = onTrouble;
  }

  start({ name, program, role, socket, spawn = forked, pipeCount = 0, onAnswer, onEnd }: Part): void {
    const entry = fileURLToPath(new URL(`./${program}`, import.meta.url));
    const pipes = Array.from({ length: pipeCount }, () => 'pipe' as const);
    const child = spawn(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...pipes] });
    child.on('error', (error) => this.#onTrouble(`${name} cannot be started: ${error.message}`));
    child.on('message', (message) => {
      if (typeof message === 'string') this.#onTrouble(`${name}: ${message}`);
      else onAnswer?.(message);
    });
    child.on('exit', (code, signal) => {
      if (this.#isStopping) return;
      if (onEnd === undefined) this.#onTrouble(`the process of ${name} ended: ${signal ?? `code ${code}`}`);
      else onEnd(signal);
    });
    child.send(role, socket, () => socket?.close());
    this.#children.set(name, child);
  }

  /** Our end of a pipe of a process. */
  pipeOf(name: string, index = 0): Duplex | undefined {
    const stream = this.#children.get(name)?.stdio[PIPE_FD + index];
    // Node makes a socket of each pipe.
    return stream === undefined || stream === null ? undefined : (stream as Duplex);
  }

  /** As if its power had gone. */
  kill(name: string): void {
    this.#children.get(name)?.kill('SIGKILL');
  }

  /** Lets each say goodbye; one that does not is ended all the same. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#children.values()].map(stopChild));
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }
}

function forked(entry: string, options: SpawnOptions): ChildProcess {
  const { stdio } = options;
  return fork(entry, stdio === undefined ? {} : { stdio });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.connected) child.send('stop', () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE_MS_MAX);
  await ended;
  clearTimeout(timer);
}
