/**
 * Which life of the peer speaks, and what tells it ours (SPEC §7.9). Each end names what it remembers by an
 * incarnation, a random number per association, and says it in ATTACH with every new session. What comes from
 * a life that has not said so yet, or that is over, is not for this one.
 */
import type { Instant } from '../kernel/time.js';
import type { Attach } from '../packet/message.js';

/** ATTACH is repeated after this long, doubling, until that of the peer comes; it does the same. */
const RETRY_MS = 300;
const RETRIES_MAX = 12;
const DOUBLINGS_MAX = 4;
/**
 * Packets that carry it while nothing says that the peer heard it, and for how long: the first one may be
 * lost, or overtaken where a path is still being set up, and what others say is ignored without it.
 */
const COPIES_MAX = 3;
const COPIES_MS = 1000;
/** One that has not heard ours yet is answered at most this often: less than after what it asks again. */
const ANSWER_EVERY_MS = 150;

/**
 * What an ATTACH was: not accepted; of the life that has attached to these keys already; the first one since
 * there are new keys; of the first life that is known; of another life than the one known before.
 */
export type Attached = 'refused' | 'again' | 'first' | 'fresh' | 'other';

export class Attachment {
  readonly #mine: number;
  /** The incarnation that numbers and queues are in step with; 0 before the first. */
  #peer = 0;
  #isAttached = false;
  /** What the peer called itself in the session in use and in the one before; 0 before its ATTACH. */
  #inCurrent = 0;
  #inPrevious = 0;
  #isDue = false;
  #copies = 0;
  #copiesUntil: Instant = 0;
  #sentAt: Instant = -Infinity;
  #retries = 0;
  #retryAt: Instant | undefined;

  /** `mine`: random, not 0. */
  constructor(mine: number) {
    this.#mine = mine;
  }

  /** The peer's ATTACH came since there are new keys. */
  get isAttached(): boolean {
    return this.#isAttached;
  }

  /** It is worth a packet of its own. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** The next packet carries it if there is one. */
  isWelcome(now: Instant): boolean {
    return this.#isDue || (this.#copies > 0 && now < this.#copiesUntil);
  }

  /** The peer must learn it again, or something that stands in it. */
  ask(): void {
    this.#isDue = true;
  }

  /** There are new keys. */
  renew(): void {
    this.#inPrevious = this.#inCurrent;
    this.#inCurrent = 0;
    this.#isAttached = false;
    this.#copies = COPIES_MAX;
    this.#copiesUntil = Infinity;
    this.#sentAt = -Infinity;
    this.#begin();
    this.#retryAt = undefined;
  }

  /** There are no keys. */
  drop(): void {
    this.#retryAt = undefined;
  }

  /** `base`, `window`: of the sender and the receiver of units. */
  message(base: number, window: number): Attach {
    const heard = this.#isAttached ? 1 : 0;
    return { kind: 'attach', mine: this.#mine, yours: this.#peer, base: base & 0xffff, window, heard };
  }

  /** A packet goes out that carries it. */
  sent(now: Instant): void {
    const isRepeated = !this.#isDue;
    this.#sentAt = now;
    this.#isDue = false;
    this.#copiesUntil = Math.min(this.#copiesUntil, now + COPIES_MS);
    if (this.#copies > 0) this.#copies--;
    if (this.#isAttached || isRepeated) return;
    this.#retryAt = now + (RETRY_MS << Math.min(this.#retries, DOUBLINGS_MAX));
    this.#retries++;
  }

  /** Takes that of the peer, in the session in use or in the one before. */
  take(now: Instant, attach: Attach, isCurrent: boolean): Attached {
    if (attach.heard === 0 && now >= this.#sentAt + ANSWER_EVERY_MS) this.#isDue = true;
    // It still speaks to one that remembered more than this end does, and learns so by our own ATTACH.
    if (attach.yours !== 0 && attach.yours !== this.#mine) return 'refused';
    // The peer may take the session before for the newer one; but a former life may have had it, too.
    if (isCurrent) this.#inCurrent = attach.mine;
    else if (this.#inCurrent !== 0 && attach.mine !== this.#peer) return 'refused';
    else this.#inPrevious = attach.mine;
    if (isCurrent && attach.heard === 1) this.#copies = 0;
    this.#retryAt = undefined;
    const isFirst = !this.#isAttached;
    this.#isAttached = true;
    if (attach.mine === this.#peer) return isFirst ? 'first' : 'again';
    const isOther = this.#peer !== 0;
    // It must learn that nothing comes to it that was meant for the life before.
    if (isOther) this.#isDue = true;
    this.#peer = attach.mine;
    return isOther ? 'other' : 'fresh';
  }

  /** Whether what comes now is from the life that numbers and queues are in step with. */
  isNative(isCurrent: boolean): boolean {
    const incarnation = isCurrent ? this.#inCurrent : this.#inPrevious;
    return incarnation !== 0 && incarnation === this.#peer;
  }

  /** The peer's ATTACH came in the session before, and that of this one, which it uses now, was lost. */
  askWho(isCurrent: boolean): void {
    if (!isCurrent || !this.#isAttached || this.#inCurrent !== 0) return;
    this.#isAttached = false;
    this.#begin();
  }

  pollTimeout(): Instant | undefined {
    return this.#retryAt;
  }

  /** False when the peer never answered. */
  handleTimeout(now: Instant): boolean {
    if (this.#retryAt === undefined || now < this.#retryAt) return true;
    this.#retryAt = undefined;
    if (this.#retries > RETRIES_MAX) return false;
    this.#isDue = true;
    return true;
  }

  #begin(): void {
    this.#isDue = true;
    this.#retries = 0;
  }
}
