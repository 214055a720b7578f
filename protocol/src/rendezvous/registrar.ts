import { EMPTY, equalBytes } from '../kernel/bytes.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { closest } from './rank.js';

/**
 * What this node has others keep for it (SPEC §9.6): told to those closest to each key, again before its
 * lifetime is over, and to whoever becomes one of them; not at once, since everybody sees the same change.
 */

const SHORT_BYTES = 8;
export const RENEW_MS = 30 * MINUTE_MS;
/** Changes are told within this time, at random. */
export const SPREAD_MS = 10 * SECOND_MS;
/**
 * While so many of those closest have a record, the others are told this much later: who is out of sight for
 * a moment is told nothing twice, and who comes as somebody leaves is told once.
 */
export const COPIES_MIN = 2;
export const LATE_MS = 2 * MINUTE_MS;

interface Deposit {
  readonly subject: number;
  readonly key: Uint8Array;
  readonly holderCount: number;
  /** Who has been told, closest first. */
  told: readonly Uint8Array[];
  /** What all of them were told of where this node is found. */
  where: Uint8Array;
  dueAt: Instant;
  /** When others are told that can wait; undefined while there are none. */
  lateAt: Instant | undefined;
  renewAt: Instant;
}

/** One record to be told to one holder. */
export interface Telling {
  readonly subject: number;
  readonly key: Uint8Array;
  readonly holder: Uint8Array;
}

export class Registrar {
  #deposits: Deposit[] = [];

  get wakeAt(): Instant {
    let at = Infinity;
    for (const { dueAt, renewAt } of this.#deposits) at = Math.min(at, dueAt, renewAt);
    return at;
  }

  /** Instead of what was deposited under that subject and key before. */
  deposit(dueAt: Instant, what: Pick<Deposit, 'subject' | 'key' | 'holderCount'>): void {
    this.withdraw(what.subject, what.key);
    this.#deposits.push({ ...what, told: [], where: EMPTY, dueAt, lateAt: undefined, renewAt: Infinity });
  }

  /** Those told keep it until it is over. */
  withdraw(subject: number, key: Uint8Array): void {
    this.#deposits = this.#deposits.filter((deposit) => {
      return deposit.subject !== subject || !equalBytes(deposit.key, key);
    });
  }

  /** Holders came or went: some may be closer now than those told. Or this node is found elsewhere. */
  review(dueAt: Instant): void {
    for (const deposit of this.#deposits) deposit.dueAt = Math.min(deposit.dueAt, dueAt);
  }

  /** Everybody is told anew. */
  retell(dueAt: Instant): void {
    for (const deposit of this.#deposits) deposit.told = [];
    this.review(dueAt);
  }

  /** What is due now, with those that keep records, this node perhaps among them. */
  take(now: Instant, holders: readonly Uint8Array[], where: Uint8Array): readonly Telling[] {
    const tellings: Telling[] = [];
    for (const deposit of this.#deposits) {
      if (deposit.dueAt > now && deposit.renewAt > now) continue;
      const { subject, key, told, holderCount } = deposit;
      const isAnew = deposit.renewAt <= now || isAstray(deposit.where, where);
      const before = isAnew ? [] : told;
      if (before.length === 0) deposit.where = where;
      const chosen = closest(key, holders, holderCount);
      const missing = chosen.filter((holder) => !before.some((one) => equalBytes(one, holder)));
      if (missing.length > 0 && chosen.length - missing.length >= COPIES_MIN) {
        deposit.lateAt ??= now + LATE_MS;
        deposit.dueAt = deposit.lateAt;
        if (now < deposit.lateAt) continue;
      }
      for (const holder of missing) tellings.push({ subject, key, holder });
      deposit.told = chosen;
      deposit.lateAt = undefined;
      deposit.dueAt = Infinity;
      if (deposit.renewAt <= now || deposit.renewAt === Infinity) deposit.renewAt = now + RENEW_MS;
      if (chosen.length === 0) deposit.renewAt = Infinity;
    }
    return tellings;
  }
}

/**
 * Whether those told know none of the supernodes that know a way here. While they know one, the other waits
 * for the next time: supernodes change all the time, and each change would be told to six.
 */
export function isAstray(told: Uint8Array, where: Uint8Array): boolean {
  for (let at = 0; at < where.length; at += SHORT_BYTES) {
    const supernode = where.subarray(at, at + SHORT_BYTES);
    for (let i = 0; i < told.length; i += SHORT_BYTES) {
      if (equalBytes(told.subarray(i, i + SHORT_BYTES), supernode)) return false;
    }
  }
  return where.length > 0;
}
