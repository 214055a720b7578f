/**
 * Sends values one after the other; while one is on its way, only the newest of the next ones is kept. Order
 * holds, nothing queues up, and the far end always ends with the last value.
 */
export class Newest<T> {
  readonly #send: (value: T) => Promise<unknown>;
  readonly #onFailed: (thrown: unknown) => void;
  #next: { readonly value: T } | undefined;
  #isSending = false;

  constructor(send: (value: T) => Promise<unknown>, onFailed: (thrown: unknown) => void) {
    this.#send = send;
    this.#onFailed = onFailed;
  }

  put(value: T): void {
    this.#next = { value };
    if (!this.#isSending) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isSending = true;
    while (this.#next !== undefined) {
      const { value } = this.#next;
      this.#next = undefined;
      try {
        await this.#send(value);
      } catch (thrown) {
        this.#onFailed(thrown);
      }
    }
    this.#isSending = false;
  }
}
