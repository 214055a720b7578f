import type { Writable } from 'node:stream';

/**
 * Writes of one turn go to the system together, and what it does not take in time is dropped, not hoarded.
 */
export class BoundedWriter {
  readonly #writable: Writable;
  readonly #queueBytesMax: number;
  #isCorked = false;

  constructor(writable: Writable, queueBytesMax: number) {
    this.#writable = writable;
    this.#queueBytesMax = queueBytesMax;
  }

  write(bytes: Uint8Array): boolean {
    const writable = this.#writable;
    if (!writable.writable || writable.writableLength + bytes.length > this.#queueBytesMax) return false;
    if (!this.#isCorked) {
      this.#isCorked = true;
      writable.cork();
      process.nextTick(this.#uncork);
    }
    writable.write(bytes);
    return true;
  }

  readonly #uncork = (): void => {
    this.#isCorked = false;
    this.#writable.uncork();
  };
}
