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
  firstHop: NodeKey;
  attempt: number;
  /** An answer may be expected until then. */
  underWayUntil: Instant;
  /** Not asked again before. */
  nextAt: Instant;
  askers: NodeKey[] | undefined;
  /** Here nobody wants it. */
  readonly isForOthers: boolean;
}

export class Search {
  readonly #outbox: Sink<PortOutput>;
  readonly #countMax: number;
  /** In the order in which they are asked. */
  readonly #missing = new Map<ShortKey, Missing>();
  readonly #pinned = new Set<ShortKey>();
  #wakeAt: Instant | undefined;

  constructor(outbox: Sink<PortOutput>, recordCountMax: number) {
    this.#outbox = outbox;
    this.#countMax = recordCountMax;
  }

  has(short: ShortKey): boolean {
    return this.#missing.has(short);
  }

  /** The application waits for that record: the oldest such wish goes for it. */
  pin(short: ShortKey): void {
    this.#pinned.delete(short);
    this.#pinned.add(short);
    for (const oldest of this.#pinned) {
      if (this.#pinned.size <= PINNED_COUNT_MAX) return;
      this.#pinned.delete(oldest);
    }
  }

  isPinned(short: ShortKey): boolean {
    return this.#pinned.has(short);
  }

  /** Whether neighbours wait for the answer. */
  isAwaited(short: ShortKey): boolean {
    return this.#missing.get(short)?.askers !== undefined;
  }

  /** Whether it is known only because neighbours look for it. */
  isForOthers(short: ShortKey): boolean {
    return this.#missing.get(short)?.isForOthers === true;
  }

  /** When `ask` may have something to do again. */
  get wakeAt(): Instant | undefined {
    return this.#missing.size === 0 ? undefined : this.#wakeAt;
  }

  /**
   * As many may be missing as there are places for records; beyond that there would be no place for the
   * answer.
   */
  want(now: Instant, short: ShortKey, firstHop: NodeKey): void {
    const known = this.#missing.get(short);
    if (known?.firstHop === firstHop && !known.isForOthers) return;
    if (known === undefined && this.#missing.size >= this.#countMax && !this.#pinned.has(short)) return;
    const askers = known?.askers;
    const start = { attempt: 0, underWayUntil: now, nextAt: now };
    this.#missing.set(short, { firstHop, ...start, askers, isForOthers: false });
  }

  /** A neighbour looks for it, and this node is on the way there. */
  pass(now: Instant, short: ShortKey, firstHop: NodeKey, asker: NodeKey): void {
    if (asker === firstHop || this.#passCount() >= PASS_COUNT_MAX) return;
    const start = { attempt: 0, underWayUntil: now, nextAt: now };
    this.#missing.set(short, { firstHop, ...start, askers: [asker], isForOthers: true });
  }

  /** No longer missing, or no longer reachable. Those who asked us for it meanwhile are returned. */
  end(short: ShortKey): readonly NodeKey[] {
    const ended = this.#missing.get(short);
    this.#pinned.delete(short);
    this.#missing.delete(short);
    return ended?.askers ?? [];
  }

  /** A neighbour looks for it too. False when we do not. */
  join(short: ShortKey, asker: NodeKey): boolean {
    const missing = this.#missing.get(short);
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
    for (const { firstHop, underWayUntil } of this.#missing.values()) {
      if (underWayUntil > now) underWay.set(firstHop, (underWay.get(firstHop) ?? 0) + 1);
    }
    for (const [short, missing] of this.#missing) {
      const { firstHop, nextAt, underWayUntil, askers } = missing;
      if (!hasRoom && askers === undefined && !this.#pinned.has(short)) continue;
      const count = underWay.get(firstHop) ?? 0;
      if (nextAt > now) this.#wakeAt = earlier(this.#wakeAt, nextAt);
      if (underWayUntil > now) this.#wakeAt = earlier(this.#wakeAt, underWayUntil);
      if (nextAt > now || count >= UNDER_WAY_MAX) continue;
      underWay.set(firstHop, count + 1);
      this.#missing.delete(short);
      if (missing.isForOthers && missing.attempt >= PASS_ATTEMPTS_MAX) continue;
      this.#missing.set(short, missing);
      this.#ask(now, short, missing);
    }
  }

  #passCount(): number {
    let count = 0;
    for (const { isForOthers } of this.#missing.values()) if (isForOthers) count++;
    return count;
  }

  #ask(now: Instant, short: ShortKey, missing: Missing): void {
    missing.underWayUntil = now + RETRY_MS;
    missing.nextAt = now + RETRY_MS * (1 << Math.min(missing.attempt, DOUBLINGS_MAX));
    missing.attempt++;
    this.#wakeAt = earlier(this.#wakeAt, missing.underWayUntil);
    const message = { kind: 'find', destination: shortBytes(short) } as const;
    this.#outbox.push({ kind: 'send', to: missing.firstHop, message, delivery: 'reliable' });
  }
}
