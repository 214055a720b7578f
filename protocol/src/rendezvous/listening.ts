import { equalBytes } from '../kernel/bytes.js';
import { HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';

/**
 * Who publishes a topic that this node listens to, whoever it is (SPEC §9.7): asked of those closest to its
 * key, again and again but rarer, since they tell of new publishers by themselves while they can. When they
 * know of nobody, everybody is asked, rarer still.
 */

const FIRST_MS = 2 * SECOND_MS;
const ASK_MS = 10 * SECOND_MS;
const ASK_MS_MAX = 5 * MINUTE_MS;
const PATIENCE_MS = 3 * SECOND_MS;
const ASK_ALL_MS = MINUTE_MS;

export class Listening {
  readonly topic: string;
  readonly key: Uint8Array;
  #askAt: Instant;
  #askMs = ASK_MS;
  #askAllAt: Instant = Infinity;
  #askAllFrom: Instant;
  #askAllMs = ASK_ALL_MS;

  constructor(now: Instant, topic: string, key: Uint8Array) {
    this.topic = topic;
    this.key = key;
    this.#askAt = now + FIRST_MS;
    this.#askAllFrom = now;
  }

  get wakeAt(): Instant {
    return Math.min(this.#askAt, this.#askAllAt);
  }

  isFor(key: Uint8Array): boolean {
    return equalBytes(this.key, key);
  }

  /** Whom to ask now. */
  take(now: Instant): 'holders' | 'all' | undefined {
    if (this.#askAllAt <= now) {
      this.#askAllAt = Infinity;
      this.#askAllFrom = now + this.#askAllMs;
      this.#askAllMs = Math.min(2 * this.#askAllMs, HOUR_MS);
      return 'all';
    }
    if (this.#askAt > now) return undefined;
    this.#askAt = now + this.#askMs;
    this.#askMs = Math.min(2 * this.#askMs, ASK_MS_MAX);
    if (now >= this.#askAllFrom) this.#askAllAt = now + PATIENCE_MS;
    return 'holders';
  }

  /** Somebody publishes it: nobody else is asked now. */
  onPublisher(): void {
    this.#askAllAt = Infinity;
  }

  /** Other holders, or other neighbours: soon again. */
  hasten(at: Instant): void {
    this.#askAt = Math.min(this.#askAt, at);
    this.#askMs = ASK_MS;
  }
}
