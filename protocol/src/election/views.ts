import { shortKeyOf } from '../identity/id.js';
import { copyBytes, equalBytes, readU32 } from '../kernel/bytes.js';
import { Columns } from '../kernel/columns.js';
import type { ShortKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Advert } from '../packet/message.js';
import { ENTRY_BYTES, ENTRY_COUNT_MAX, NEEDY, RESTED, Standing, standingOf, THROUGH } from './flags.js';
import { costOf } from './order.js';

/**
 * What the neighbours say of themselves (SPEC §8.6), a row of about 120 B each. Only proven neighbours have
 * one, so nobody else can raise a need or claim a role.
 */

export const NONE = -1;
const ID_BYTES = 16;
const SHORT_BYTES = 8;
/** A neighbour's need is heeded at most so often. */
const NEED_EVERY_MS = 10 * SECOND_MS;
const LIST_BYTES = ENTRY_BYTES * ENTRY_COUNT_MAX;

export class NeighborViews {
  readonly rowCount: number;
  readonly session: Uint32Array;
  readonly era: Uint32Array;
  readonly flags: Uint8Array;
  readonly score: Uint8Array;
  readonly debt: Uint8Array;
  /** First word of chance, for the era that this node is in. */
  readonly word: Uint32Array;
  readonly slotMs: Uint16Array;
  /** 1: the last advert goes to it once more. */
  readonly isRepeating: Uint8Array;
  /** Digests of the adverts that went to it and that came from it; 0 before the first. */
  readonly told: Uint16Array;
  readonly heard: Uint16Array;
  /** When a need that came too soon after the last one counts; when the advert came. */
  readonly #needAt: Float64Array;
  readonly #heardAt: Float64Array;
  readonly #isLive: Uint8Array;
  readonly #ids: Uint8Array;
  readonly #lists: Uint8Array;
  readonly #listLengths: Uint8Array;
  #liveCount = 0;

  constructor(rows: number) {
    this.rowCount = rows;
    const columns = new Columns(rows, 16 + 12 + 6 + 6 + ID_BYTES + LIST_BYTES);
    this.#needAt = columns.float64();
    this.#heardAt = columns.float64();
    this.session = columns.uint32();
    this.era = columns.uint32();
    this.word = columns.uint32();
    this.slotMs = columns.uint16();
    this.told = columns.uint16();
    this.heard = columns.uint16();
    this.flags = columns.uint8();
    this.score = columns.uint8();
    this.debt = columns.uint8();
    this.#isLive = columns.uint8();
    this.isRepeating = columns.uint8();
    this.#listLengths = columns.uint8();
    this.#ids = columns.bytes(ID_BYTES);
    this.#lists = columns.bytes(LIST_BYTES);
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  isLive(row: number): boolean {
    return this.#isLive[row] === 1;
  }

  /** It has sent an advert since it came up. */
  hasSpoken(row: number): boolean {
    return this.#isLive[row] === 1 && this.heard[row] !== 0;
  }

  find(session: number): number {
    for (let row = 0; row < this.rowCount; row++) {
      if (this.session[row] === session && this.#isLive[row] === 1) return row;
    }
    return NONE;
  }

  findShort(short: Uint8Array): number {
    for (let row = 0; row < this.rowCount; row++) {
      if (this.#isLive[row] === 1 && equalBytes(this.short(row), short)) return row;
    }
    return NONE;
  }

  id(row: number): Uint8Array {
    return this.#ids.subarray(row * ID_BYTES, (row + 1) * ID_BYTES);
  }

  short(row: number): Uint8Array {
    return this.#ids.subarray(row * ID_BYTES, row * ID_BYTES + SHORT_BYTES);
  }

  key(row: number): ShortKey {
    return shortKeyOf(this.short(row));
  }

  standing(row: number): Standing {
    return this.hasSpoken(row) ? standingOf(this.flags[row] ?? 0) : Standing.leaf;
  }

  /** The supernodes next to it, as it listed them: `ENTRY_BYTES` each. */
  list(row: number): Uint8Array {
    return this.#lists.subarray(row * LIST_BYTES, row * LIST_BYTES + (this.#listLengths[row] ?? 0));
  }

  cost(row: number): number {
    const flags = this.flags[row] ?? 0;
    return costOf({
      debt: this.debt[row] ?? 0,
      isRested: (flags & RESTED) !== 0,
      isThrough: (flags & THROUGH) !== 0,
      word: this.word[row] ?? 0,
    });
  }

  /** What a newcomer owes. */
  medianDebt(): number {
    const debts: number[] = [];
    for (let row = 0; row < this.rowCount; row++) if (this.hasSpoken(row)) debts.push(this.debt[row] ?? 0);
    return debts.sort((a, b) => a - b)[debts.length >> 1] ?? 0;
  }

  secondHighestEra(): number {
    let highest = 0;
    let second = 0;
    for (let row = 0; row < this.rowCount; row++) {
      const era = this.hasSpoken(row) ? (this.era[row] ?? 0) : 0;
      second = Math.max(second, Math.min(era, highest));
      highest = Math.max(highest, era);
    }
    return second;
  }

  /** NONE when there is no room. */
  up(session: number, id: Uint8Array): number {
    const known = this.find(session);
    const row = known === NONE ? this.#isLive.indexOf(0) : known;
    if (row === NONE) return NONE;
    if (known === NONE) this.#liveCount++;
    this.#isLive[row] = 1;
    this.session[row] = session;
    this.#ids.set(copyBytes(id), row * ID_BYTES);
    this.#needAt[row] = 0;
    this.debt[row] = 0;
    this.forget(row);
    return row;
  }

  down(row: number): void {
    this.#isLive[row] = 0;
    this.#liveCount--;
    this.forget(row);
  }

  /** What it said no longer holds. */
  forget(row: number): void {
    this.told[row] = 0;
    this.isRepeating[row] = 0;
    this.heard[row] = 0;
    this.flags[row] = 0;
    this.score[row] = 0;
    this.era[row] = 0;
    this.#heardAt[row] = 0;
    this.#listLengths[row] = 0;
  }

  /** `halvings`: of debt since its last advert; `debtRiseMax`: what it can have served since. */
  hear(now: Instant, row: number, advert: Advert, clamp: DebtClamp): void {
    const wasNeedy = ((this.flags[row] ?? 0) & NEEDY) !== 0;
    const isNeedy = (advert.flags & NEEDY) !== 0;
    const isFirst = this.heard[row] === 0;
    if (isNeedy && !wasNeedy) {
      const before = this.#needAt[row] ?? 0;
      this.#needAt[row] = before === 0 ? now : Math.max(now, before + NEED_EVERY_MS);
    }
    this.debt[row] = isFirst ? advert.debt : this.#clamped(now, row, advert, clamp);
    this.flags[row] = advert.flags;
    this.score[row] = advert.score;
    this.era[row] = advert.era;
    this.heard[row] = advertDigest(advert);
    this.#heardAt[row] = now;
    const list = advert.supers.subarray(0, advert.supers.length - (advert.supers.length % ENTRY_BYTES));
    this.#listLengths[row] = list.length;
    this.#lists.set(list, row * LIST_BYTES);
  }

  /** When its need counts; Infinity when it has none. */
  needyFrom(row: number): Instant {
    const isNeedy = this.#isLive[row] === 1 && ((this.flags[row] ?? 0) & NEEDY) !== 0;
    return isNeedy ? (this.#needAt[row] ?? 0) : Infinity;
  }

  /**
   * A claim of debt is bounded: it falls no faster than it is halved, and rises only as far as the role was
   * seen to be served.
   */
  #clamped(now: Instant, row: number, advert: Advert, { halvings, quarterMs }: DebtClamp): number {
    const before = this.debt[row] ?? 0;
    const isServing = standingOf(this.flags[row] ?? 0) !== 0 || standingOf(advert.flags) !== 0;
    const served = isServing ? Math.ceil((now - (this.#heardAt[row] ?? 0)) / quarterMs) : 0;
    return Math.min(Math.max(advert.debt, before >> Math.min(halvings, 8)), before + served, 0xff);
  }
}

export interface DebtClamp {
  /** Of debt, since its last advert. */
  readonly halvings: number;
  /** How long a quarter of a term is for the most capable. */
  readonly quarterMs: number;
}

/**
 * One number for a whole advert, of the fields as they are on the wire, never 0: mixed as routes are (§8.2).
 */
export function advertDigest({ era, flags, score, debt, supers }: Advert): number {
  let mixed = mix(mix(0, era), (flags << 16) | (score << 8) | debt);
  for (let at = 0; at + ENTRY_BYTES <= supers.length; at += ENTRY_BYTES) {
    mixed = mix(mix(mix(mixed, readU32(supers, at)), readU32(supers, at + 4)), supers[at + 8] ?? 0);
  }
  const digest = (mixed ^ (mixed >>> 16)) & 0xffff;
  return digest === 0 ? 1 : digest;
}

function mix(mixed: number, word: number): number {
  const product = Math.imul(mixed ^ word, 0x9e37_79b1);
  return (product ^ (product >>> 15)) >>> 0;
}
