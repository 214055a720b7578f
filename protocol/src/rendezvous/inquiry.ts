import { shortKeyOf } from '../identity/id.js';
import { isNewer } from '../identity/record.js';
import { equalBytes } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import type { Reading } from './reading.js';

/**
 * A look-up of this node (SPEC §9.6): those closest to the key are asked first, then everybody within 2, 4, 8
 * ... hops. A little is waited for further answers, since one of those asked may lie or know less.
 */

const RINGS = [2, 4, 8, 16, 32, 64, 255] as const;
const RING_MS = 300;
const HOP_MS = 100;
const HOPS_WAITED_MAX = 64;
const HOLDERS_MS = 1100;
/** After the first record: what others know. */
const GATHER_MS = 300;
/** What is known nearby comes without being asked for. */
const NEARBY_MS = SECOND_MS / 2;
const REST_MS = 30 * SECOND_MS;
const REST_MS_MAX = 10 * MINUTE_MS;
const ANSWER_COUNT_MAX = 8;
const WHERE_COUNT_MAX = 2;

export interface Answer {
  readonly reading: Reading;
  readonly record: Uint8Array;
  /** How many named each supernode near the node. */
  readonly votes: Map<ShortKey, number>;
}

export type Verdict = 'byHolders' | 'byRings' | 'inVain';

/** What is to be done for a look-up now. */
export type Move =
  | { readonly kind: 'askHolders' }
  | { readonly kind: 'askAll'; readonly hopLimit: number }
  | { readonly kind: 'done'; readonly verdict: Verdict }
  | { readonly kind: 'wait' };

export interface Wish {
  readonly subject: number;
  readonly key: Uint8Array;
  /** Of a name, to know it again. */
  readonly name: string | undefined;
  readonly until: Instant;
}

export class Inquiry {
  readonly wish: Wish;
  readonly #answers: Answer[] = [];
  #stage: 'new' | 'holders' | 'rings' | 'resting' = 'new';
  #openCount = 0;
  #ring = 0;
  #restMs = REST_MS;
  #gatherUntil: Instant | undefined;
  #wakeAt: Instant;

  /** `hasHolders`: somebody can be asked at once. */
  constructor(now: Instant, wish: Wish, hasHolders: boolean) {
    this.wish = wish;
    this.#wakeAt = hasHolders ? now : now + NEARBY_MS;
  }

  get wakeAt(): Instant {
    return Math.min(this.#wakeAt, this.#gatherUntil ?? Infinity);
  }

  isFor(subject: number, key: Uint8Array): boolean {
    return this.wish.subject === subject && equalBytes(this.wish.key, key);
  }

  /** It was verified before. */
  has(record: Uint8Array): boolean {
    return this.#answers.some((answer) => equalBytes(answer.record, record));
  }

  move(now: Instant): Move {
    if (now < this.wakeAt) return { kind: 'wait' };
    if (this.#answers.length > 0) {
      return { kind: 'done', verdict: this.#stage === 'rings' ? 'byRings' : 'byHolders' };
    }
    if (this.#stage === 'new' || this.#stage === 'resting') return this.#begin(now);
    return this.#widen(now);
  }

  /** So many were asked; nobody: everybody is, at once. */
  asked(now: Instant, count: number): void {
    this.#openCount = count;
    if (count === 0) this.#wakeAt = now;
  }

  /** One of those asked has nothing; when all have, nothing is waited for. */
  onNothing(now: Instant): void {
    if (this.#stage !== 'holders' || this.#openCount === 0) return;
    this.#openCount--;
    if (this.#openCount === 0) this.#wakeAt = now;
  }

  /** A record that is what it says it is: of each node the newest counts. */
  onAnswer(now: Instant, answer: Omit<Answer, 'votes'>, where: readonly ShortKey[]): void {
    const at = this.#answers.findIndex(({ reading }) => equalBytes(reading.owner, answer.reading.owner));
    const known = this.#answers[at];
    if (known === undefined && this.#answers.length >= ANSWER_COUNT_MAX) return;
    const votes = known?.votes ?? new Map<ShortKey, number>();
    for (const supernode of where) votes.set(supernode, (votes.get(supernode) ?? 0) + 1);
    if (known === undefined) this.#answers.push({ ...answer, votes });
    else if (isNewer(answer.reading, known.reading)) this.#answers[at] = { ...answer, votes };
    this.#gatherUntil ??= now + GATHER_MS;
    if (this.#stage === 'holders') this.onNothing(now);
  }

  /** The oldest claim first, as names go to it (§9.3). */
  results(): readonly { readonly node: ShortKey; readonly record: Uint8Array; readonly where: ShortKey[] }[] {
    const age = ({ reading }: Answer): number => (reading.claimedAt === 0 ? Infinity : reading.claimedAt);
    const sorted = [...this.#answers].sort((a, b) => (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : 0));
    return sorted.map(({ reading, record, votes }) => {
      const named = [...votes].sort(([, a], [, b]) => b - a).map(([supernode]) => supernode);
      const node = shortKeyOf(reading.owner);
      return { node, record, where: named.filter((each) => each !== node).slice(0, WHERE_COUNT_MAX) };
    });
  }

  #begin(now: Instant): Move {
    if (now >= this.wish.until) return { kind: 'done', verdict: 'inVain' };
    this.#stage = 'holders';
    this.#ring = 0;
    this.#wakeAt = now + HOLDERS_MS;
    return { kind: 'askHolders' };
  }

  /** Ways to a node are searched for otherwise (§8.10), so only what has no id goes to everybody. */
  #widen(now: Instant): Move {
    const hopLimit = RINGS[this.#ring];
    if (now >= this.wish.until || this.wish.name === undefined) return { kind: 'done', verdict: 'inVain' };
    if (hopLimit === undefined) {
      this.#stage = 'resting';
      this.#wakeAt = now + this.#restMs;
      this.#restMs = Math.min(2 * this.#restMs, REST_MS_MAX);
      return { kind: 'wait' };
    }
    this.#stage = 'rings';
    this.#ring++;
    this.#wakeAt = now + RING_MS + HOP_MS * Math.min(hopLimit, HOPS_WAITED_MAX);
    return { kind: 'askAll', hopLimit };
  }
}
