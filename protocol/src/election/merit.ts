import type { Capability } from '../api.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { UsageError } from '../kernel/fault.js';
import { HOUR_MS, type Instant, MINUTE_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { EraClock } from './era-clock.js';
import { electionWords } from './order.js';
import type { ElectionRules } from './rules.js';
import { partsOf, type ScoreParts, scoreOf, WILLINGNESS_MAX } from './score.js';
import { ServiceRecord } from './service-record.js';

/**
 * What this node brings and what it owes (SPEC §8.6): its score, its debt of service, the era it is in.
 */

const TERM_MAINS_MS = HOUR_MS;
const TERM_BATTERY_MS = 10 * MINUTE_MS;
const QUARTERS = 4;
/** A term of a node with this score is a whole one; the more capable owe it less. */
const SCORE_OF_TERM = 8;
const HALVED_EVERY_ERAS = 16;
/** What a profile has for others when its host does not say. */
const MEMORY_KIB_PER_RESERVATION = 4;
const BANDWIDTH_KBIT = 1000;

export interface MeritOptions {
  readonly now: Instant;
  readonly suite: CryptoSuite;
  readonly id: Uint8Array;
  readonly limits: Limits;
  readonly rules: ElectionRules;
  readonly willingness: number;
  readonly stored: Uint8Array | undefined;
}

export class Merit {
  readonly #suite: CryptoSuite;
  readonly #id: Uint8Array;
  readonly #rules: ElectionRules;
  readonly #mayServe: boolean;
  readonly #bootedAt: Instant;
  readonly #record: ServiceRecord;
  readonly #clock: EraClock;
  #capability: Capability;
  #willingness: number;
  #era: number;
  #words: Uint8Array;
  #hourAt: Instant;
  #servedUntil: Instant | undefined;
  #restedUntil: Instant = -Infinity;

  constructor({ now, suite, id, limits, rules, willingness, stored }: MeritOptions) {
    this.#suite = suite;
    this.#id = id;
    this.#rules = rules;
    this.#mayServe = limits.reservationCountMax > 0;
    this.#bootedAt = now;
    this.#record = new ServiceRecord(stored);
    this.#clock = new EraClock(now, this.#record.era);
    const memoryKiB = limits.reservationCountMax * MEMORY_KIB_PER_RESERVATION;
    this.#capability = { memoryKiB, bandwidthKbit: BANDWIDTH_KBIT, reachability: 'lan' };
    this.#willingness = WILLINGNESS_MAX;
    this.setWillingness(willingness);
    this.#era = this.#clock.era(now);
    this.#words = electionWords(suite, this.#era, id);
    this.#hourAt = now + HOUR_MS;
  }

  get parts(): ScoreParts {
    return partsOf(this.#capability, this.#record.availabilityPerCent);
  }

  get era(): number {
    return this.#era;
  }

  /** Whole quarter terms. */
  get debt(): number {
    return this.#rules.countsDebt ? this.#record.debt : 0;
  }

  /** Eight words of chance, for this node in this era. */
  get words(): Uint8Array {
    return this.#words;
  }

  get termMs(): number {
    const isMains = this.#capability.batteryPercent === undefined;
    return this.#rules.termMs ?? (isMains ? TERM_MAINS_MS : TERM_BATTERY_MS);
  }

  score(now: Instant): number {
    if (!this.#mayServe || now < this.#bootedAt + this.#rules.uptimeGateMs) return 0;
    return scoreOf(this.parts, this.#willingness);
  }

  /** It served within the last term. */
  isRested(now: Instant): boolean {
    return this.#rules.countsDebt && now < this.#restedUntil;
  }

  setCapability(capability: Partial<Capability>): void {
    this.#capability = { ...this.#capability, ...capability };
  }

  setWillingness(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > WILLINGNESS_MAX) {
      throw new UsageError('badWillingness', `willingness is an integer from 0 to ${WILLINGNESS_MAX}`);
    }
    this.#willingness = value;
  }

  setClock(now: Instant, unixMs: number): void {
    const isFirst = !this.#clock.hasClock;
    this.#clock.setClock(now, unixMs);
    const storedEra = this.#record.era;
    const era = this.#clock.era(now);
    if (!isFirst) return;
    const isSameCount = this.#record.setClock(this.#clock.unixS(now), (now - this.#bootedAt) / 1000);
    if (isSameCount) this.#record.halve(halvings(storedEra, era));
    this.#setEra(era); // what was counted without a clock says nothing about how long ago that was
  }

  agreeOnEra(now: Instant, era: number): void {
    this.#clock.agree(now, era);
  }

  beginWith(debt: number): void {
    this.#record.beginWith(debt);
  }

  /** Lets time pass. True when something is to be stored. */
  update(now: Instant, isServing: boolean): boolean {
    this.#serve(now, isServing);
    const era = this.#clock.era(now);
    if (era !== this.#era) {
      this.#record.halve(halvings(this.#era, era));
      this.#setEra(era);
    }
    if (now < this.#hourAt) return false;
    this.#hourAt = now + HOUR_MS;
    this.#record.awake();
    return true;
  }

  encode(now: Instant): Uint8Array {
    return this.#record.encode(this.#clock.unixS(now), this.#era);
  }

  nextTimeout(now: Instant): Instant {
    const gateAt = this.#bootedAt + this.#rules.uptimeGateMs;
    let at = Math.min(this.#hourAt, this.#clock.nextAt(now));
    if (this.#servedUntil !== undefined) at = Math.min(at, now + this.#quarterMs(now) / 2);
    if (this.#restedUntil > now) at = Math.min(at, this.#restedUntil);
    return gateAt > now ? Math.min(at, gateAt) : at;
  }

  /** A quarter of debt is worth so much service: more for the capable. */
  #quarterMs(now: Instant): number {
    return Math.max(1, (this.termMs * Math.max(1, this.score(now))) / (QUARTERS * SCORE_OF_TERM));
  }

  #serve(now: Instant, isServing: boolean): void {
    if (this.#servedUntil !== undefined) {
      this.#record.serve((now - this.#servedUntil) / this.#quarterMs(now));
      if (!isServing) this.#restedUntil = now + this.termMs;
    }
    this.#servedUntil = isServing ? now : undefined;
  }

  #setEra(era: number): void {
    if (era === this.#era) return;
    this.#era = era;
    this.#words = electionWords(this.#suite, era, this.#id);
  }
}

/** How often debt was halved from one era to a later one. */
export function halvings(from: number, to: number): number {
  return Math.max(0, Math.floor(to / HALVED_EVERY_ERAS) - Math.floor(from / HALVED_EVERY_ERAS));
}

/** The fastest that debt can rise, for the judgement of others: in battery terms of the least capable. */
export function quarterMsMin({ termMs }: ElectionRules): number {
  return (termMs ?? TERM_BATTERY_MS) / (QUARTERS * SCORE_OF_TERM);
}
