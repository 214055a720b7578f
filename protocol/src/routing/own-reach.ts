import { HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { ROUTE_IS_LANDMARK } from '../packet/message.js';
import { EVERYWHERE, VICINITY_HOPS } from './reach.js';

/**
 * How far this node wants to be told of (SPEC §8.9): everywhere while the table has room; when it has not, no
 * further than the vicinity and landmarks, then less, a step at a time. It grows again by a hop when what is
 * expected of that fits easily.
 */

/** What a step changed must have had its effect before the next one. */
const STEP_MS = 2 * SECOND_MS;
const GROW_MS = MINUTE_MS;
const GROW_MS_MAX = HOUR_MS;
/** From everywhere, landmarks are cut to this first. */
const LANDMARK_HOPS = 8;

/** The table as it is: its rows, those with landmarks, and those in the outermost ring that is told. */
export interface Occupancy {
  readonly rows: number;
  readonly landmarks: number;
  readonly ring: number;
  readonly landmarkRing: number;
  /** Rows that vicinity and landmarks may still take. */
  readonly room: number;
}

export class OwnReach {
  hops = EVERYWHERE;
  landmarkHops = EVERYWHERE;
  #changedAt: Instant = -Infinity;
  #growAt: Instant = Infinity;
  #pauseMs = GROW_MS;

  get isLimited(): boolean {
    return this.hops < EVERYWHERE || this.landmarkHops < EVERYWHERE;
  }

  covers(hops: number, flags: number): boolean {
    if (hops <= this.hops) return true;
    return (flags & ROUTE_IS_LANDMARK) !== 0 && hops <= this.landmarkHops;
  }

  /** Whether neighbours have had the time to follow the last change. */
  isSettled(now: Instant): boolean {
    return now >= this.settledAt;
  }

  get settledAt(): Instant {
    return this.#changedAt + STEP_MS;
  }

  get growAt(): Instant {
    return this.#growAt;
  }

  /** Something found no room; true when neighbours must hear of the change. */
  shrink(now: Instant, table: Occupancy): boolean {
    if (!this.isSettled(now)) return false;
    if (this.hops > VICINITY_HOPS) this.hops = this.hops === EVERYWHERE ? VICINITY_HOPS : this.hops - 1;
    else if (this.hops > 0 && table.landmarks * 2 <= table.rows) this.hops--;
    else if (this.landmarkHops > 1) this.landmarkHops = Math.min(this.landmarkHops - 1, LANDMARK_HOPS);
    else if (this.hops > 0) this.hops--;
    else return false;
    this.#changedAt = now;
    this.#growAt = now + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, GROW_MS_MAX);
    return true;
  }

  /** Time to try one hop more; true when neighbours must hear of the change. */
  grow(now: Instant, table: Occupancy): boolean {
    if (now < this.#growAt) return false;
    const { hops, landmarkHops } = this;
    if (landmarkHops < EVERYWHERE && table.room > 2 * table.landmarkRing) {
      this.landmarkHops = table.landmarkRing === 0 ? EVERYWHERE : landmarkHops + 1;
    } else if (hops < EVERYWHERE && table.room > 2 * table.ring) {
      this.hops = table.ring === 0 ? EVERYWHERE : hops + 1;
    }
    this.#growAt = this.isLimited ? now + this.#pauseMs : Infinity;
    const hasChanged = hops !== this.hops || landmarkHops !== this.landmarkHops;
    if (hasChanged) this.#changedAt = now;
    return hasChanged;
  }
}
