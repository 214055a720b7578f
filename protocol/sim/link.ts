import type { Microseconds } from './clock.js';

/** How well one station's transmissions travel. Probabilities are per packet, 0 ... 1. */
export interface LinkQuality {
  /** From the last bit sent to its arrival. */
  readonly delayMs: number;
  /**
   * Up to so much more, uniformly. Keeps the order on a point medium, not on one of many stations (as in
   * UDP).
   */
  readonly jitterMs: number;
  /** On a reliable medium a loss becomes a wait of RETRANSMIT_MS for this packet and all behind it. */
  readonly loss: number;
  readonly duplicate: number;
  /** Packets that are held back by up to `reorderMs` and may be overtaken. */
  readonly reorder: number;
  readonly reorderMs: number;
  /** Packets that arrive with flipped bits or a missing end. */
  readonly corrupt: number;
  /** Bits per second, 0 when it takes no time to send. */
  readonly bitrate: number;
  /** 8, or 10 on a UART with start and stop bits. */
  readonly bitsPerByte: number;
  /**
   * What the medium adds to each packet on the air: preamble, headers below ours. Costs time, counts nowhere.
   */
  readonly overheadBytes: number;
  /** What waits for a busy medium; more is dropped. */
  readonly queueBytes: number;
}

export const PERFECT: LinkQuality = {
  delayMs: 1,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderMs: 20,
  corrupt: 0,
  bitrate: 0,
  bitsPerByte: 8,
  overheadBytes: 0,
  queueBytes: 65_536,
};

/**
 * One retransmission timeout of a TCP with nothing else in flight (RFC 6298: 1 s; what stacks do: 200 ms).
 */
export const RETRANSMIT_MS = 200;

/** What only one sender at a time may use: a wire pair of its own, or the air that all share. */
export class Lane {
  /** When the last bit of what was accepted will have left. */
  #freeAt: Microseconds = 0;
  #airtimeUs = 0;

  /** Time spent sending since the world began. */
  get airtimeUs(): Microseconds {
    return this.#airtimeUs;
  }

  isIdle(now: Microseconds): boolean {
    return this.#freeAt <= now;
  }

  /** When the first bit of `length` bytes leaves; undefined when the queue is full. */
  take(now: Microseconds, length: number, quality: LinkQuality): Microseconds | undefined {
    if (quality.bitrate === 0) return now;
    const startsAt = Math.max(now, this.#freeAt);
    if (startsAt > now) {
      const waiting = airtime(1, quality) * length + (startsAt - now);
      if (waiting > airtime(1, quality) * quality.queueBytes) return undefined;
    }
    const lasts = Math.ceil(airtime(length + quality.overheadBytes, quality));
    this.#freeAt = startsAt + lasts;
    this.#airtimeUs += lasts;
    return startsAt;
  }

  /** Forgets what waits: the cable is out, or its sender is off. */
  clear(now: Microseconds): void {
    this.#freeAt = Math.min(this.#freeAt, now);
  }
}

/** Microseconds, fractions included, that so many bytes take. */
export function airtime(bytes: number, quality: LinkQuality): number {
  return quality.bitrate === 0 ? 0 : (bytes * quality.bitsPerByte * 1_000_000) / quality.bitrate;
}
