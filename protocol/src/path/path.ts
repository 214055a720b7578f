import { assert, unreachable } from '../kernel/assert.js';
import { equalBytes } from '../kernel/bytes.js';
import type { Via } from '../kernel/link.js';
import { type Instant, MINUTE_MS, ROUND_TRIP_MS_MAX, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';

/*
 * One way to reach a peer (SPEC §7.8). Candidate -> validating -> valid -> suspect -> dead, and again from
 * dead.
 *
 * An address is validated by a PATH challenge that comes back as a response: until then no more than three
 * times what came from there goes there, challenges included, and one that fails is forgotten. A relayed path
 * needs no challenge, as the neighbours that forward are authenticated and nobody's address is at stake: it
 * may be used as a candidate, and any packet that comes by it makes it valid. Doubt is settled by two PINGs;
 * a dead path is tried again, less and less often.
 */

export type PathState =
  /** Known, nothing sent yet. */
  | { readonly kind: 'candidate' }
  | {
      readonly kind: 'validating';
      readonly token: Uint8Array;
      readonly startedAt: Instant;
      readonly tries: number;
      readonly nextAt: Instant;
      readonly receivedBytes: number;
      readonly sentBytes: number;
      /** Packets that may still go there: headers of small ones weigh more than what is in them. */
      readonly packetsLeft: number;
    }
  | { readonly kind: 'valid'; readonly since: Instant }
  | { readonly kind: 'suspect'; readonly pings: number; readonly nextAt: Instant }
  | { readonly kind: 'dead'; readonly retryAt: Instant };

/** The diagram in SPEC §7.8 is generated from this. */
export const PATH_NEXT = {
  candidate: ['validating', 'valid', 'suspect'],
  validating: ['validating', 'valid', 'dead'],
  valid: ['suspect'],
  suspect: ['suspect', 'valid', 'dead'],
  dead: ['candidate', 'validating', 'valid', 'dead'],
} as const satisfies Record<PathState['kind'], readonly PathState['kind'][]>;

/** A sealed PATH challenge, with reserve for longer ids and counters. */
const PROBE_BYTES = 33;

/** What the owner has to send after a timer. */
export type PathProbe = 'challenge' | 'ping';

const CHALLENGES_MAX = 3;
const PINGS_MAX = 2;
const AMPLIFICATION_MAX = 3;

const RETRY_MS_MIN = 5 * SECOND_MS;
const RETRY_MS_MAX = 5 * MINUTE_MS;
/** A beacon or a packet may bring the next try forward to this long after the last one. */
const RETRY_HINTED_MS = 15 * SECOND_MS;
/** 5 + 10 + 20 + ... s: gone after about 20 minutes of silence. */
const FAILURES_MAX = 8;

export class Path {
  readonly via: Via;
  /** How long a challenge waits for its response at first; a PING waits twice as long. */
  readonly #probeMs: number;
  #state: PathState = { kind: 'candidate' };
  #failures = 0;
  #triedAt: Instant;
  #heardAt: Instant | undefined;
  #wasValid = false;
  #roundTripMs: number | undefined;

  constructor(now: Instant, via: Via, probeMs: number) {
    this.via = via;
    this.#probeMs = probeMs;
    this.#triedAt = now;
  }

  get state(): PathState {
    return this.#state;
  }

  get isDirect(): boolean {
    return this.via.kind === 'direct';
  }

  /** Whether it stopped answering, or never did, since it was last valid. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** So many failures that it is not worth remembering. */
  get isHopeless(): boolean {
    return this.#failures >= FAILURES_MAX;
  }

  /** When the last authenticated packet came by it. */
  get heardAt(): Instant | undefined {
    return this.#heardAt;
  }

  /** Smoothed; undefined before the first measurement. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Only hearsay leads there: whoever passed it on keeps the account of challenges. */
  get isHinted(): boolean {
    return this.isDirect && !this.#wasValid && this.#heardAt === undefined;
  }

  /**
   * Bytes that may go there before it is validated, besides a second challenge; undefined when there is no
   * such bound.
   */
  get allowance(): number | undefined {
    const state = this.#state;
    if (!this.isDirect) return undefined;
    if (state.kind !== 'validating') return this.#wasValid || state.kind === 'suspect' ? undefined : 0;
    const reserved = this.#wasValid || this.isHinted || state.tries > 1 ? 0 : PROBE_BYTES;
    if (state.packetsLeft <= (reserved === 0 ? 0 : 1)) return 0;
    return Math.max(0, this.#left(state) - reserved);
  }

  get wakeAt(): Instant | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'candidate':
      case 'valid':
        return undefined;
      case 'validating':
      case 'suspect':
        return state.nextAt;
      case 'dead':
        return state.retryAt;
      default:
        return unreachable(state);
    }
  }

  /** A handshake went both ways by it. */
  opened(now: Instant): void {
    this.#heardAt = now;
    if (this.#state.kind !== 'valid') this.#becomeValid(now);
  }

  /** A probe was answered from there. */
  proven(now: Instant, roundTripMs: number | undefined): void {
    if (roundTripMs !== undefined) this.#measured(roundTripMs);
    this.opened(now);
  }

  /** The first challenge is the caller's to send. */
  validate(now: Instant, token: Uint8Array, receivedBytes: number): void {
    this.#triedAt = now;
    const nextAt = now + this.#waitMs();
    const sentBytes = receivedBytes === 0 ? 0 : PROBE_BYTES;
    const packetsLeft = AMPLIFICATION_MAX - 1;
    const sums = { receivedBytes, sentBytes, packetsLeft };
    this.#to({ kind: 'validating', token, startedAt: now, tries: 1, nextAt, ...sums });
  }

  /** An authenticated packet came by it. True when that alone changes its state. */
  heard(now: Instant, bytes: number): boolean {
    this.#heardAt = now;
    const state = this.#state;
    if (
      !this.isDirect &&
      (state.kind === 'candidate' || state.kind === 'dead' || state.kind === 'validating')
    ) {
      this.#becomeValid(now);
      return true;
    }
    if (state.kind !== 'validating') return false;
    const packetsLeft = state.packetsLeft + AMPLIFICATION_MAX;
    this.#to({ ...state, receivedBytes: state.receivedBytes + bytes, packetsLeft });
    return false;
  }

  sent(bytes: number): void {
    const state = this.#state;
    if (state.kind !== 'validating') return;
    this.#to({ ...state, sentBytes: state.sentBytes + bytes, packetsLeft: state.packetsLeft - 1 });
  }

  /** The response to a challenge came by it. */
  responded(now: Instant, token: Uint8Array): void {
    const state = this.#state;
    if (state.kind !== 'validating' || !equalBytes(state.token, token)) return;
    // Later ones do not say which challenge they answer.
    if (state.tries === 1) this.#measured(now - state.startedAt);
    this.#becomeValid(now);
  }

  /** A PING came back by it: proof in both directions. */
  answered(now: Instant, roundTripMs: number): void {
    this.#measured(roundTripMs);
    if (this.#state.kind === 'suspect') this.#becomeValid(now);
  }

  /** Something went unanswered. True when the doubt is new: the first PING is the caller's to send. */
  doubt(now: Instant): boolean {
    const { kind } = this.#state;
    if (kind !== 'valid' && (kind !== 'candidate' || this.isDirect)) return false;
    this.#to({ kind: 'suspect', pings: 1, nextAt: now + 2 * this.#waitMs() });
    return true;
  }

  /** The peer has left it: out of use until a challenge, due at once, is answered. */
  abandon(now: Instant): void {
    this.doubt(now);
    this.#to({ kind: 'dead', retryAt: now });
  }

  /** A new reason to try a dead path: an address heard again. */
  hint(now: Instant): void {
    const state = this.#state;
    if (state.kind !== 'dead') return;
    const retryAt = Math.min(state.retryAt, Math.max(now, this.#triedAt + RETRY_HINTED_MS));
    this.#to({ kind: 'dead', retryAt });
  }

  /** Another way through the network took the place of the one that died. */
  revive(): void {
    if (this.#state.kind === 'dead') this.#to({ kind: 'candidate' });
  }

  /** What to send now that a timer is due; a path that is to be tried again wants `validate`. */
  timeout(now: Instant): PathProbe | 'validate' | undefined {
    const state = this.#state;
    if (this.wakeAt === undefined || now < this.wakeAt) return undefined;
    switch (state.kind) {
      case 'candidate':
      case 'valid':
        return undefined;
      case 'validating': {
        if (state.tries === CHALLENGES_MAX) return this.#die(now);
        const nextAt = now + this.#waitMs() * (1 << state.tries);
        const cost = this.#wasValid || this.isHinted ? 0 : PROBE_BYTES;
        const isAffordable = cost === 0 || (cost <= this.#left(state) && state.packetsLeft > 0);
        const sentBytes = state.sentBytes + (isAffordable ? cost : 0);
        const packetsLeft = state.packetsLeft - (isAffordable ? 1 : 0);
        this.#to({ ...state, tries: state.tries + 1, nextAt, sentBytes, packetsLeft });
        return isAffordable ? 'challenge' : undefined;
      }
      case 'suspect':
        if (state.pings === PINGS_MAX) return this.#die(now);
        this.#to({ kind: 'suspect', pings: state.pings + 1, nextAt: now + 2 * this.#waitMs() });
        return 'ping';
      case 'dead':
        return 'validate';
      default:
        return unreachable(state);
    }
  }

  #left({ receivedBytes, sentBytes }: Extract<PathState, { kind: 'validating' }>): number {
    return AMPLIFICATION_MAX * receivedBytes - sentBytes;
  }

  #waitMs(): number {
    return Math.max(this.#probeMs, this.#roundTripMs ?? 0);
  }

  #measured(sampleMs: number): void {
    if (sampleMs > ROUND_TRIP_MS_MAX) return;
    const before = this.#roundTripMs;
    this.#roundTripMs = before === undefined ? sampleMs : Math.round((7 * before + sampleMs) / 8);
  }

  #becomeValid(now: Instant): void {
    this.#failures = 0;
    this.#wasValid = true;
    this.#to({ kind: 'valid', since: now });
  }

  #die(now: Instant): undefined {
    const retryMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * (1 << this.#failures));
    // An address where nobody ever answered may be that of somebody who has nothing to do with it.
    const isStrange = this.isDirect && !this.#wasValid;
    this.#failures = isStrange ? FAILURES_MAX : Math.min(this.#failures + 1, FAILURES_MAX);
    this.#to({ kind: 'dead', retryAt: now + retryMs });
    return undefined;
  }

  #to(next: PathState): void {
    const allowed: readonly PathState['kind'][] = PATH_NEXT[this.#state.kind];
    assert(allowed.includes(next.kind), `a path goes from ${this.#state.kind} to ${next.kind}`);
    this.#state = next;
  }
}

export function earliestWake(paths: readonly Path[]): Instant | undefined {
  let soonest: Instant | undefined;
  for (const path of paths) soonest = earlier(soonest, path.wakeAt);
  return soonest;
}
