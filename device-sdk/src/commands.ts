import { type Command, type CommandId, type NodeEvent, NumberTable } from '@fogwisp/protocol';
import { FogError, failureOf, type Subject } from './errors.js';

/** How a command ends well. */
export type EndEvent = Extract<NodeEvent, { kind: 'response' | 'published' | 'pong' | 'stopped' }>;
type FailedEvent = Extract<NodeEvent, { kind: 'failed' }>;

interface Waiting {
  readonly subject: Subject;
  end(result: EndEvent | FogError): void;
}

export interface CommandsOptions {
  submit(command: Command): CommandId;
  /** Names for the error that says whom we do see. */
  peersSeen(): readonly string[];
  /** When a peer that sleeps means to be back. */
  dueInMs?(peer: string): number | undefined;
}

/** Commands under way: each is a promise until the node says how it ended. */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #waiting = new NumberTable<Waiting>();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  run(command: Command, subject: Subject, signal?: AbortSignal): Promise<EndEvent> {
    if (signal?.aborted === true) return Promise.reject(failureOf('cancelled', subject, []));
    return new Promise((resolve, reject) => {
      const id = this.#options.submit(command);
      const onAbort = () => {
        this.#options.submit({ kind: 'cancel', command: id });
        this.#end(id, failureOf('cancelled', subject, []));
      };
      this.#waiting.set(id, {
        subject,
        end: (result) => {
          signal?.removeEventListener('abort', onAbort);
          if (result instanceof FogError) reject(result);
          else resolve(result);
        },
      });
      signal?.addEventListener('abort', onAbort);
    });
  }

  /**
   * False when nobody waits here: it was cancelled before the answer came, or it is no command of this kind.
   */
  handleEnd(event: EndEvent | FailedEvent): boolean {
    const waiting = this.#waiting.get(event.command);
    if (waiting === undefined) return false;
    this.#end(event.command, event.kind === 'failed' ? this.#failure(event, waiting.subject) : event);
    return true;
  }

  #failure({ code, refusal }: FailedEvent, subject: Subject): FogError {
    const { peersSeen, dueInMs } = this.#options;
    return failureOf(code, subject, peersSeen(), { dueInMs: dueInMs?.(subject.target), refusal });
  }

  failAll(error: FogError): void {
    for (const id of this.#waiting.numbers()) this.#end(id, error);
  }

  #end(id: CommandId, result: EndEvent | FogError): void {
    this.#waiting.remove(id)?.end(result);
  }
}
