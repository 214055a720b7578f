import { isNewer } from '../identity/record.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { HOUR_MS, type Instant } from '../kernel/time.js';
import { type Store, Subject } from '../packet/message.js';
import { type ReaderOptions, readRecord } from './reading.js';
import { Shelf } from './shelf.js';
import type { Verifier } from './verifier.js';

/** What a supernode keeps for others (SPEC §9.6), made when it begins to. */

/** Owners renew what they have kept at half of it. */
const LIFETIME_MS = HOUR_MS;
/** Of all who claim a name, and of all who publish a topic, so many. */
const CLAIM_COUNT_MAX = 4;
const PUBLISHER_COUNT_MAX = 16;
const SHORT_BYTES = 8;

export interface KeptRecord {
  readonly owner: Uint8Array;
  readonly where: Uint8Array;
  readonly record: Uint8Array;
}

export class Holding {
  readonly #reader: ReaderOptions;
  readonly #verifier: Verifier;
  readonly #shelf: Shelf;

  constructor(reader: ReaderOptions, verifier: Verifier, rowCount: number) {
    this.#reader = reader;
    this.#verifier = verifier;
    this.#shelf = new Shelf(rowCount);
  }

  countAt(now: Instant): number {
    return this.#shelf.countAt(now);
  }

  list(now: Instant, subject: number, key: Uint8Array): readonly KeptRecord[] {
    const countMax = subject <= Subject.name ? CLAIM_COUNT_MAX : PUBLISHER_COUNT_MAX;
    return this.#shelf.list(now, subject, key, countMax).map((row) => this.#at(row));
  }

  /** Why it is not kept; its key when it is, and was not before: undefined when it was. */
  keep(now: Instant, from: number, { subject, where, record }: Store): DropReason | News | undefined {
    const reading = readRecord(this.#reader, subject, record);
    if (reading === undefined || where.length % SHORT_BYTES !== 0) return 'malformed';
    const { key, owner, boot, sequence } = reading;
    const row = this.#shelf.find(now, subject, key, owner);
    const isSame = row >= 0 && equalBytes(this.#shelf.record(row), record);
    if (!isSame) {
      const [before, after] = [this.#countsAt(row), { boot, sequence }];
      if (before !== undefined && !isNewer(after, before)) return 'replay';
      const refusal = this.#verifier.refusal(now, reading);
      if (refusal !== undefined) return refusal;
    }
    const owned = { where: copyBytes(where), record: copyBytes(record) };
    this.#shelf.put(now, { subject, key, owner, boot, sequence, ...owned }, from, now + LIFETIME_MS);
    return row >= 0 ? undefined : { kind: 'news', key, owner, ...owned };
  }

  #countsAt(row: number): { readonly boot: number; readonly sequence: number } | undefined {
    return row < 0 ? undefined : { boot: this.#shelf.boot(row), sequence: this.#shelf.sequence(row) };
  }

  #at(row: number): KeptRecord {
    return { owner: this.#shelf.owner(row), where: this.#shelf.where(row), record: this.#shelf.record(row) };
  }
}

/** A record that was not kept before. */
export interface News extends KeptRecord {
  readonly kind: 'news';
  readonly key: Uint8Array;
}
