import { shortBytes } from '../identity/id.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { PortOutput, Sink } from './port.js';

/**
 * Records that are missing (SPEC §9.3): a route leads there, so the neighbour it begins with is asked, who
 * knows the record or is looking for it as well. Few questions are under way at a neighbour at once, so a
 * slow link sets the pace itself; each is repeated after 2, 4 ... 64 s while the route lasts, behind those
 * that were asked less often. While there is no room for records, only those are asked for that somebody
 * waits for: the application here, or neighbours on whose way to that node this one is.
 */
const UNDER_WAY_MAX = 4;
const RETRY_MS = 2 * SECOND_MS;
const DOUBLINGS_MAX = 5;
/** For others it is asked so often; they ask again if they still want it. */
const PASS_ATTEMPTS_MAX = 2;
const PASS_COUNT_MAX = 8;
/** Neighbours that wait for an answer of ours; more must ask again. */
const ASKER_COUNT_MAX = 4;
/** Nodes that the application asked for by id. */
const PINNED_COUNT_MAX = 8;

interface Missing {
  readonly short: ShortKey;
  firstHop: NodeKey;
  attempt: number;
  /** An answer may be expected for RETRY_MS. */
  askedAt: Instant;
  askers: NodeKey[] | undefined;
  /** Here nobody wants it. */
  isForOthers: boolean;
}

export class Search {
  readonly #outbox: Sink<PortOutput>;
  readonly #countMax: number;
  /** In the order in which they are asked. */
  #missing: Missing[] = [];
  /** Oldest first. */
  #pinned: readonly ShortKey[] = [];
  #wakeAt: Instant | undefined;

  constructor(outbox: Sink<PortOutput>, recordCountMax: number) {
    this.#outbox = outbox;
    this.#countMax = recordCountMax;
  }

  has(short: ShortKey): boolean {
    return this.#find(short) !== undefined;
  }

  /** The application waits for that record: the oldest such wish goes for it. */
  pin(short: ShortKey): void {
    const others = this.#pinned.filter((pinned) => pinned !== short);
    this.#pinned = [...others, short].slice(-PINNED_COUNT_MAX);
  }

  isPinned(short: ShortKey): boolean {
    return this.#pinned.includes(short);
  }

  /** Whether neighbours wait for the answer. */
  isAwaited(short: ShortKey): boolean {
    return this.#find(short)?.askers !== undefined;
  }

  /** Whether it is known only because neighbours look for it. */
  isForOthers(short: ShortKey): boolean {
    return this.#find(short)?.isForOthers === true;
  }

  /** When `ask` may have something to do again. */
  get wakeAt(): Instant | undefined {
    return this.#missing.length === 0 ? undefined : this.#wakeAt;
  }

  /**
   * As many may be missing as there are places for records; beyond that there would be no place for the
   * answer.
   */
  want(short: ShortKey, firstHop: NodeKey): void {
    const known = this.#find(short);
    if (known === undefined) {
      if (this.#missing.length >= this.#countMax && !this.isPinned(short)) return;
      this.#missing.push(newMissing(short, firstHop, undefined));
      return;
    }
    if (known.firstHop === firstHop && !known.isForOthers) return;
    known.firstHop = firstHop;
    known.attempt = 0;
    known.askedAt = -Infinity;
    known.isForOthers = false;
  }

  /** A neighbour looks for it, which nobody did before, and this node is on the way there. */
  pass(short: ShortKey, firstHop: NodeKey, asker: NodeKey): void {
    if (asker === firstHop || this.#passCount() >= PASS_COUNT_MAX) return;
    this.#missing.push(newMissing(short, firstHop, asker));
  }

  /** No longer missing, or no longer reachable. Those who asked us for it meanwhile are returned. */
  end(short: ShortKey): readonly NodeKey[] {
    if (this.isPinned(short)) this.#pinned = this.#pinned.filter((pinned) => pinned !== short);
    const ended = this.#find(short);
    if (ended === undefined) return [];
    this.#missing = this.#missing.filter((missing) => missing !== ended);
    return ended.askers ?? [];
  }

  /** A neighbour looks for it too. False when we do not. */
  join(short: ShortKey, asker: NodeKey): boolean {
    const missing = this.#find(short);
    if (missing === undefined) return false;
    const { askers = [], firstHop } = missing;
    if (asker === firstHop || askers.includes(asker) || askers.length >= ASKER_COUNT_MAX) return true;
    missing.askers = [...askers, asker];
    return true;
  }

  /** Asks as much as the pace allows. */
  ask(now: Instant, hasRoom: boolean): void {
    this.#wakeAt = undefined;
    const underWay = new Map<NodeKey, number>();
    for (const { firstHop, askedAt } of this.#missing) {
      if (askedAt + RETRY_MS > now) underWay.set(firstHop, (underWay.get(firstHop) ?? 0) + 1);
    }
    const due: Missing[] = [];
    const asked: Missing[] = [];
    for (const missing of this.#missing) {
      const { short, firstHop, askedAt, askers } = missing;
      if (!hasRoom && askers === undefined && !this.isPinned(short)) continue;
      const nextAt = nextAskOf(missing);
      const count = underWay.get(firstHop) ?? 0;
      if (nextAt > now) this.#wakeAt = earlier(this.#wakeAt, nextAt);
      if (askedAt + RETRY_MS > now) this.#wakeAt = earlier(this.#wakeAt, askedAt + RETRY_MS);
      if (nextAt > now || count >= UNDER_WAY_MAX) continue;
      underWay.set(firstHop, count + 1);
      due.push(missing);
      if (missing.isForOthers && missing.attempt >= PASS_ATTEMPTS_MAX) continue;
      asked.push(missing);
      this.#ask(now, missing);
    }
    if (due.length === 0) return;
    this.#missing = [...this.#missing.filter((missing) => !due.includes(missing)), ...asked];
  }

  #find(short: ShortKey): Missing | undefined {
    return this.#missing.find((missing) => missing.short === short);
  }

  #passCount(): number {
    let count = 0;
    for (const { isForOthers } of this.#missing) if (isForOthers) count++;
    return count;
  }

  #ask(now: Instant, missing: Missing): void {
    missing.askedAt = now;
    missing.attempt++;
    this.#wakeAt = earlier(this.#wakeAt, now + RETRY_MS);
    const message = { kind: 'find', destination: shortBytes(missing.short) } as const;
    this.#outbox.push({ kind: 'send', to: missing.firstHop, message, delivery: 'reliable' });
  }
}

/** Without an asker it is wanted here. */
function newMissing(short: ShortKey, firstHop: NodeKey, asker: NodeKey | undefined): Missing {
  const isForOthers = asker !== undefined;
  const askers = isForOthers ? [asker] : undefined;
  return { short, firstHop, attempt: 0, askedAt: -Infinity, askers, isForOthers };
}

/** Not before. */
function nextAskOf({ askedAt, attempt }: Missing): Instant {
  return attempt === 0 ? askedAt : askedAt + RETRY_MS * (1 << Math.min(attempt - 1, DOUBLINGS_MAX));
}
