import { Cells } from '../kernel/cells.js';
import type { ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { findPeer, setPeer } from './peer-rows.js';

/**
 * Supernodes that are not asked for a while (SPEC §8.8). While all rows are used nobody else is asked
 * either: in a larger crowd that refuses, whoever is forgotten would be asked again at once, without end.
 */

/** 32 B each, from the first refusal on. */
const ROWS = 16;
const ATTEMPTS_MAX = 15;

/** Behind the peer. */
const Column = { until: 2, attempts: 3, count: 4 } as const;

export class Refusals {
  /** From the first one on. */
  #rows: Cells | undefined;

  isRefusing(now: Instant, peer: ShortKey): boolean {
    const row = this.#find(peer);
    return row >= 0 && this.#get(row, Column.until) > now;
  }

  /** None more can be remembered. */
  isFull(now: Instant): boolean {
    if (this.#rows === undefined) return false;
    for (let row = 0; row < ROWS; row++) if (this.#get(row, Column.until) <= now) return false;
    return true;
  }

  /** How often it refused in a row. */
  attempts(peer: ShortKey): number {
    const row = this.#find(peer);
    return row < 0 ? 0 : this.#get(row, Column.attempts);
  }

  refused(peer: ShortKey, until: Instant): void {
    this.#rows ??= new Cells(ROWS, Column.count);
    let row = this.#find(peer);
    if (row < 0) {
      row = soonest(this.#rows);
      setPeer(this.#rows, row, peer);
      this.#rows.set(row, Column.attempts, 0);
    }
    const attempts = this.#rows.get(row, Column.attempts) + 1;
    this.#rows.set(row, Column.until, until);
    this.#rows.set(row, Column.attempts, Math.min(attempts, ATTEMPTS_MAX));
  }

  accepted(peer: ShortKey): void {
    const row = this.#find(peer);
    if (row < 0) return;
    this.#rows?.set(row, Column.until, 0);
    this.#rows?.set(row, Column.attempts, 0);
  }

  /** When one may be asked again; Infinity when none waits. */
  nextTimeout(now: Instant): Instant {
    let at = Infinity;
    for (let row = 0; row < ROWS; row++) {
      const until = this.#get(row, Column.until);
      if (until > now) at = Math.min(at, until);
    }
    return at;
  }

  #find(peer: ShortKey): number {
    return this.#rows === undefined ? -1 : findPeer(this.#rows, peer, Column.until);
  }

  #get(row: number, column: number): number {
    return this.#rows?.get(row, column) ?? 0;
  }
}

function soonest(rows: Cells): number {
  let found = 0;
  for (let row = 1; row < ROWS; row++) {
    if (rows.get(row, Column.until) < rows.get(found, Column.until)) found = row;
  }
  return found;
}
