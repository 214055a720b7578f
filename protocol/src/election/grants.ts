import { Cells } from '../kernel/cells.js';
import type { ShortKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { RELIANT } from './flags.js';
import { findPeer, peerOf, setPeer } from './peer-rows.js';

/**
 * The reservations that a supernode has granted (SPEC §8.8): a row of 32 B each. A node that is full or asked
 * too fast says BUSY and goes on: whoever switched itself off under load would only burden the rest.
 */

/**
 * A token bucket bounds the work of granting: this, or half of the slots if that is more, so that a crowd
 * that starts at once does not find all who serve busy and elect more. Half of it comes back each second.
 */
const TOKENS_MIN = 16;
/** Fuller than this, a supernode is no reason for another one to retire. */
const ROOMY_PER_CENT = 60;

/** Behind the peer. */
const Column = { until: 2, flags: 3, count: 4 } as const;

export class Grants {
  readonly #rowCount: number;
  /** From the first one on. */
  #rows: Cells | undefined;
  #count = 0;
  readonly #tokensMax: number;
  #tokens: number;
  #tokensAt: Instant;

  constructor(rows: number, now: Instant) {
    this.#rowCount = rows;
    this.#tokensMax = Math.max(TOKENS_MIN, rows / 2);
    this.#tokens = this.#tokensMax;
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
    for (let row = 0; row < this.#rowEnd; row++) {
      if (this.#isUsed(row) && (this.#get(row, Column.flags) & RELIANT) !== 0) return true;
    }
    return false;
  }

  /** Where whoever looks at all rows ends; asked after every turn, and most nodes never grant anything. */
  get #rowEnd(): number {
    return this.#count === 0 ? 0 : this.#rowCount;
  }

  has(peer: ShortKey): boolean {
    return this.#find(peer) >= 0;
  }

  peers(): readonly ShortKey[] {
    const peers: ShortKey[] = [];
    const rows = this.#rows;
    for (let row = 0; rows !== undefined && row < this.#rowEnd; row++) {
      if (this.#isUsed(row)) peers.push(peerOf(rows, row));
    }
    return peers;
  }

  /** False when there is no slot or no token left; one that is there already is prolonged in any case. */
  grant(now: Instant, peer: ShortKey, lifetimeMs: number, flags: number): boolean {
    this.#rows ??= new Cells(this.#rowCount, Column.count);
    let row = this.#find(peer);
    if (row < 0) {
      row = this.isFull ? -1 : this.#rows.find(Column.until, 0);
      if (row < 0 || !this.#takeToken(now)) return false;
      this.#count++;
      setPeer(this.#rows, row, peer);
    }
    this.#rows.set(row, Column.until, now + lifetimeMs);
    this.#rows.set(row, Column.flags, flags);
    return true;
  }

  /** False when there was none. */
  remove(peer: ShortKey): boolean {
    const row = this.#find(peer);
    if (row < 0) return false;
    this.#drop(row);
    return true;
  }

  /** True when one ran out. */
  expire(now: Instant): boolean {
    const before = this.#count;
    for (let row = 0; row < this.#rowEnd; row++) {
      if (this.#isUsed(row) && this.#get(row, Column.until) <= now) this.#drop(row);
    }
    return this.#count !== before;
  }

  nextTimeout(): Instant {
    let soonest = Infinity;
    for (let row = 0; row < this.#rowEnd; row++) {
      if (this.#isUsed(row)) soonest = Math.min(soonest, this.#get(row, Column.until));
    }
    return soonest;
  }

  #isUsed(row: number): boolean {
    return this.#get(row, Column.until) !== 0;
  }

  #find(peer: ShortKey): number {
    return this.#rows === undefined ? -1 : findPeer(this.#rows, peer, Column.until);
  }

  #get(row: number, column: number): number {
    return this.#rows?.get(row, column) ?? 0;
  }

  #drop(row: number): void {
    this.#rows?.set(row, Column.until, 0);
    this.#rows?.set(row, Column.flags, 0);
    this.#count--;
  }

  #takeToken(now: Instant): boolean {
    const gained = ((now - this.#tokensAt) * this.#tokensMax) / (2 * SECOND_MS);
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + gained);
    this.#tokensAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
