import { shortBytes } from '../identity/id.js';
import { equalBytes } from '../kernel/bytes.js';
import { Columns } from '../kernel/columns.js';
import type { ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';

/** Supernodes that are not asked for a while (SPEC §8.8). When all rows are used, the soonest to end goes. */

const ROWS = 8;
const SHORT_BYTES = 8;
const ATTEMPTS_MAX = 15;

export class Refusals {
  readonly #until: Float64Array;
  readonly #attempts: Uint8Array;
  readonly #ids: Uint8Array;

  constructor() {
    const columns = new Columns(ROWS, 17);
    this.#until = columns.float64();
    this.#attempts = columns.uint8();
    this.#ids = columns.bytes(SHORT_BYTES);
  }

  isRefusing(now: Instant, peer: ShortKey): boolean {
    const row = this.#find(shortBytes(peer));
    return row >= 0 && (this.#until[row] ?? 0) > now;
  }

  /** How often it refused in a row. */
  attempts(peer: ShortKey): number {
    const row = this.#find(shortBytes(peer));
    return row < 0 ? 0 : (this.#attempts[row] ?? 0);
  }

  refused(peer: ShortKey, until: Instant): void {
    const id = shortBytes(peer);
    let row = this.#find(id);
    if (row < 0) {
      row = this.#until.indexOf(Math.min(...this.#until));
      this.#ids.set(id, row * SHORT_BYTES);
      this.#attempts[row] = 0;
    }
    this.#until[row] = until;
    this.#attempts[row] = Math.min((this.#attempts[row] ?? 0) + 1, ATTEMPTS_MAX);
  }

  accepted(peer: ShortKey): void {
    const row = this.#find(shortBytes(peer));
    if (row >= 0) this.#until[row] = 0;
    if (row >= 0) this.#attempts[row] = 0;
  }

  /** When one may be asked again; Infinity when none waits. */
  nextTimeout(now: Instant): Instant {
    let soonest = Infinity;
    for (const until of this.#until) if (until > now) soonest = Math.min(soonest, until);
    return soonest;
  }

  #find(id: Uint8Array): number {
    for (let row = 0; row < ROWS; row++) {
      const at = row * SHORT_BYTES;
      const isUsed = this.#until[row] !== 0;
      if (isUsed && equalBytes(this.#ids.subarray(at, at + SHORT_BYTES), id)) return row;
    }
    return -1;
  }
}
