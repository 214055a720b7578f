import type { Instant } from '../kernel/time.js';
import { Inquiry, type Move, type Verdict, type Wish } from './inquiry.js';

/** Look-ups under way; the oldest goes for one more. */
const COUNT_MAX = 8;

export interface Due {
  readonly inquiry: Inquiry;
  readonly move: Exclude<Move, { kind: 'wait' }>;
}

/** The look-ups of this node, and how those before them ended. */
export class Inquiries {
  readonly ended = { byHolders: 0, byRings: 0, inVain: 0, idsFound: 0, idsInVain: 0 };
  #inquiries: Inquiry[] = [];

  get wakeAt(): Instant {
    let at = Infinity;
    for (const { wakeAt } of this.#inquiries) at = Math.min(at, wakeAt);
    return at;
  }

  begin(now: Instant, wish: Wish, hasHolders: boolean): void {
    if (this.find(wish.subject, wish.key) !== undefined) return;
    const oldest = this.#inquiries.length >= COUNT_MAX ? this.#inquiries.shift() : undefined;
    if (oldest !== undefined) this.#count(oldest, 'inVain');
    this.#inquiries.push(new Inquiry(now, wish, hasHolders));
  }

  find(subject: number, key: Uint8Array): Inquiry | undefined {
    return this.#inquiries.find((one) => one.isFor(subject, key));
  }

  /** It is known by other means. */
  drop(name: string): void {
    this.#inquiries = this.#inquiries.filter(({ wish }) => wish.name !== name);
  }

  /** One that goes on now; it is gone when it is done. */
  takeDue(now: Instant): Due | undefined {
    for (const inquiry of this.#inquiries) {
      if (inquiry.wakeAt > now) continue;
      const move = inquiry.move(now);
      if (move.kind === 'wait') continue;
      if (move.kind === 'done') {
        this.#count(inquiry, move.verdict);
        this.#inquiries = this.#inquiries.filter((one) => one !== inquiry);
      }
      return { inquiry, move };
    }
    return undefined;
  }

  #count({ wish }: Inquiry, verdict: Verdict): void {
    if (wish.name !== undefined) this.ended[verdict]++;
    else if (verdict === 'inVain') this.ended.idsInVain++;
    else this.ended.idsFound++;
  }
}
