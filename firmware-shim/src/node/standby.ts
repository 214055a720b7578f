import type { Link, LinkSource, LinkSourceSink } from '../platform.js';
import { monotonicMs } from './clock.js';

/** What RFC 8305 gives the first of two attempts: whoever answers by UDP in that time is never dialled. */
const HEAD_START_MS = 250;
/** From the first packet by UDP until this link goes: the session has moved by then. */
const RETIRE_MS = 2000;
/** So many packets by UDP without one coming back, over so long, and this link is dialled again. */
const UNANSWERED_PACKETS = 4;
const PATIENCE_MS_MIN = 5000;
/** Longer than a peer that is there keeps silent; who only ever sends is no reason to dial each time. */
const PATIENCE_MS_MAX = 60_000;

/** What stands by. */
export interface StandbyOptions {
  /** Makes the link that stands by. */
  readonly dial: () => Link;
  /** Not before the first packet by UDP: the station is a way into the network, for when nobody is there. */
  readonly waits?: boolean;
  /** Milliseconds on a monotonic clock; default: the machine's. */
  readonly now?: () => number;
}

/**
 * A link of last resort beside UDP, to the same station: it is dialled with UDP and not after UDP failed, as
 * nothing tells a network that drops UDP from one that is slow. While UDP works it is not there: it costs the
 * station a socket and keepalives, and who is known by TCP alone cannot be reached directly by others.
 */
export class Standby implements LinkSource {
  readonly #makeLink: () => Link;
  readonly #now: () => number;
  #waits: boolean;
  #sink: LinkSourceSink | undefined;
  #link: Link | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRetiring = false;
  #unanswered = 0;
  #unansweredSince = 0;
  #patienceMs = PATIENCE_MS_MIN;

  constructor(options: StandbyOptions) {
    this.#makeLink = options.dial;
    this.#now = options.now ?? monotonicMs;
    this.#waits = options.waits === true;
  }

  /** Whether UDP does without it. */
  get isStandingBy(): boolean {
    return this.#link === undefined;
  }

  open(sink: LinkSourceSink): void {
    this.#sink = sink;
    if (!this.#waits) this.#dialSoon();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#sink = undefined;
    this.#link = undefined;
  }

  /** A packet went to the station by UDP. */
  noteSent(): void {
    if (this.#sink === undefined) return;
    if (this.#waits) this.#dialSoon();
    const now = this.#now();
    if (this.#unanswered++ === 0) this.#unansweredSince = now;
    const isSilent =
      this.#unanswered >= UNANSWERED_PACKETS && now - this.#unansweredSince >= this.#patienceMs;
    if (isSilent && this.#link === undefined) this.#dial();
  }

  /** A packet came from the station by UDP. */
  noteHeard(): void {
    this.#unanswered = 0;
    if (this.#sink === undefined || this.#isRetiring) return;
    if (this.#link === undefined) {
      clearTimeout(this.#timer);
      return;
    }
    this.#isRetiring = true;
    this.#patienceMs = Math.min(this.#patienceMs * 2, PATIENCE_MS_MAX);
    this.#timer = setTimeout(() => this.#retire(), RETIRE_MS);
  }

  #dialSoon(): void {
    this.#waits = false;
    this.#timer = setTimeout(() => this.#dial(), HEAD_START_MS);
  }

  #dial(): void {
    this.#link = this.#makeLink();
    this.#sink?.add(this.#link);
  }

  #retire(): void {
    this.#isRetiring = false;
    const link = this.#link;
    if (link === undefined || this.#unanswered >= UNANSWERED_PACKETS) return;
    this.#link = undefined;
    this.#sink?.remove(link);
  }
}
