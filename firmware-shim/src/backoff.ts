import { type Random, randomBelow } from '@fogwisp/protocol';

/**
 * Delays that double up to a bound, each with up to a half taken off, so that stations do not retry in step.
 */
export class Backoff {
  readonly #random: Random;
  readonly #delayMsMin: number;
  readonly #delayMsMax: number;
  #delayMs: number;

  constructor(random: Random, delayMsMin: number, delayMsMax: number) {
    this.#random = random;
    this.#delayMsMin = delayMsMin;
    this.#delayMsMax = delayMsMax;
    this.#delayMs = delayMsMin;
  }

  /** Milliseconds to wait now. */
  next(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, this.#delayMsMax);
    return delayMs - randomBelow(this.#random, Math.ceil(delayMs / 2));
  }

  /** After a success. */
  reset(): void {
    this.#delayMs = this.#delayMsMin;
  }
}
