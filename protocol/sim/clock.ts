import type { Instant } from '@fogwisp/protocol';

/** World time: whole microseconds since the world began, so that sums are exact in every engine. */
export type Microseconds = number;

export function toMicroseconds(ms: number): Microseconds {
  return Math.round(ms * 1000);
}

const PPM = 1_000_000;

/**
 * The monotonic clock of one host: whole milliseconds, as a microcontroller counts them, that start anywhere
 * and run a little fast or slow. It can be set only by booting.
 */
export class HostClock {
  #localUs: number;
  #worldUs: Microseconds;
  #skewPpm: number;

  constructor(worldUs: Microseconds, startsAtMs: number, skewPpm: number) {
    this.#worldUs = worldUs;
    this.#localUs = startsAtMs * 1000;
    this.#skewPpm = skewPpm;
  }

  local(worldUs: Microseconds): Instant {
    return Math.floor(this.#local(worldUs) / 1000);
  }

  /** The earliest world time at which `local` is at least `at`. */
  worldAt(at: Instant): Microseconds {
    const targetUs = Math.ceil(at) * 1000;
    const elapsed = Math.max(0, targetUs - this.#localUs);
    if (this.#skewPpm === 0) return this.#worldUs + elapsed;
    let worldUs = this.#worldUs + Math.floor((elapsed / (PPM + this.#skewPpm)) * PPM);
    while (worldUs > this.#worldUs && this.#local(worldUs - 1) >= targetUs) worldUs--;
    while (this.#local(worldUs) < targetUs) worldUs++;
    return worldUs;
  }

  /** Runs at another speed from now on. */
  skew(worldUs: Microseconds, skewPpm: number): void {
    this.#rebase(worldUs, this.#local(worldUs));
    this.#skewPpm = skewPpm;
  }

  /** What some clocks do while the processor sleeps: the time between does not count. */
  leaveOut(fromUs: Microseconds, untilUs: Microseconds): void {
    this.#rebase(untilUs, this.#local(fromUs));
  }

  #local(worldUs: Microseconds): number {
    const elapsed = worldUs - this.#worldUs;
    return this.#localUs + elapsed + Math.floor((elapsed * this.#skewPpm) / PPM);
  }

  #rebase(worldUs: Microseconds, localUs: number): void {
    this.#worldUs = worldUs;
    this.#localUs = localUs;
  }
}
