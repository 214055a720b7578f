import type { Instant } from './time.js';

/** The earlier of two deadlines, where undefined means never. */
export function earlier(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a < b ? a : b;
}

/** The named timers of one machine: a closed list of names, each with at most one deadline. */
export class TimerTable<Name extends string> {
  readonly #names: readonly Name[];
  readonly #at: (Instant | undefined)[];

  constructor(names: readonly Name[]) {
    this.#names = names;
    this.#at = names.map(() => undefined);
  }

  set(name: Name, at: Instant): void {
    this.#at[this.#names.indexOf(name)] = at;
  }

  stop(name: Name): void {
    this.#at[this.#names.indexOf(name)] = undefined;
  }

  isSet(name: Name): boolean {
    return this.#at[this.#names.indexOf(name)] !== undefined;
  }

  /** Takes one timer that is due, in the order of the list; call until undefined. */
  takeDue(now: Instant): Name | undefined {
    for (let i = 0; i < this.#names.length; i++) {
      const at = this.#at[i];
      if (at === undefined || at > now) continue;
      this.#at[i] = undefined;
      return this.#names[i];
    }
    return undefined;
  }

  next(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const at of this.#at) soonest = earlier(soonest, at);
    return soonest;
  }
}
