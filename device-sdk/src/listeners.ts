import type { Dispose } from './answers.js';

/** Functions to call when something happens; each may be added more than once. */
export class Listeners<T> {
  readonly #all = new Map<symbol, (event: T) => void>();

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  add(listener: (event: T) => void): Dispose {
    const key = Symbol();
    this.#all.set(key, listener);
    return () => this.#all.delete(key);
  }

  /** One that throws does not keep the event from the next one. */
  tell(event: T, onThrown: (thrown: unknown) => void): void {
    for (const listener of [...this.#all.values()]) {
      try {
        listener(event);
      } catch (thrown) {
        onThrown(thrown);
      }
    }
  }
}
