import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { areApart, countPeers, type Sighting } from './horizon.js';
import type { Wish } from './reservations.js';

/**
 * How many reservations this node should have, and whether it lacks some (SPEC §8.5). Where everybody reaches
 * everybody directly nobody needs a supernode, so none is elected.
 */

const WANTED_COUNT = 2;
/** Somebody may be out of reach again; reservations outlive that. */
const LINGER_MS = MINUTE_MS;
/** A lack must last before it is told, and longer while somebody was asked. */
const LACK_MS = 2 * SECOND_MS;
const ASKING_MS = 3 * SECOND_MS;
/** Two first hops are asked for so long; then the graph does not seem to have them. */
const APART_MS = MINUTE_MS;

/** What it goes by, anew at each look. */
export interface Prospect {
  readonly firm: readonly Sighting[];
  readonly isAsking: boolean;
  /** A supernode of ours is about to leave. */
  readonly isLosing: boolean;
}

export class Need {
  /** Nodes out of reach were known until then, a minute added. */
  #wantedUntil: Instant = -Infinity;
  #isBeyond = false;
  #neighborCount = 0;
  #apartUntil: Instant = -Infinity;
  #wasApart = false;
  #lackSince: Instant | undefined;
  #needyAt: Instant = Infinity;

  isNeedy(now: Instant): boolean {
    return now >= this.#needyAt;
  }

  wish(now: Instant): Wish {
    const isWanted = this.#isBeyond || now < this.#wantedUntil;
    const count = isWanted ? Math.min(WANTED_COUNT, this.#neighborCount) : 0;
    return { count, isApart: count === WANTED_COUNT && now < this.#apartUntil };
  }

  /** Before reservations are looked after: what is to be wished for. */
  face(now: Instant, isBeyond: boolean, neighborCount: number, isHolding: boolean): void {
    // Only what is held is kept: a moment of somebody out of reach, as when all start, calls nobody.
    if (this.#isBeyond && !isBeyond && isHolding) this.#wantedUntil = now + LINGER_MS;
    this.#isBeyond = isBeyond;
    if (neighborCount !== this.#neighborCount) this.#apartUntil = now + APART_MS;
    this.#neighborCount = neighborCount;
  }

  /** After it. */
  weigh(now: Instant, { firm, isAsking, isLosing }: Prospect): void {
    const isApart = areApart(firm);
    if (this.#wasApart && !isApart) this.#apartUntil = now + APART_MS;
    this.#wasApart = isApart;
    const wish = this.wish(now);
    const isEnough = countPeers(firm) >= wish.count && (!wish.isApart || isApart);
    if (isEnough) {
      this.#lackSince = undefined;
      this.#needyAt = Infinity;
      return;
    }
    this.#lackSince ??= now;
    if (this.isNeedy(now)) return;
    const patienceMs = (isLosing ? 0 : LACK_MS) + (isAsking ? ASKING_MS : 0);
    this.#needyAt = this.#lackSince + patienceMs;
  }

  /** It serves itself now. */
  rest(): void {
    this.#lackSince = undefined;
    this.#needyAt = Infinity;
  }

  nextTimeout(now: Instant): Instant {
    let soonest = Infinity;
    for (const at of [this.#wantedUntil, this.#apartUntil, this.#needyAt]) {
      if (at > now) soonest = Math.min(soonest, at);
    }
    return soonest;
  }
}
