import { assert, unreachable } from '../kernel/assert.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { ROLE_NEXT, type RoleState } from './doors.js';
import { Standing } from './flags.js';
import { chanceOf } from './order.js';
import type { ElectionRules } from './rules.js';

/**
 * The state of one node's role (SPEC §8.7). It looks at the situation whenever anything changed and moves on
 * until it is at rest; a second look at the same situation changes nothing.
 *
 *   listen     just booted or alone: first hear who is there
 *   leaf       serves nobody; candidate: will, unless a better one comes first
 *   super      serves for a term; retiring: says that it is not needed, and goes unless somebody objects
 *   handover   the term is over: those it serves find others first
 */

export const LISTEN_MS = 5 * SECOND_MS;
/** Before the first nomination, for each better neighbour, and for so many of them at most. */
const NOMINATE_MS = 2 * SECOND_MS;
const RANK_MAX = 8;
/** A new supernode gets so long to meet the need before the next one comes. */
const RELIEF_MS = 2 * SECOND_MS;
/** A supernode may retire early between these ages, and after the last one. */
const RETIRE_AGE_MS_MIN = 12 * SECOND_MS;
const PROBATION_MS = MINUTE_MS;
const TERM_MS_MIN = 10 * MINUTE_MS;
/** How long the intention to retire stands, and the pause after an objection, longer each time. */
const INTENTION_MS = 6 * SECOND_MS;
const COOL_OFF_MS = MINUTE_MS;
const COOL_OFF_DOUBLINGS_MAX = 5;
/** A handover takes at least, and before the term is renewed at most. */
const OVERLAP_MS_MIN = 30 * SECOND_MS;
const OVERLAP_MS_MAX = 180 * SECOND_MS;

type Role =
  /** `until` undefined: nobody is there. */
  | { readonly kind: 'listen'; readonly until: Instant | undefined }
  | { readonly kind: 'leaf' }
  | { readonly kind: 'candidate'; readonly since: Instant }
  | Serving<'super'>
  | (Serving<'retiring'> & { readonly until: Instant })
  | (Serving<'handover'> & { readonly since: Instant });

interface Serving<K> {
  readonly kind: K;
  readonly servesSince: Instant;
  readonly termEndsAt: Instant;
  /** No early retirement before; and how often somebody objected to one. */
  readonly calmUntil: Instant;
  readonly objections: number;
}

export interface Situation {
  readonly hasNeighbors: boolean;
  /** Own delay after LISTEN_MS, against everybody waking at once. */
  readonly listenExtraMs: number;
  readonly score: number;
  /** Its own, or a neighbour's. */
  readonly isNeedInSight: boolean;
  /** Neighbours that could serve as well and come first. */
  readonly rank: number;
  readonly slotMs: number;
  /** When a supernode that takes reservations came in sight last. */
  readonly reliefAt: Instant;
  readonly termMs: number;
  /** Eight words of chance. */
  readonly words: Uint8Array;
  readonly dependantCount: number;
  readonly isReliedOn: boolean;
  /** As a leaf it would find what it needs. */
  readonly couldBeLeaf: boolean;
  readonly supersInView: number;
}

export class RoleMachine {
  readonly #rules: ElectionRules;
  #role: Role = { kind: 'listen', until: undefined };
  #since: Instant;
  /** Since when nobody needs it, while it serves. */
  #redundantSince: Instant | undefined;
  #dueAt: Instant = Infinity;

  constructor(rules: ElectionRules, now: Instant) {
    this.#rules = rules;
    this.#since = now;
  }

  get state(): RoleState {
    return this.#role.kind;
  }

  get since(): Instant {
    return this.#since;
  }

  get standing(): Standing {
    switch (this.#role.kind) {
      case 'super':
        return Standing.serving;
      case 'retiring':
        return Standing.retiring;
      case 'handover':
        return Standing.leaving;
      default:
        return Standing.leaf;
    }
  }

  get termEndsAt(): Instant | undefined {
    const role = this.#role;
    return 'termEndsAt' in role ? role.termEndsAt : undefined;
  }

  /** When to look again though nothing changed. */
  nextTimeout(): Instant {
    return this.#dueAt;
  }

  /** True when the state is another one. */
  update(now: Instant, situation: Situation): boolean {
    const before = this.state;
    let at: Role;
    do {
      at = this.#role;
      this.#dueAt = Infinity;
      this.#look(now, situation);
    } while (at !== this.#role);
    return this.state !== before;
  }

  #look(now: Instant, situation: Situation): void {
    const role = this.#role;
    switch (role.kind) {
      case 'listen':
        return this.#onListen(now, role.until, situation);
      case 'leaf':
        if (!situation.hasNeighbors) return this.#to(now, { kind: 'listen', until: undefined });
        if (this.#mayNominate(situation)) return this.#to(now, { kind: 'candidate', since: now });
        return;
      case 'candidate':
        return this.#onCandidate(now, role.since, situation);
      case 'super':
        return this.#onSuper(now, role, situation);
      case 'retiring':
        return this.#onRetiring(now, role, situation);
      case 'handover':
        return this.#onHandover(now, role, situation);
      default:
        return unreachable(role);
    }
  }

  #onListen(now: Instant, until: Instant | undefined, situation: Situation): void {
    if (!situation.hasNeighbors) {
      this.#role = until === undefined ? this.#role : { kind: 'listen', until: undefined };
    } else if (until === undefined) {
      this.#role = { kind: 'listen', until: now + LISTEN_MS + situation.listenExtraMs };
    } else if (now >= until) {
      this.#to(now, { kind: 'leaf' });
    } else {
      this.#dueAt = until;
    }
  }

  #mayNominate({ score, isNeedInSight }: Situation): boolean {
    return score > 0 && isNeedInSight && this.#rules.nominatesItself;
  }

  /** Its turn comes by rank, within the slot by chance: those who cannot hear each other do not collide. */
  #onCandidate(now: Instant, since: Instant, situation: Situation): void {
    if (!this.#mayNominate(situation)) return this.#to(now, { kind: 'leaf' });
    const { rank, slotMs, words, reliefAt } = situation;
    const turn = Math.min(rank, RANK_MAX) + chanceOf(words, 5) / 2;
    const at = Math.max(since + NOMINATE_MS + Math.floor(turn * slotMs), reliefAt + RELIEF_MS);
    if (now < at) {
      this.#dueAt = at;
      return;
    }
    const termEndsAt = now + this.#termMs(situation);
    this.#to(now, { kind: 'super', servesSince: now, termEndsAt, calmUntil: now, objections: 0 });
  }

  #onSuper(now: Instant, role: Serving<'super'>, situation: Situation): void {
    const { servesSince, termEndsAt, calmUntil } = role;
    if (situation.score === 0 || now >= termEndsAt) return this.#leave(now, role);
    this.#dueAt = termEndsAt;
    if (!this.#isRedundant(situation)) {
      this.#redundantSince = undefined;
      return;
    }
    this.#redundantSince ??= now;
    const { supersInView, words } = situation;
    const holdMs = SECOND_MS + (3 * SECOND_MS * supersInView * (chanceOf(words, 3) + chanceOf(words, 4))) / 2;
    // Those who came together do not leave together.
    const from = Math.max(this.#redundantSince, servesSince + RETIRE_AGE_MS_MIN, calmUntil);
    let at = from + Math.floor(holdMs);
    if (at >= servesSince + PROBATION_MS) at = Math.max(from, servesSince + TERM_MS_MIN) + Math.floor(holdMs);
    if (now < at) this.#dueAt = Math.min(this.#dueAt, at);
    else if (this.#rules.retiresInTwoPhases)
      this.#to(now, { ...role, kind: 'retiring', until: now + INTENTION_MS });
    else this.#goAtOnce(now, role);
  }

  /** One phase: nobody is asked. */
  #goAtOnce(now: Instant, role: Serving<'super'>): void {
    this.#to(now, { ...role, kind: 'retiring', until: now });
    this.#to(now, { kind: 'leaf' });
  }

  #onRetiring(now: Instant, role: Extract<Role, { kind: 'retiring' }>, situation: Situation): void {
    const { servesSince, termEndsAt, until, objections } = role;
    if (situation.score === 0) return this.#leave(now, role);
    if (!this.#isRedundant(situation)) {
      const calmUntil = now + (COOL_OFF_MS << Math.min(objections, COOL_OFF_DOUBLINGS_MAX));
      return this.#to(now, { kind: 'super', servesSince, termEndsAt, calmUntil, objections: objections + 1 });
    }
    if (now >= until) return this.#to(now, { kind: 'leaf' });
    this.#dueAt = until;
  }

  /** Rotation drops nobody: while somebody stays, so does the supernode, and its term begins anew. */
  #onHandover(now: Instant, role: Extract<Role, { kind: 'handover' }>, situation: Situation): void {
    const { servesSince, since } = role;
    const { score, dependantCount, isNeedInSight, couldBeLeaf } = situation;
    const isFree = dependantCount === 0 && !isNeedInSight && couldBeLeaf;
    if (now >= since + OVERLAP_MS_MIN && (isFree || score === 0)) return this.#to(now, { kind: 'leaf' });
    if (now >= since + OVERLAP_MS_MAX) {
      const termEndsAt = now + this.#termMs(situation);
      return this.#to(now, { kind: 'super', servesSince, termEndsAt, calmUntil: now, objections: 0 });
    }
    this.#dueAt = now < since + OVERLAP_MS_MIN ? since + OVERLAP_MS_MIN : since + OVERLAP_MS_MAX;
  }

  #leave(now: Instant, role: Serving<'super' | 'retiring'>): void {
    this.#to(now, { ...role, kind: 'handover', since: now });
  }

  #isRedundant({ isReliedOn, isNeedInSight, couldBeLeaf }: Situation): boolean {
    return !isReliedOn && !isNeedInSight && couldBeLeaf;
  }

  #termMs({ termMs, words }: Situation): number {
    return Math.floor(termMs * (0.75 + chanceOf(words, 2) / 2));
  }

  #to(now: Instant, next: Role): void {
    const allowed: readonly RoleState[] = ROLE_NEXT[this.#role.kind];
    assert(allowed.includes(next.kind), `a role goes from ${this.#role.kind} to ${next.kind}`);
    this.#role = next;
    this.#since = now;
    this.#redundantSince = undefined;
  }
}
