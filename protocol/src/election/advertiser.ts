import { equalBytes } from '../kernel/bytes.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Advert } from '../packet/message.js';
import type { ElectionOutput } from './doors.js';
import {
  ACCEPTING,
  ENTRY_BYTES,
  ENTRY_COUNT_MAX,
  LISTED_MASK,
  NEEDY,
  Standing,
  standingOf,
} from './flags.js';
import { advertDigest, type NeighborViews, View } from './views.js';

/**
 * When neighbours are told what this node says of itself (SPEC §8.6): on change only. What others wait for
 * goes at once, the rest after a pause that grows while it keeps changing (Trickle), and what was told is
 * part of the heartbeat's digest, so that rest costs nothing.
 */

const FIRST_MS = SECOND_MS;
/** Even what is urgent goes in bundles. */
const BUNDLE_MS = 50;
/** Each goes twice. */
const REPEAT_MS = 1500;
const PAUSE_MS_MIN = SECOND_MS;
const PAUSE_MS_MAX = 16 * SECOND_MS;
const URGENT = 3 | NEEDY;
const STANDING_MASK = 3;

export class Advertiser {
  readonly #views: NeighborViews;
  readonly #outbox: Outbox<ElectionOutput>;
  #current: Advert | undefined;
  #digest = 0;
  #tellAt: Instant = Infinity;
  #toldAt: Instant = -Infinity;
  #pauseMs = PAUSE_MS_MIN;
  /** When those whose last advert is due again get it. */
  #repeatAt: Instant = Infinity;

  constructor(views: NeighborViews, outbox: Outbox<ElectionOutput>) {
    this.#views = views;
    this.#outbox = outbox;
  }

  nextTimeout(): Instant {
    return Math.min(this.#tellAt, this.#repeatAt);
  }

  /** Somebody is new, or may have missed what was said. */
  welcome(now: Instant, delayMs: number = FIRST_MS): void {
    this.#tellAt = Math.min(this.#tellAt, now + delayMs);
  }

  /** Era alone is no news: everybody counts it. */
  consider(now: Instant, advert: Advert): void {
    const before = this.#current;
    const isNews = before === undefined || !isSame(before, advert);
    if (isNews) {
      this.#current = advert;
      this.#digest = advertDigest(advert);
      if (before !== undefined) this.#announce(now, isUrgent(before, advert));
    }
    if (now >= this.#repeatAt) this.#repeat();
    if (now >= this.#tellAt) this.#tell(now);
  }

  /** Tells everything again each second: what the rest of this file saves. */
  repeat(now: Instant): void {
    this.#views.cells.setAll(View.told, 0);
    this.#tellAt = Math.min(this.#tellAt, Math.max(now, this.#toldAt + SECOND_MS));
  }

  #announce(now: Instant, isUrgentNews: boolean): void {
    if (isUrgentNews) {
      this.#pauseMs = PAUSE_MS_MIN;
      this.#tellAt = Math.min(this.#tellAt, Math.max(now, this.#toldAt + BUNDLE_MS));
      return;
    }
    const isQuiet = now >= this.#toldAt + 2 * this.#pauseMs;
    this.#pauseMs = isQuiet ? PAUSE_MS_MIN : Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
    this.#tellAt = Math.min(this.#tellAt, now + this.#pauseMs);
  }

  #tell(now: Instant): void {
    const message = this.#current;
    this.#tellAt = Infinity;
    if (message === undefined) return;
    this.#toldAt = now;
    this.#repeatAt = now + REPEAT_MS;
    for (let row = 0; row < this.#views.rowEnd; row++) {
      if (!this.#views.isLive(row) || this.#views.cells.get(row, View.told) === this.#digest) continue;
      this.#views.cells.set(row, View.told, this.#digest);
      this.#views.cells.set(row, View.isRepeating, 1);
      this.#outbox.push({ kind: 'advert', neighbor: this.#views.session(row), message });
    }
  }

  /** A datagram gets lost; two seldom do, and the digest finds out. */
  #repeat(): void {
    const message = this.#current;
    this.#repeatAt = Infinity;
    for (let row = 0; row < this.#views.rowEnd; row++) {
      if (this.#views.cells.get(row, View.isRepeating) === 0) continue;
      this.#views.cells.set(row, View.isRepeating, 0);
      // What has changed since goes by itself.
      if (message === undefined || this.#views.cells.get(row, View.told) !== this.#digest) continue;
      this.#outbox.push({ kind: 'advert', neighbor: this.#views.session(row), message });
    }
  }
}

/** The neighbours that serve, four at most; those that take reservations first. */
export function listSupers(views: NeighborViews): Uint8Array {
  const list = new Uint8Array(ENTRY_BYTES * ENTRY_COUNT_MAX);
  let length = 0;
  for (const isWelcome of [true, false]) {
    for (let row = 0; row < views.rowEnd && length < list.length; row++) {
      const flags = views.cells.get(row, View.flags);
      const isOpen = standingOf(flags) === Standing.serving && (flags & ACCEPTING) !== 0;
      if (views.standing(row) === Standing.leaf || isOpen !== isWelcome) continue;
      list.set(views.short(row), length);
      list[length + ENTRY_BYTES - 1] = flags & LISTED_MASK;
      length += ENTRY_BYTES;
    }
  }
  return list.subarray(0, length);
}

function isSame(a: Advert, b: Advert): boolean {
  const isAlike = a.flags === b.flags && a.score === b.score && a.debt === b.debt;
  return isAlike && equalBytes(a.supers, b.supers);
}

/** Somebody waits for it: a role, a need, or a supernode that came or goes. */
function isUrgent(before: Advert, after: Advert): boolean {
  if ((before.flags & URGENT) !== (after.flags & URGENT)) return true;
  if (before.supers.length !== after.supers.length) return true;
  for (let i = 0; i < after.supers.length; i++) {
    const mask = i % ENTRY_BYTES === ENTRY_BYTES - 1 ? STANDING_MASK : 0xff;
    if (((before.supers[i] ?? 0) & mask) !== ((after.supers[i] ?? 0) & mask)) return true;
  }
  return false;
}
