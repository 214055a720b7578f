import type { CryptoSuite } from '../crypto/suite.js';
import { signEntry } from '../identity/entry.js';
import { shortBytes } from '../identity/id.js';
import type { Identity } from '../identity/identity.js';
import { decodeRecord } from '../identity/record.js';
import { copyBytes, EMPTY, readU32 } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { type Store, Subject } from '../packet/message.js';
import { keyOf } from './keys.js';
import { closest } from './rank.js';
import { COPIES_MIN, isAstray, LATE_MS, RENEW_MS, SPREAD_MS, type Telling } from './registrar.js';
import type { IndexRules } from './rules.js';

export interface AnnouncerOptions {
  readonly self: Identity;
  readonly suite: CryptoSuite;
  readonly network: { readonly key: Uint8Array };
  readonly random: Random;
  readonly rules: IndexRules;
}

/** What a node says of itself: its signed record, the name in it, and the topics that it publishes. */
export interface Saying {
  readonly name: string;
  readonly record: Uint8Array;
  readonly published: readonly string[];
}

const SOON_MS = 3 * SECOND_MS;
/** So many in a turn: each waits for its receipt in memory. */
const TURN_COUNT = 2;
const TURN_MS = SECOND_MS / 2;
const MIX_FACTOR = 0x9e37_79b1;

/**
 * Has the own record kept by others (SPEC §9.6), for a node that needs nothing else of the index: few numbers
 * instead of a machine. Of whom it told it remembers one number each.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #dueAt: Instant = Infinity;
  #renewAt: Instant = Infinity;
  /** When those are told that can wait. */
  #lateAt: Instant = Infinity;
  /** More are to be told in the next turn. */
  #isUnderWay = false;
  /** A number for each telling that is done and still right: 16 B each, six without topics. */
  #told: readonly number[] = [];
  /** What they were told of where this node is found. */
  #where: Uint8Array = EMPTY;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  get wakeAt(): Instant {
    return Math.min(this.#dueAt, this.#renewAt);
  }

  /** Others may be closest now, or it is found elsewhere: told within a while, as everybody sees the same. */
  review(now: Instant): void {
    const isFirst = this.#told.length === 0;
    const at = now + randomBelow(this.#options.random, isFirst ? SOON_MS : SPREAD_MS);
    this.#dueAt = Math.min(this.#dueAt, at);
  }

  /** It says something else now. */
  retell(now: Instant): void {
    this.#told = [];
    this.review(now);
  }

  /** What is to be sent now, each to its holder. */
  take(now: Instant, saying: Saying, where: Uint8Array, holders: readonly ShortKey[]): readonly Store[] {
    if (now < this.wakeAt) return [];
    if (now >= this.#renewAt || isAstray(this.#where, where)) {
      this.#told = [];
      this.#renewAt = Infinity;
    }
    if (this.#told.length === 0) this.#where = where;
    const tellings = this.#tellings(saying, holders.map(shortBytes));
    const missing = tellings.filter((telling) => !this.#isTold(telling));
    if (!this.#isUnderWay && this.#mayWait(tellings, missing)) {
      this.#lateAt = Math.min(this.#lateAt, now + LATE_MS);
      this.#dueAt = this.#lateAt;
      if (now < this.#lateAt) return [];
    }
    this.#lateAt = Infinity;
    const turn = missing.slice(0, TURN_COUNT);
    this.#told = tellings.filter((each) => !missing.includes(each) || turn.includes(each)).map(markOf);
    this.#isUnderWay = missing.length > turn.length;
    this.#dueAt = this.#isUnderWay ? now + TURN_MS : Infinity;
    if (tellings.length > 0 && this.#renewAt === Infinity) this.#renewAt = now + RENEW_MS;
    return turn.map((telling) => this.#store(telling, saying, where));
  }

  #isTold(telling: Telling): boolean {
    return this.#told.includes(markOf(telling));
  }

  /** Of all that is missing enough others have a copy. */
  #mayWait(tellings: readonly Telling[], missing: readonly Telling[]): boolean {
    const hasCopies = ({ subject, key }: Telling) => {
      const told = tellings.filter((one) => one.subject === subject && one.key === key && this.#isTold(one));
      return told.length >= COPIES_MIN;
    };
    return missing.length > 0 && missing.every(hasCopies);
  }

  #tellings({ name, published }: Saying, holders: readonly Uint8Array[]): readonly Telling[] {
    const { suite, network, self, rules } = this.#options;
    const tellings: Telling[] = [];
    const add = (subject: number, key: Uint8Array, count: number) => {
      for (const holder of closest(key, holders, count)) tellings.push({ subject, key, holder });
    };
    add(Subject.id, shortBytes(self.short), rules.holderCount);
    if (name !== '') add(Subject.name, keyOf(suite, network.key, 'name', name), rules.holderCount);
    for (const topic of published) {
      add(Subject.publisher, keyOf(suite, network.key, 'topic', topic), rules.topicHolderCount);
    }
    return tellings;
  }

  #store({ subject, key, holder }: Telling, { record }: Saying, where: Uint8Array): Store {
    const { suite, self } = this.#options;
    const boot = decodeRecord(record)?.record.boot ?? 0;
    const isEntry = subject === Subject.publisher;
    const said = isEntry ? signEntry(suite, self, { boot, subject, key }) : copyBytes(record);
    return { kind: 'store', subject, holder, where, record: said };
  }
}

/** Whom what was told: two that have the same mark are one in four billion. */
function markOf({ subject, key, holder }: Telling): number {
  const mixed = Math.imul(readU32(key, 0) ^ subject, MIX_FACTOR);
  return Math.imul(mixed ^ readU32(holder, 0), MIX_FACTOR) >>> 0;
}
