import { shortKeyOf } from '../identity/id.js';
import { copyBytes, readU32 } from '../kernel/bytes.js';
import { Cells } from '../kernel/cells.js';
import type { ShortKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Advert } from '../packet/message.js';
import { ENTRY_BYTES, ENTRY_COUNT_MAX, NEEDY, RESTED, Standing, standingOf, THROUGH } from './flags.js';
import { halvings } from './merit.js';
import { costOf } from './order.js';

/**
 * What the neighbours say of themselves (SPEC §8.6), a row of about 170 B each. Only proven neighbours have
 * one, so nobody else can raise a need or claim a role.
 */

export const NONE = -1;
const ID_BYTES = 16;
const SHORT_BYTES = 8;
/** A neighbour's need is heeded at most so often. */
const NEED_EVERY_MS = 10 * SECOND_MS;
const ROW_BYTES = ID_BYTES + ENTRY_BYTES * ENTRY_COUNT_MAX;

export const View = {
  isLive: 0,
  session: 1,
  // As it said
  era: 2,
  flags: 3,
  score: 4,
  debt: 5,
  /** Bytes of the supernodes that it listed. */
  listLength: 6,
  /** First word of chance, for the era that this node is in. */
  word: 7,
  slotMs: 8,
  /** 1: the last advert goes to it once more. */
  isRepeating: 9,
  /** Digests of the adverts that went to it and that came from it; 0 before the first. */
  told: 10,
  heard: 11,
  /** When a need that came too soon after the last one counts. */
  needAt: 12,
  /** Up to when its service, and up to which era its halvings have been counted to its debt. */
  servedAt: 13,
  halvedEra: 14,
  count: 15,
} as const;

export class NeighborViews {
  readonly cells: Cells;
  /** The id of each, and the supernodes that it listed. */
  readonly #bytes: Uint8Array;
  #liveCount = 0;
  #rowEnd = 0;

  constructor(rows: number) {
    this.cells = new Cells(rows, View.count);
    this.#bytes = new Uint8Array(rows * ROW_BYTES);
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  /** No row from there on was ever used. */
  get rowEnd(): number {
    return this.#rowEnd;
  }

  isLive(row: number): boolean {
    return this.cells.get(row, View.isLive) === 1;
  }

  session(row: number): number {
    return this.cells.integer(row, View.session);
  }

  /** It has sent an advert since it came up. */
  hasSpoken(row: number): boolean {
    return this.isLive(row) && this.cells.get(row, View.heard) !== 0;
  }

  find(session: number): number {
    for (let row = 0; row < this.#rowEnd; row++) {
      if (this.session(row) === session && this.isLive(row)) return row;
    }
    return NONE;
  }

  findShort(short: Uint8Array): number {
    const [high, low] = [readU32(short, 0), readU32(short, 4)];
    for (let row = 0; row < this.#rowEnd; row++) {
      const at = row * ROW_BYTES;
      const isIt = readU32(this.#bytes, at + 4) === low && readU32(this.#bytes, at) === high;
      if (isIt && this.isLive(row)) return row;
    }
    return NONE;
  }

  id(row: number): Uint8Array {
    return this.#bytes.subarray(row * ROW_BYTES, row * ROW_BYTES + ID_BYTES);
  }

  short(row: number): Uint8Array {
    return this.#bytes.subarray(row * ROW_BYTES, row * ROW_BYTES + SHORT_BYTES);
  }

  key(row: number): ShortKey {
    return shortKeyOf(this.short(row));
  }

  standing(row: number): Standing {
    return this.hasSpoken(row) ? standingOf(this.cells.get(row, View.flags)) : Standing.leaf;
  }

  /** The supernodes next to it, as it listed them: `ENTRY_BYTES` each. */
  list(row: number): Uint8Array {
    const at = row * ROW_BYTES + ID_BYTES;
    return this.#bytes.subarray(at, at + this.cells.get(row, View.listLength));
  }

  cost(row: number): number {
    const flags = this.cells.get(row, View.flags);
    return costOf({
      debt: this.cells.get(row, View.debt),
      isRested: (flags & RESTED) !== 0,
      isThrough: (flags & THROUGH) !== 0,
      word: this.cells.get(row, View.word),
    });
  }

  /** What a newcomer owes. */
  medianDebt(): number {
    const debts: number[] = [];
    for (let row = 0; row < this.#rowEnd; row++)
      if (this.hasSpoken(row)) debts.push(this.cells.get(row, View.debt));
    return debts.sort((a, b) => a - b)[debts.length >> 1] ?? 0;
  }

  secondHighestEra(): number {
    let highest = 0;
    let second = 0;
    for (let row = 0; row < this.#rowEnd; row++) {
      const era = this.hasSpoken(row) ? this.cells.get(row, View.era) : 0;
      second = Math.max(second, Math.min(era, highest));
      highest = Math.max(highest, era);
    }
    return second;
  }

  /** NONE when there is no room. */
  up(session: number, id: Uint8Array): number {
    const known = this.find(session);
    const row = known === NONE ? this.cells.find(View.isLive, 0) : known;
    if (row === NONE) return NONE;
    if (known === NONE) this.#liveCount++;
    this.#rowEnd = Math.max(this.#rowEnd, row + 1);
    this.cells.set(row, View.isLive, 1);
    this.cells.set(row, View.session, session);
    this.#bytes.set(copyBytes(id), row * ROW_BYTES);
    this.cells.set(row, View.needAt, 0);
    this.cells.set(row, View.debt, 0);
    this.forget(row);
    return row;
  }

  down(row: number): void {
    this.cells.set(row, View.isLive, 0);
    this.#liveCount--;
    this.forget(row);
  }

  /** What it said no longer holds. */
  forget(row: number): void {
    this.cells.set(row, View.told, 0);
    this.cells.set(row, View.isRepeating, 0);
    this.cells.set(row, View.heard, 0);
    this.cells.set(row, View.flags, 0);
    this.cells.set(row, View.score, 0);
    this.cells.set(row, View.era, 0);
    this.cells.set(row, View.listLength, 0);
  }

  hear(now: Instant, row: number, advert: Advert, clamp: DebtClamp): void {
    const wasNeedy = (this.cells.get(row, View.flags) & NEEDY) !== 0;
    const isNeedy = (advert.flags & NEEDY) !== 0;
    if (isNeedy && !wasNeedy) {
      const before = this.cells.get(row, View.needAt);
      this.cells.set(row, View.needAt, before === 0 ? now : Math.max(now, before + NEED_EVERY_MS));
    }
    this.#owe(now, row, advert, clamp);
    this.cells.set(row, View.flags, advert.flags);
    this.cells.set(row, View.score, advert.score);
    this.cells.set(row, View.era, advert.era);
    this.cells.set(row, View.heard, advertDigest(advert));
    const list = advert.supers.subarray(0, advert.supers.length - (advert.supers.length % ENTRY_BYTES));
    this.cells.set(row, View.listLength, list.length);
    this.#bytes.set(list, row * ROW_BYTES + ID_BYTES);
  }

  /** When its need counts; Infinity when it has none. */
  needyFrom(row: number): Instant {
    const isNeedy = this.isLive(row) && (this.cells.get(row, View.flags) & NEEDY) !== 0;
    return isNeedy ? this.cells.get(row, View.needAt) : Infinity;
  }

  /**
   * A claim of debt is bounded: it falls no faster than it is halved, and rises only as far as the role was
   * seen to be served. What a claim has used up is used up, or many small ones would get anywhere.
   */
  #owe(now: Instant, row: number, advert: Advert, { era, quarterMs }: DebtClamp): void {
    const { cells } = this;
    const before = cells.get(row, View.debt);
    const servedAt = cells.get(row, View.servedAt);
    const halvedEra = cells.get(row, View.halvedEra);
    const itsEra = Math.min(advert.era, era);
    if (cells.get(row, View.heard) === 0) {
      cells.set(row, View.debt, advert.debt);
      cells.set(row, View.servedAt, now);
      cells.set(row, View.halvedEra, itsEra);
      return;
    }
    const hasServed = standingOf(cells.get(row, View.flags)) !== Standing.leaf;
    // Of a quarter that has begun it may have served the rest before.
    const served = hasServed ? Math.max(0, Math.ceil((now - servedAt) / quarterMs)) : 0;
    const least = before >> Math.min(halvings(halvedEra, era), 8);
    // A newcomer says what it owes as soon as it has heard what others do.
    const most = Math.max(before + served, before === 0 ? this.medianDebt() : 0);
    const debt = Math.min(Math.max(advert.debt, least), most, 0xff);
    cells.set(row, View.debt, debt);
    const counted = Math.min(served, Math.max(0, debt - before));
    cells.set(row, View.servedAt, Math.max(now, servedAt + counted * quarterMs));
    cells.set(row, View.halvedEra, debt < before ? era : Math.max(halvedEra, itsEra));
  }
}

export interface DebtClamp {
  /** That this node is in. */
  readonly era: number;
  /** How long a quarter of a term is for the least capable. */
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
