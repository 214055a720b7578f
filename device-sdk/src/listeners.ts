import type { Dispose } from './answers.js';

/** What it returns does not matter, except that a promise is watched for its rejection. */
export type EventListener<T> = (event: T) => unknown;

/** Functions to call when something happens; each may be added more than once. */
export class Listeners<T> {
  readonly #all = new Map<symbol, EventListener<T>>();

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  add(listener: EventListener<T>): Dispose {
    const key = Symbol();
    this.#all.set(key, listener);
    return () => this.#all.delete(key);
  }

  /** One that throws, now or later, does not keep the event from the next one. */
  tell(event: T, onThrown: (thrown: unknown) => void): void {
    for (const listener of [...this.#all.values()]) {
      try {
        const done = listener(event);
        if (done instanceof Promise) done.catch(onThrown);
      } catch (thrown) {
        onThrown(thrown);
      }
    }
  }
}
