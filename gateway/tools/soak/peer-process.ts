import { type ChildProcess, fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  machineMs,
  type Note,
  type Role,
  SOAK_PIPE_FD,
  type SoakOrder,
  type SoakOutcome,
  type SoakReply,
} from './wire.js';

const STOP_MS_MAX = 5000;

/** From the start of a process to its end. */
export interface Life {
  readonly bornAt: number;
  diedAt: number | undefined;
}

interface Waiting {
  readonly resolve: (outcome: SoakOutcome) => void;
  readonly reject: (error: Error) => void;
}

export interface PeerListener {
  onNote(peer: PeerProcess, note: Note): void;
  /** It ended, and nobody killed it. */
  onCrash(peer: PeerProcess, text: string): void;
}

/** The soak's side of one peer, over all its lives. */
export class PeerProcess {
  readonly name: string;
  readonly lives: Life[] = [];
  readonly #role: Omit<Role, 'life'>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #listener: PeerListener;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #isEnding = false;
  #lastId = 0;

  constructor(role: Omit<Role, 'life'>, environment: NodeJS.ProcessEnv, listener: PeerListener) {
    this.name = role.name;
    this.#role = role;
    this.#environment = environment;
    this.#listener = listener;
  }

  get role(): Omit<Role, 'life'> {
    return this.#role;
  }

  /** The number of its present, or its last life. */
  get life(): number {
    return this.lives.length - 1;
  }

  /** The other side of its pipe, when it has one. */
  get pipe(): Duplex {
    return this.#child?.stdio[SOAK_PIPE_FD] as Duplex; // Node makes a socket of each pipe
  }

  async start(): Promise<void> {
    this.#isEnding = false;
    const pipe = this.#role.links.some(({ kind }) => kind === 'pipe') ? (['pipe'] as const) : [];
    const child = fork(fileURLToPath(new URL('./soaker.js', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...pipe],
      execArgv: ['--expose-gc'],
      env: this.#environment,
    });
    this.#child = child;
    const life: Life = { bornAt: machineMs(), diedAt: undefined };
    this.lives.push(life);
    child.on('message', (message) => this.#onReply(message as SoakReply));
    child.on('exit', (code, signal) => {
      life.diedAt ??= machineMs();
      this.#fail(`its process ended: ${signal ?? `code ${code}`}`);
      if (!this.#isEnding) this.#listener.onCrash(this, `${signal ?? `code ${code}`}`);
    });
    await this.ask({ kind: 'start', role: { ...this.#role, life: this.life } });
  }

  ask(order: SoakOrder): Promise<SoakOutcome> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child?.send({ id, order }, (error) => {
        if (error !== null) this.#fail(error.message);
      });
    });
  }

  /** Resolves once it is gone, and everything that it told has come. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#isEnding = true;
    const life = this.lives.at(-1);
    if (life !== undefined) life.diedAt ??= machineMs();
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** With a goodbye; whoever hangs is killed. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#isEnding = true;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await this.ask({ kind: 'stop' }).catch(() => undefined);
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(timer);
  }

  #onReply(reply: SoakReply): void {
    if ('notes' in reply) {
      for (const note of reply.notes) this.#listener.onNote(this, note);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('outcome' in reply) waiting?.resolve(reply.outcome);
    else waiting?.reject(new Error(`${this.name}: ${reply.trouble}`));
  }

  #fail(trouble: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`${this.name}: ${trouble}`));
    this.#waiting.clear();
  }
}
