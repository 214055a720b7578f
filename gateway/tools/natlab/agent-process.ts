import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Namespaces } from '../../demo/nat/namespaces.js';
import type { AgentOrder, AgentReply, Datagram } from './agent-wire.js';

const PROGRAM = fileURLToPath(new URL('./agent.js', import.meta.url));

/** The lab's side of one agent. */
export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (addresses: readonly string[]) => void; reject: (error: Error) => void }
  >();
  readonly #received: Datagram[] = [];
  #onReceived: () => void = () => undefined;
  #lastId = 0;

  constructor(namespaces: Namespaces, space: string) {
    this.#child = namespaces.spawn(space, process.execPath, [PROGRAM], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#onReply(message as AgentReply));
    this.#child.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the agent ended'));
    });
  }

  ask(order: AgentOrder): Promise<readonly string[]> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, order });
    });
  }

  /** The first datagram of that text, in the past or within the time. */
  async receive(text: string, forMs: number): Promise<Datagram | undefined> {
    const until = performance.now() + forMs;
    for (;;) {
      const found = this.received(text);
      const left = until - performance.now();
      if (found !== undefined || left <= 0) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onReceived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  received(text: string): Datagram | undefined {
    return this.#received.find((each) => each.text === text);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  #onReply(reply: AgentReply): void {
    if (reply.kind === 'received') {
      this.#received.push(reply.datagram);
      this.#onReceived();
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'done') waiting?.resolve(reply.addresses);
    else waiting?.reject(new Error(reply.trouble));
  }
}
