import type { Instant } from '@fogwisp/protocol';
import type { XsDoors } from './doors.js';

interface Sleeper {
  readonly at: Instant;
  readonly wake: () => void;
}

/** The one alarm of the firmware, for all that wait: the driver, and timers of the program. */
export class XsAlarm {
  readonly #doors: XsDoors;
  readonly #sleepers = new Map<number, Sleeper>();

  constructor(doors: XsDoors) {
    this.#doors = doors;
    doors.onAlarm = () => this.#ring();
  }

  /** Each `who` waits for one moment; undefined: for none. */
  set(who: number, at: Instant | undefined, wake: () => void): void {
    if (at === undefined) this.#sleepers.delete(who);
    else this.#sleepers.set(who, { at, wake });
    this.#arm();
  }

  #ring(): void {
    const now = this.#doors.now();
    const due = [...this.#sleepers].filter(([, { at }]) => at <= now);
    for (const [who] of due) this.#sleepers.delete(who);
    this.#arm();
    for (const [, { wake }] of due) wake();
  }

  #arm(): void {
    let next: Instant | undefined;
    for (const { at } of this.#sleepers.values()) if (next === undefined || at < next) next = at;
    this.#doors.alarm(next);
  }
}
