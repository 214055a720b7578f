import { Cells } from '../kernel/cells.js';
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

const Column = {
  average: 0,
  counted: 1,
  beatAt: 2,
  /** What the last heartbeat announced, 0 before the first one. */
  intervalMs: 3,
  count: 4,
} as const;

export class LossMeter {
  readonly #cells: Cells;

  constructor(neighborRows: number) {
    this.#cells = new Cells(neighborRows, Column.count);
  }

  /** Another neighbour has the row. */
  reset(neighbor: number): void {
    this.#cells.set(neighbor, Column.average, 0);
    this.#cells.set(neighbor, Column.counted, 0);
    this.#cells.set(neighbor, Column.intervalMs, 0);
  }

  /** A pause of which nothing is known: it was not a neighbour for a while. */
  pause(neighbor: number): void {
    this.#cells.set(neighbor, Column.intervalMs, 0);
  }

  /** A frame came; `missing`: how many before it did not, by its hop counter. */
  onFrame(neighbor: number, missing: number): void {
    for (let i = 0; i < Math.min(missing, GAP_MAX); i++) this.#sample(neighbor, ALL, FRAME_SHIFT);
    this.#sample(neighbor, 0, FRAME_SHIFT);
  }

  onHeartbeat(now: Instant, neighbor: number, intervalS: number): void {
    const intervalMs = this.#cells.get(neighbor, Column.intervalMs);
    if (intervalMs > 0) {
      const gapMs = now - this.#cells.get(neighbor, Column.beatAt) - intervalMs / LATE_SHARE;
      const missing = Math.min(Math.ceil(gapMs / intervalMs) - 1, GAP_MAX);
      for (let i = 0; i < missing; i++) this.#sample(neighbor, ALL, BEAT_SHIFT);
      this.#sample(neighbor, 0, BEAT_SHIFT);
    }
    this.#cells.set(neighbor, Column.beatAt, now);
    this.#cells.set(neighbor, Column.intervalMs, intervalS * SECOND_MS);
  }

  /** The loss per mille that counts from now on; undefined when that is the same as before. */
  takeChange(neighbor: number): number | undefined {
    const average = Math.floor(this.#cells.get(neighbor, Column.average) / SCALE);
    const measured = average < NOTHING_BELOW ? 0 : average;
    const counted = this.#cells.get(neighbor, Column.counted);
    const isClear = Math.abs(measured - counted) >= CHANGE_MIN || (measured === 0 && counted > 0);
    if (!isClear) return undefined;
    this.#cells.set(neighbor, Column.counted, measured);
    return measured;
  }

  #sample(neighbor: number, value: number, shift: number): void {
    const average = this.#cells.get(neighbor, Column.average);
    this.#cells.set(neighbor, Column.average, average + ((value - average) >> shift));
  }
}
