import type { Instant } from '@fogwisp/protocol';

/** The longest delay that a Node timer takes; a longer one would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** Whole milliseconds since the process started. */
export function monotonicMs(): Instant {
  return Math.floor(performance.now());
}

/** One timer, for any distance. */
export class Alarm {
  readonly #now: () => Instant;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => Instant = monotonicMs) {
    this.#now = now;
  }

  set(at: Instant | undefined, wake: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === undefined) return;
    const delayMs = Math.min(Math.max(0, at - this.#now()), DELAY_MS_MAX);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#now() < at) this.set(at, wake);
      else wake();
    }, delayMs);
  }
}
