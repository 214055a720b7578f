/**
 * How long a box in front of a link remembers who was sent to, and what keeps it from forgetting
 * (SPEC §7.12). Found out on paths to nodes that would be reached from another address just as well: a PING
 * after a silence tells whether this node still has the same address there. Paths that break when it has not
 * are never silent longer than that.
 */
import type { DirectVia } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';

export const SILENCE_FIRST_MS = 25 * SECOND_MS;
export const SILENCE_MAX_MS = 110 * SECOND_MS;
const SILENCE_MIN_MS = 5 * SECOND_MS;

/** What was learned of one link. */
export class MappingLife {
  /** The longest silence that it survived, and the shortest that it did not. */
  #provenMs = 0;
  #failedMs = Infinity;

  /** How long a path that would survive is silent before it is tried. */
  get testMs(): number {
    const next = this.#provenMs === 0 ? SILENCE_FIRST_MS : (this.#provenMs * 3) / 2;
    return clamp(Math.min(next, (this.#failedMs * 4) / 5));
  }

  /** How long a path may be silent that must not break. */
  get safeMs(): number {
    const known = Math.max(this.#provenMs, Math.min(SILENCE_FIRST_MS, (this.#failedMs * 4) / 5));
    return clamp(known);
  }

  /** A silence longer than any before by a fifth is worth a look at its end. */
  isNews(silenceMs: number): boolean {
    return silenceMs >= SILENCE_MIN_MS && 5 * silenceMs > 6 * this.#provenMs;
  }

  survived(silenceMs: number): void {
    this.#provenMs = Math.max(this.#provenMs, silenceMs);
    if (this.#failedMs <= silenceMs) this.#failedMs = Infinity;
  }

  /** What it survived before it does survive: then the box has lost everything for another reason. */
  failed(silenceMs: number): void {
    if (silenceMs > this.#provenMs) this.#failedMs = Math.min(this.#failedMs, silenceMs);
  }
}

/** The silences of one direct path, and the PING that is under way on it. */
export interface Keepalive {
  readonly via: DirectVia;
  /** It would survive another address of this node. */
  readonly isTester: boolean;
  /** When anything was last sent by it. */
  sentAt: Instant;
  /** The silence that the PING of now ends; undefined when that says nothing. */
  testedMs: number | undefined;
  isPingDue: boolean;
  isAwaited: boolean;
  /** PINGs without an answer since the last one. */
  tries: number;
  token: number;
  pingedAt: Instant;
}

export function newKeepalive(now: Instant, via: DirectVia, isTester: boolean): Keepalive {
  const idle = { testedMs: undefined, isPingDue: false, isAwaited: false, tries: 0, token: 0, pingedAt: now };
  return { via, isTester, sentAt: now, ...idle };
}

function clamp(ms: number): number {
  return Math.round(Math.max(SILENCE_MIN_MS, Math.min(SILENCE_MAX_MS, ms)));
}
