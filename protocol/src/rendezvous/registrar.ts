import { equalBytes } from '../kernel/bytes.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { closest } from './rank.js';

/**
 * What this node has others keep for it (SPEC §9.6): told to those closest to each key, again before its
 * lifetime is over, and to whoever becomes one of them; not at once, since everybody sees the same change.
 */

export const RENEW_MS = 30 * MINUTE_MS;
/** Changes are told within this time, at random. */
export const SPREAD_MS = 10 * SECOND_MS;

interface Deposit {
  readonly subject: number;
  readonly key: Uint8Array;
  readonly holderCount: number;
  /** Who has been told, closest first. */
  told: readonly Uint8Array[];
  dueAt: Instant;
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
    this.#deposits.push({ ...what, told: [], dueAt, renewAt: Infinity });
  }

  /** Those told keep it until it is over. */
  withdraw(subject: number, key: Uint8Array): void {
    this.#deposits = this.#deposits.filter((deposit) => {
      return deposit.subject !== subject || !equalBytes(deposit.key, key);
    });
  }

  /** Holders came or went: some may be closer now than those told. */
  review(dueAt: Instant): void {
    for (const deposit of this.#deposits) deposit.dueAt = Math.min(deposit.dueAt, dueAt);
  }

  /** Everybody is told anew. */
  retell(dueAt: Instant): void {
    for (const deposit of this.#deposits) deposit.told = [];
    this.review(dueAt);
  }

  /** What is due now, with those that keep records, this node perhaps among them. */
  take(now: Instant, holders: readonly Uint8Array[]): readonly Telling[] {
    const tellings: Telling[] = [];
    for (const deposit of this.#deposits) {
      if (deposit.dueAt > now && deposit.renewAt > now) continue;
      const { subject, key, told, holderCount } = deposit;
      const before = deposit.renewAt <= now ? [] : told;
      const chosen = closest(key, holders, holderCount);
      for (const holder of chosen) {
        if (before.some((one) => equalBytes(one, holder))) continue;
        tellings.push({ subject, key, holder });
      }
      deposit.told = chosen;
      deposit.dueAt = Infinity;
      if (deposit.renewAt <= now || deposit.renewAt === Infinity) deposit.renewAt = now + RENEW_MS;
      if (chosen.length === 0) deposit.renewAt = Infinity;
    }
    return tellings;
  }
}
