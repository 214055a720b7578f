import type { NodeKey } from '../kernel/link.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { Verdict } from './doors.js';

/** Letters in a box, receipts that their senders were not told yet included. */
const LETTER_COUNT_MAX = 16;
/** Pushed and not taken yet. */
const PUSHED_MAX = 4;
/** Whoever comes later than that, or than a quarter of its sleep, finds nothing any more. */
const GRACE_MS = 10 * MINUTE_MS;
const GRACE_PARTS = 4;
/** However long it means to sleep. */
const LIFE_S_MAX = 7 * 24 * 3600;

export interface Kept {
  readonly from: NodeKey;
  readonly id: number;
  /** The letter; once it is taken, the receipt. */
  bytes: Uint8Array;
  state: 'waiting' | 'pushed' | 'taken';
}

/** What one keeper has for one node that sleeps (SPEC §8.12): sealed, so it knows from whom and how much. */
export class Box {
  readonly owner: NodeKey;
  /** Who keeps the mail of its owner, this node included. */
  keepers: Uint8Array;
  until: Instant = 0;
  /** Its owner wants its mail kept here; else it only says where. */
  isOpen = false;
  isPresent = false;
  readonly #bytesMax: number;
  #kept: Kept[] = [];

  constructor(owner: NodeKey, keepers: Uint8Array, bytesMax: number) {
    this.owner = owner;
    this.keepers = keepers;
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.letters().length === 0;
  }

  /** Its owner is there: what was pushed before is pushed again. */
  greet(now: Instant): void {
    this.isPresent = true;
    this.until = Math.max(this.until, now + GRACE_MS);
    this.#recall();
  }

  /** It goes, for so long. */
  leave(now: Instant, forS: number): void {
    const forMs = Math.min(forS, LIFE_S_MAX) * SECOND_MS;
    this.until = now + forMs + Math.max(GRACE_MS, Math.floor(forMs / GRACE_PARTS));
    this.miss();
  }

  /** It is out of reach. */
  miss(): void {
    this.isPresent = false;
    this.#recall();
  }

  find(from: NodeKey, id: number): Kept | undefined {
    return this.#kept.find((each) => each.from === from && each.id === id);
  }

  letters(): readonly Kept[] {
    return this.#kept.filter(({ state }) => state !== 'taken');
  }

  /**
   * A sender may have as much as it leaves free: alone, half of the box, and however many flood it, somebody
   * new finds room. So nobody can shut others out.
   */
  put(from: NodeKey, id: number, letter: Uint8Array): number {
    const letters = this.letters();
    const own = letters.filter((each) => each.from === from);
    const countLeft = LETTER_COUNT_MAX - letters.length;
    const bytesLeft = this.#bytesMax - sizeOf(letters);
    if (countLeft === 0 || letter.length > bytesLeft) return Verdict.full;
    if (own.length >= countLeft || sizeOf(own) + letter.length > bytesLeft) return Verdict.share;
    if (this.#kept.length >= LETTER_COUNT_MAX) this.#forgetReceipt();
    this.#kept.push({ from, id, bytes: letter, state: 'waiting' });
    return Verdict.kept;
  }

  /** The next to push, and how many come behind it; undefined while enough are under way. */
  push(): { readonly kept: Kept; readonly left: number } | undefined {
    let pushed = 0;
    for (const { state } of this.#kept) if (state === 'pushed') pushed++;
    const waiting = this.#kept.filter(({ state }) => state === 'waiting');
    const [kept] = waiting;
    if (!this.isPresent || pushed >= PUSHED_MAX || kept === undefined) return undefined;
    kept.state = 'pushed';
    return { kept, left: waiting.length - 1 };
  }

  /** Its owner has it; only what it said of it is kept. */
  take(kept: Kept, receipt: Uint8Array): void {
    kept.state = 'taken';
    kept.bytes = receipt;
  }

  /** Receipts for that sender, which are forgotten with this. */
  receiptsFor(from: NodeKey): readonly Kept[] {
    const receipts = this.#kept.filter((each) => each.state === 'taken' && each.from === from);
    if (receipts.length > 0) this.#kept = this.#kept.filter((each) => !receipts.includes(each));
    return receipts;
  }

  #recall(): void {
    for (const kept of this.#kept) if (kept.state === 'pushed') kept.state = 'waiting';
  }

  #forgetReceipt(): void {
    const oldest = this.#kept.findIndex(({ state }) => state === 'taken');
    if (oldest >= 0) this.#kept.splice(oldest, 1);
  }
}

function sizeOf(letters: readonly Kept[]): number {
  return letters.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
