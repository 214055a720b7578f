import { Columns } from '../kernel/columns.js';
import type { ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { IdColumn } from './id-column.js';

/** Supernodes that are not asked for a while (SPEC §8.8). When all rows are used, the soonest to end goes. */

const ROWS = 8;
const ATTEMPTS_MAX = 15;

export class Refusals {
  readonly #until: Float64Array;
  readonly #attempts: Uint8Array;
  readonly #ids: IdColumn;

  constructor() {
    const columns = new Columns(ROWS, 17);
    this.#until = columns.float64();
    this.#attempts = columns.uint8();
    this.#ids = new IdColumn(columns);
  }

  isRefusing(now: Instant, peer: ShortKey): boolean {
    const row = this.#ids.find(peer, this.#until);
    return row >= 0 && (this.#until[row] ?? 0) > now;
  }

  /** How often it refused in a row. */
  attempts(peer: ShortKey): number {
    const row = this.#ids.find(peer, this.#until);
    return row < 0 ? 0 : (this.#attempts[row] ?? 0);
  }

  refused(peer: ShortKey, until: Instant): void {
    let row = this.#ids.find(peer, this.#until);
    if (row < 0) {
      row = this.#until.indexOf(Math.min(...this.#until));
      this.#ids.set(row, peer);
      this.#attempts[row] = 0;
    }
    this.#until[row] = until;
    this.#attempts[row] = Math.min((this.#attempts[row] ?? 0) + 1, ATTEMPTS_MAX);
  }

  accepted(peer: ShortKey): void {
    const row = this.#ids.find(peer, this.#until);
    if (row >= 0) this.#until[row] = 0;
    if (row >= 0) this.#attempts[row] = 0;
  }

  /** When one may be asked again; Infinity when none waits. */
  nextTimeout(now: Instant): Instant {
    let soonest = Infinity;
    for (const until of this.#until) if (until > now) soonest = Math.min(soonest, until);
    return soonest;
  }
}
