import { Columns } from '../kernel/columns.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';

/**
 * How much is lost on the way from a neighbour (SPEC §8.3), by what is there in any case: gaps in its hop
 * counters, and heartbeats that stay away. The way to it is taken to be as bad. What counts is the average
 * over some 128 frames or 16 heartbeats, and it counts anew only when it differs clearly, since each change
 * moves routes.
 */

/** Averages are kept in 64ths of a per mille. */
const FRAME_SHIFT = 7;
const BEAT_SHIFT = 4;
const SCALE = 64;
const ALL = 1000 * SCALE;
/** More in a row say no more than that. */
const GAP_MAX = 16;
/** A heartbeat may come so much later than announced, in shares of the interval. */
const LATE_SHARE = 16;
/** Per mille: the difference that counts, and below which nothing is lost. */
const CHANGE_MIN = 100;
const NOTHING_BELOW = 50;

export class LossMeter {
  readonly #average: Uint16Array;
  readonly #counted: Uint16Array;
  readonly #beatAt: Float64Array;
  /** What the last heartbeat announced, 0 before the first one. */
  readonly #intervalMs: Float64Array;

  constructor(neighborRows: number) {
    const columns = new Columns(neighborRows, 20);
    this.#beatAt = columns.float64();
    this.#intervalMs = columns.float64();
    this.#average = columns.uint16();
    this.#counted = columns.uint16();
  }

  /** Another neighbour has the row. */
  reset(neighbor: number): void {
    this.#average[neighbor] = 0;
    this.#counted[neighbor] = 0;
    this.#intervalMs[neighbor] = 0;
  }

  /** A pause of which nothing is known: it was not a neighbour for a while. */
  pause(neighbor: number): void {
    this.#intervalMs[neighbor] = 0;
  }

  /** A frame came; `missing`: how many before it did not, by its hop counter. */
  onFrame(neighbor: number, missing: number): void {
    for (let i = 0; i < Math.min(missing, GAP_MAX); i++) this.#sample(neighbor, ALL, FRAME_SHIFT);
    this.#sample(neighbor, 0, FRAME_SHIFT);
  }

  onHeartbeat(now: Instant, neighbor: number, intervalS: number): void {
    const intervalMs = this.#intervalMs[neighbor] ?? 0;
    if (intervalMs > 0) {
      const gapMs = now - (this.#beatAt[neighbor] ?? now) - intervalMs / LATE_SHARE;
      const missing = Math.min(Math.ceil(gapMs / intervalMs) - 1, GAP_MAX);
      for (let i = 0; i < missing; i++) this.#sample(neighbor, ALL, BEAT_SHIFT);
      this.#sample(neighbor, 0, BEAT_SHIFT);
    }
    this.#beatAt[neighbor] = now;
    this.#intervalMs[neighbor] = intervalS * SECOND_MS;
  }

  /** The loss per mille that counts from now on; undefined when that is the same as before. */
  takeChange(neighbor: number): number | undefined {
    const average = Math.floor((this.#average[neighbor] ?? 0) / SCALE);
    const measured = average < NOTHING_BELOW ? 0 : average;
    const counted = this.#counted[neighbor] ?? 0;
    const isClear = Math.abs(measured - counted) >= CHANGE_MIN || (measured === 0 && counted > 0);
    if (!isClear) return undefined;
    this.#counted[neighbor] = measured;
    return measured;
  }

  #sample(neighbor: number, value: number, shift: number): void {
    const average = this.#average[neighbor] ?? 0;
    this.#average[neighbor] = average + ((value - average) >> shift);
  }
}
