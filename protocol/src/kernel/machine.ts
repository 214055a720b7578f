import { assert } from './assert.js';
import { Queue } from './queue.js';
import type { Instant } from './time.js';

/**
 * Everything that decides has these three doors and no other: data goes in, data comes out, and time is an
 * argument. After each `handleInput` the owner drains `pollOutput` and re-reads `pollTimeout`.
 */
export interface Machine<In, Out> {
  /**
   * The only way anything changes. `now` never decreases. Byte arrays in `input` are borrowed until return.
   */
  handleInput(now: Instant, input: In): void;
  /** The next output, or undefined when drained. Byte arrays in outputs are owned by the receiver. */
  pollOutput(): Out | undefined;
  /** When the machine wants `{ kind: 'timeout' }`; undefined when nothing is pending. */
  pollTimeout(): Instant | undefined;
}

/** More than any single input can produce; reaching it means that nobody drains. */
const OUTBOX_MAX = 65_536;

/** First-in first-out queue of outputs. */
export class Outbox<T> {
  readonly #items = new Queue<T>();

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  push(item: T): void {
    assert(this.#items.length < OUTBOX_MAX, 'outputs are drained after each input');
    this.#items.push(item);
  }

  shift(): T | undefined {
    return this.#items.shift();
  }
}
