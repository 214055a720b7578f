import type { Instant } from '@fogwisp/protocol';
import type { HostClock, Microseconds } from './clock.js';
import type { Ticket } from './event-heap.js';
import { insist } from './failure.js';
import type { Host } from './host.js';
import type { Surroundings } from './surroundings.js';

/** More timeouts within one millisecond than any table of timers holds. */
const RINGS_PER_MS_MAX = 10_000;

/** The one timer of a host: a single entry on the calendar, moved whenever the node changes its mind. */
export class Alarm {
  readonly #world: Surroundings;
  readonly #host: Host;
  #ticket: Ticket | undefined;
  #at: Microseconds = 0;
  #rangAt: Instant = -1;
  #rings = 0;

  constructor(world: Surroundings, host: Host) {
    this.#world = world;
    this.#host = host;
  }

  /** For when the clock of the host shows `due`; undefined stops it. */
  set(clock: HostClock, due: Instant | undefined): void {
    if (due === undefined) return this.stop();
    const at = Math.max(this.#world.nowUs, clock.worldAt(due));
    if (this.#ticket === undefined)
      this.#ticket = this.#world.schedule(at, { kind: 'wake', host: this.#host });
    else if (at !== this.#at) this.#world.reschedule(this.#ticket, at);
    this.#at = at;
  }

  stop(): void {
    if (this.#ticket !== undefined) this.#world.cancel(this.#ticket);
    this.#ticket = undefined;
  }

  /** Its entry was taken off the calendar, at local time `now`. */
  ring(now: Instant): void {
    this.#ticket = undefined;
    this.#rings = now === this.#rangAt ? this.#rings + 1 : 0;
    this.#rangAt = now;
    insist(this.#rings < RINGS_PER_MS_MAX, 'a timeout that was handled is no longer due');
  }
}
