import { Columns } from '../kernel/columns.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';

/**
 * What each source may have relayed (SPEC §8.11): a token bucket of one second for each of the sources that
 * were relayed last, 20 B each. One that was forgotten starts full, which is why fairness does not rest on
 * this alone: a member of the network can invent sources, but no neighbours.
 */

const COUNT = 16;

export class RelayShare {
  readonly #bytesPerSecond: number;
  readonly #usedAt: Float64Array;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #left: Uint32Array;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    const columns = new Columns(COUNT, 20);
    this.#usedAt = columns.float64().fill(-Infinity);
    this.#high = columns.uint32();
    this.#low = columns.uint32();
    this.#left = columns.uint32();
  }

  /** Whether that source may have so many bytes relayed now; then it has. */
  take(now: Instant, high: number, low: number, bytes: number): boolean {
    const row = this.#rowOf(high, low);
    const sinceMs = Math.min(now - (this.#usedAt[row] ?? 0), SECOND_MS);
    const earned = Math.floor((sinceMs * this.#bytesPerSecond) / SECOND_MS);
    const left = Math.min((this.#left[row] ?? 0) + earned, this.#bytesPerSecond);
    this.#usedAt[row] = now;
    this.#left[row] = Math.max(0, left - (left >= bytes ? bytes : 0));
    return left >= bytes;
  }

  /** The row of that source, else that of the one that was relayed least lately. */
  #rowOf(high: number, low: number): number {
    let oldest = 0;
    for (let row = 0; row < COUNT; row++) {
      if (this.#high[row] === high && this.#low[row] === low) return row;
      if ((this.#usedAt[row] ?? 0) < (this.#usedAt[oldest] ?? 0)) oldest = row;
    }
    this.#high[oldest] = high;
    this.#low[oldest] = low;
    this.#left[oldest] = this.#bytesPerSecond;
    this.#usedAt[oldest] = -Infinity;
    return oldest;
  }
}
