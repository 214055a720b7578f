import { assert } from '../kernel/assert.js';
import { type Instant, MINUTE_MS } from '../kernel/time.js';

/** Longer than any cached answer or delayed packet lives, so that an id never meets its former meaning. */
export const QUARANTINE_MS = MINUTE_MS;
/** Ids with a row of their own, 8 B each; those below 24 cost one byte on the wire. */
const ROW_COUNT = 64;

/**
 * Small numbers for requests and topics: the lowest that is neither in use nor was within the last minute.
 * Under a load that uses up the rows, a counter above them runs on, and starts over after a minute without
 * it.
 */
export class IdPool {
  readonly #max: number;
  /** When each low id may be used again; infinite while in use. */
  readonly #freeAt = new Float64Array(ROW_COUNT).fill(-Infinity);
  /** Made when the rows are used up. */
  #above: Set<number> | undefined;
  #next = ROW_COUNT;
  #lastAbove: Instant = -Infinity;

  /** `max`: the largest number that the message carries. */
  constructor(max: number) {
    this.#max = max;
  }

  take(now: Instant): number {
    for (let id = 0; id < ROW_COUNT; id++) {
      if ((this.#freeAt[id] as number) > now) continue;
      this.#freeAt[id] = Infinity;
      return id;
    }
    this.#above ??= new Set();
    if (this.#above.size === 0 && this.#lastAbove + QUARANTINE_MS <= now) this.#next = ROW_COUNT;
    while (this.#above.has(this.#next)) this.#skip();
    const id = this.#next;
    this.#above.add(id);
    this.#skip();
    return id;
  }

  give(now: Instant, id: number): void {
    if (id < ROW_COUNT) {
      assert(this.#freeAt[id] === Infinity, 'an id is given back once');
      this.#freeAt[id] = now + QUARANTINE_MS;
      return;
    }
    assert(this.#above?.delete(id) === true, 'an id is given back once');
    this.#lastAbove = now;
  }

  #skip(): void {
    this.#next = this.#next >= this.#max ? ROW_COUNT : this.#next + 1;
  }
}
