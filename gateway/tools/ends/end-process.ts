import { type ChildProcess, fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Order, type Outcome, type OutcomeEnvelope, type Part, PIPE_FD } from './orders.js';

const STOP_MS_MAX = 3000;

/** A peer, or the bare sockets that it is compared with. */
export type EndProgram = 'end' | 'raw-end';

interface Waiting {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** The parent's side of one end. */
export class EndProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #address = '';

  private constructor(part: Part, program: EndProgram) {
    this.name = part.name;
    const pipe = part.link.kind === 'pipe' ? (['pipe'] as const) : [];
    this.#child = fork(fileURLToPath(new URL(`./${program}.js`, import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...pipe],
    });
    this.#child.on('message', (message) => this.#onOutcome(message as OutcomeEnvelope));
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.on('exit', (code, signal) => this.#fail(`its process ended: ${signal ?? `code ${code}`}`));
  }

  static async start(part: Part, program: EndProgram = 'end'): Promise<EndProcess> {
    const end = new EndProcess(part, program);
    try {
      end.#address = (await end.ask({ kind: 'start', part })).address ?? '';
      return end;
    } catch (thrown) {
      end.#child.kill('SIGKILL');
      throw thrown;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0; // it has one once it has started
  }

  /** Where its link is reached. */
  get address(): string {
    return this.#address;
  }

  /** The other side of its pipe. */
  get pipe(): Duplex {
    return this.#child.stdio[PIPE_FD] as Duplex; // Node makes a socket of each pipe
  }

  ask(order: Order): Promise<Outcome> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, order }, (error) => {
        if (error !== null) this.#fail(error.message);
      });
    });
  }

  /** With a goodbye to its peer; one that hangs is ended all the same. */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.ask({ kind: 'stop' }).catch(() => undefined);
    if (this.#child.connected) this.#child.disconnect();
    await ended;
    clearTimeout(timer);
  }

  #onOutcome(envelope: OutcomeEnvelope): void {
    const waiting = this.#waiting.get(envelope.id);
    this.#waiting.delete(envelope.id);
    if ('outcome' in envelope) waiting?.resolve(envelope.outcome);
    else waiting?.reject(new Error(`${this.name}: ${envelope.trouble}`));
  }

  #fail(trouble: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`${this.name}: ${trouble}`));
    this.#waiting.clear();
  }
}

export type StartEnd = (part: Part) => Promise<EndProcess>;

/** Runs `measure` with ends that are ended whatever happens. */
export async function withEnds<T>(
  measure: (start: StartEnd) => Promise<T>,
  program: EndProgram = 'end',
): Promise<T> {
  const ends: EndProcess[] = [];
  try {
    return await measure(async (part) => {
      const end = await EndProcess.start(part, program);
      ends.push(end);
      return end;
    });
  } finally {
    await Promise.all(ends.map((end) => end.stop()));
  }
}
