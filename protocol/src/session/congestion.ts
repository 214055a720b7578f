import type { Instant } from '../kernel/time.js';
import { ROUND_TRIP_MS_MAX, SECOND_MS } from '../kernel/time.js';

/** Retransmission timeout bounds (RFC 6298 with a floor for local networks). */
const RTO_MIN_MS = 200;
/**
 * Doubling ends here, so that a lossy link is not taken for a dead one; a slow link may wait twice its
 * estimate.
 */
const RTO_MAX_MS = 3 * SECOND_MS;
const RTO_FIRST_MS = 500;

/** Window bounds in units. A unit is at most one packet. */
const WINDOW_FIRST = 10;
const WINDOW_MIN = 2;
const WINDOW_MAX = 256;

/**
 * Queueing beyond the shortest round trip that counts as congestion: small messages must not wait behind
 * bulk.
 */
const QUEUE_DELAY_MS = 60;
/** The shortest round trip is forgotten after this long, so that a longer path is not taken for a queue. */
const SHORTEST_AGE_MS = 10 * SECOND_MS;

/** Round trip estimate and congestion window of one peer (RFC 6298, RFC 9002 §7, and a delay bound). */
export class Congestion {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestAt: Instant = 0;
  #backoff = 1;
  #window = WINDOW_FIRST;
  #threshold = WINDOW_MAX;
  #reducedAt: Instant = Number.NEGATIVE_INFINITY;

  /** Units that may be under way. */
  get window(): number {
    return Math.floor(this.#window);
  }

  get roundTripMs(): number | undefined {
    return this.#smoothedMs;
  }

  get timeoutMs(): number {
    const base = this.#smoothedMs === undefined ? RTO_FIRST_MS : this.#smoothedMs + 4 * this.#variationMs;
    const most = Math.max(RTO_MAX_MS, 2 * base);
    return Math.min(most, Math.max(RTO_MIN_MS, base) * this.#backoff);
  }

  /** A unit sent once was acknowledged after `wholeMs`, of which the peer may have waited for `delayMs`. */
  sample(now: Instant, wholeMs: number, delayMs: number): void {
    this.#backoff = 1;
    if (wholeMs > ROUND_TRIP_MS_MAX) return;
    const isOld = delayMs === 0 && now - this.#shortestAt > SHORTEST_AGE_MS;
    if (wholeMs <= this.#shortestMs || isOld) {
      this.#shortestMs = wholeMs;
      this.#shortestAt = now;
    }
    const ms = Math.max(this.#shortestMs, wholeMs - delayMs);
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms;
      this.#variationMs = ms / 2;
    } else {
      this.#variationMs += (Math.abs(this.#smoothedMs - ms) - this.#variationMs) / 4;
      this.#smoothedMs += (ms - this.#smoothedMs) / 8;
    }
    if (ms > this.#shortestMs * 2 + QUEUE_DELAY_MS) this.#reduce(now, 0.85);
  }

  /** `count` units were acknowledged while the window was in use. */
  acknowledged(count: number): void {
    this.#backoff = 1;
    if (this.#window < this.#threshold) this.#window += count;
    else this.#window += count / this.#window;
    this.#window = Math.min(this.#window, WINDOW_MAX);
  }

  /** A gap in the acknowledgements shows a loss. */
  lost(now: Instant): void {
    this.#reduce(now, 0.7);
  }

  /** Nothing came back within the timeout. */
  timedOut(now: Instant): void {
    this.#backoff = Math.min(this.#backoff * 2, 64);
    this.#threshold = Math.max(this.#window / 2, WINDOW_MIN);
    this.#window = WINDOW_MIN;
    this.#reducedAt = now;
  }

  /** Silence on the way before says nothing of this one; a slow link on both of them is as slow as it was. */
  rerouted(): void {
    this.#backoff = 1;
  }

  /** Another path: what was learned of the old one does not hold. */
  reset(): void {
    this.#smoothedMs = undefined;
    this.#variationMs = 0;
    this.#shortestMs = Number.POSITIVE_INFINITY;
    this.#backoff = 1;
    this.#window = WINDOW_FIRST;
    this.#threshold = WINDOW_MAX;
  }

  #reduce(now: Instant, factor: number): void {
    if (now - this.#reducedAt < (this.#smoothedMs ?? RTO_FIRST_MS)) return;
    this.#reducedAt = now;
    this.#window = Math.max(WINDOW_MIN, this.#window * factor);
    this.#threshold = this.#window;
  }
}
