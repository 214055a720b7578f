import { ControlClient } from '../src/control/client.js';

/** A gateway of the demo to ask, whichever lives. */
export class LivingGateway {
  readonly #socketNow: () => string | undefined;
  #client: ControlClient | undefined;

  constructor(socketNow: () => string | undefined) {
    this.#socketNow = socketNow;
  }

  async open(): Promise<ControlClient> {
    this.#client ??= await ControlClient.open(this.#socketNow() ?? '');
    return this.#client;
  }

  /** It was killed, or all is ended: the next one that lives is asked next. */
  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
