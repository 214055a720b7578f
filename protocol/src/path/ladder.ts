import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';

/** A network that comes back at once does not ask at once. */
const FIRST_MS = 250;
/** Between one group and the next: what it takes to try one. */
const GROUP_MS = 4 * SECOND_MS;
/** From the end of a round in vain to the next one, doubled each time. */
const ROUND_MS_MIN = 4 * SECOND_MS;
const ROUND_MS_MAX = 15 * MINUTE_MS;
/**
 * From the first neighbor to the look for more, and up to as long again: by then it knows who is reached
 * through that one, and has found out how strangers reach it, for which it needs strangers (§7.12).
 */
const SETTLE_MS = 30 * SECOND_MS;
/** How often a node that is among others looks for more. */
const SLOW_MS = 15 * MINUTE_MS;
/** Alone for so long, and up to as long again, before a bootstrap is asked. */
const BOOTSTRAP_MS = MINUTE_MS;
const BOOTSTRAP_MS_MAX = 15 * MINUTE_MS;
/** Tries are counted in bytes. */
const ROUNDS_MAX = 200;

/** When to look for whom (SPEC §8.1). */
export class Ladder {
  readonly #random: Random;
  #isAlone = true;
  #since: Instant;
  #round = 1;
  #roundMs = ROUND_MS_MIN;
  #at: Instant | undefined;
  #bootstrapAt: Instant | undefined;
  #bootstrapMs = BOOTSTRAP_MS;

  constructor(now: Instant, random: Random) {
    this.#random = random;
    this.#since = now;
    this.begin(now);
  }

  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Alone, or not, since then. */
  get since(): Instant {
    return this.#since;
  }

  /** Each is tried once a round, so this is how often by its end. */
  get round(): number {
    return this.#round;
  }

  get wakeAt(): Instant | undefined {
    return earlier(this.#at, this.#bootstrapAt);
  }

  /** From the first rung on, unless somebody is there: this node has a network now. */
  begin(now: Instant): void {
    this.again(now);
    if (!this.#isAlone) return;
    this.#since = now;
    this.#bootstrapMs = BOOTSTRAP_MS;
    this.#bootstrapAt = now + BOOTSTRAP_MS + randomBelow(this.#random, BOOTSTRAP_MS);
  }

  /** Those that lead out. */
  setNeighbors(now: Instant, count: number): void {
    if (this.#isAlone === (count === 0)) return;
    this.#isAlone = count === 0;
    this.#since = now;
    this.#round = 1;
    if (this.#isAlone) return this.begin(now);
    this.#bootstrapAt = undefined;
    this.#at = now + SETTLE_MS + randomBelow(this.#random, SETTLE_MS);
  }

  /** There is news: another link, or somebody to try. */
  again(now: Instant): void {
    this.#roundMs = ROUND_MS_MIN;
    this.#at = earlier(this.#at, now + randomBelow(this.#random, FIRST_MS));
  }

  isDue(now: Instant): boolean {
    return this.#at !== undefined && this.#at <= now;
  }

  /** True once for each time that it is. */
  isBootstrapDue(now: Instant): boolean {
    if (this.#bootstrapAt === undefined || this.#bootstrapAt > now) return false;
    this.#bootstrapMs = Math.min(BOOTSTRAP_MS_MAX, 2 * this.#bootstrapMs);
    this.#bootstrapAt = now + this.#bootstrapMs + randomBelow(this.#random, this.#bootstrapMs);
    return true;
  }

  /** Some were tried; more are left, perhaps. */
  next(now: Instant, isFew: boolean): void {
    if (!this.#isAlone && !isFew) return this.#slowly(now);
    this.#at = now + GROUP_MS + randomBelow(this.#random, SECOND_MS);
  }

  /** Nobody was left to try. True when tries are to be counted anew. */
  endRound(now: Instant): boolean {
    this.#round++;
    if (!this.#isAlone) this.#slowly(now);
    else {
      this.#at = now + this.#roundMs + randomBelow(this.#random, this.#roundMs);
      this.#roundMs = Math.min(ROUND_MS_MAX, 2 * this.#roundMs);
    }
    if (this.#round <= ROUNDS_MAX) return false;
    this.#round = 1;
    return true;
  }

  #slowly(now: Instant): void {
    this.#at = now + SLOW_MS - randomBelow(this.#random, SLOW_MS / 4);
  }
}
