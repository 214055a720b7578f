import { Columns } from '../kernel/columns.js';
import type { ShortKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { RELIANT } from './flags.js';
import { IdColumn } from './id-column.js';

/**
 * The reservations that a supernode has granted (SPEC §8.8): a row of 17 B each. A node that is full or asked
 * too fast says BUSY and goes on: whoever switched itself off under load would only burden the rest.
 */

/** A token bucket bounds the work of granting. */
const TOKENS_PER_SECOND = 8;
const TOKENS_MAX = 16;
/** Fuller than this, a supernode is no reason for another one to retire. */
const ROOMY_PER_CENT = 60;

export class Grants {
  readonly #rowCount: number;
  readonly #until: Float64Array;
  readonly #flags: Uint8Array;
  readonly #ids: IdColumn;
  #count = 0;
  #tokens = TOKENS_MAX;
  #tokensAt: Instant;

  constructor(rows: number, now: Instant) {
    this.#rowCount = rows;
    const columns = new Columns(rows, 17);
    this.#until = columns.float64();
    this.#flags = columns.uint8();
    this.#ids = new IdColumn(columns);
    this.#tokensAt = now;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= this.#rowCount;
  }

  get isRoomy(): boolean {
    return (this.#count + 1) * 100 <= this.#rowCount * ROOMY_PER_CENT;
  }

  /** Somebody has not enough without this node. */
  get isReliedOn(): boolean {
    for (let row = 0; row < this.#rowCount; row++) {
      if (this.#isUsed(row) && ((this.#flags[row] ?? 0) & RELIANT) !== 0) return true;
    }
    return false;
  }

  has(peer: ShortKey): boolean {
    return this.#ids.find(peer, this.#until) >= 0;
  }

  peers(): readonly ShortKey[] {
    const peers: ShortKey[] = [];
    for (let row = 0; row < this.#rowCount; row++) if (this.#isUsed(row)) peers.push(this.#ids.key(row));
    return peers;
  }

  /** False when there is no slot or no token left; one that is there already is prolonged in any case. */
  grant(now: Instant, peer: ShortKey, lifetimeMs: number, flags: number): boolean {
    let row = this.#ids.find(peer, this.#until);
    if (row < 0) {
      row = this.isFull ? -1 : this.#until.indexOf(0);
      if (row < 0 || !this.#takeToken(now)) return false;
      this.#count++;
      this.#ids.set(row, peer);
    }
    this.#until[row] = now + lifetimeMs;
    this.#flags[row] = flags;
    return true;
  }

  /** False when there was none. */
  remove(peer: ShortKey): boolean {
    const row = this.#ids.find(peer, this.#until);
    if (row < 0) return false;
    this.#drop(row);
    return true;
  }

  /** True when one ran out. */
  expire(now: Instant): boolean {
    const before = this.#count;
    for (let row = 0; row < this.#rowCount; row++) {
      if (this.#isUsed(row) && (this.#until[row] ?? 0) <= now) this.#drop(row);
    }
    return this.#count !== before;
  }

  nextTimeout(): Instant {
    let soonest = Infinity;
    for (let row = 0; row < this.#rowCount; row++) {
      if (this.#isUsed(row)) soonest = Math.min(soonest, this.#until[row] ?? Infinity);
    }
    return soonest;
  }

  #isUsed(row: number): boolean {
    return this.#until[row] !== 0;
  }

  #drop(row: number): void {
    this.#until[row] = 0;
    this.#flags[row] = 0;
    this.#count--;
  }

  #takeToken(now: Instant): boolean {
    const gained = ((now - this.#tokensAt) * TOKENS_PER_SECOND) / SECOND_MS;
    this.#tokens = Math.min(TOKENS_MAX, this.#tokens + gained);
    this.#tokensAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
