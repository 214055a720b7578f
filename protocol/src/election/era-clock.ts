import { HOUR_MS, type Instant } from '../kernel/time.js';

/** Chance is dealt anew each hour. */
export const ERA_MS = HOUR_MS;
const ERA_MAX = 0xffff_ffff;
const UNIX_MS_MAX = 0xffff_ffff * 1000;

/**
 * Which era it is (SPEC §8.6): floor(Unix time / 3600 s). Without a clock, the one that was stored, further
 * by the own uptime; further still only if two neighbours agree. An error only permutes ties.
 */
export class EraClock {
  #unixMsAtZero: number | undefined;
  #era: number;
  #since: Instant;

  constructor(now: Instant, storedEra: number) {
    this.#era = storedEra;
    this.#since = now;
  }

  get hasClock(): boolean {
    return this.#unixMsAtZero !== undefined;
  }

  /** A time that 32 bits of seconds cannot hold is none. */
  setClock(now: Instant, unixMs: number): void {
    if (!(unixMs >= 0 && unixMs <= UNIX_MS_MAX)) return;
    this.#unixMsAtZero = unixMs - now;
  }

  /** Unix seconds; 0 when unknown. */
  unixS(now: Instant): number {
    if (this.#unixMsAtZero === undefined) return 0;
    return Math.min(ERA_MAX, Math.max(0, Math.floor((this.#unixMsAtZero + now) / 1000)));
  }

  era(now: Instant): number {
    if (this.#unixMsAtZero !== undefined) return Math.floor((this.#unixMsAtZero + now) / ERA_MS);
    return this.#era + Math.floor((now - this.#since) / ERA_MS);
  }

  nextAt(now: Instant): Instant {
    if (this.#unixMsAtZero !== undefined) return (this.era(now) + 1) * ERA_MS - this.#unixMsAtZero;
    return this.#since + (Math.floor((now - this.#since) / ERA_MS) + 1) * ERA_MS;
  }

  /** The highest era that two distinct neighbours have reached. */
  agree(now: Instant, era: number): void {
    if (this.#unixMsAtZero !== undefined || era <= this.era(now)) return;
    this.#era = Math.min(era, ERA_MAX);
    this.#since = now;
  }
}
