/**
 * Our attempts to open a session (SPEC §7.1): RESUME twice when there is a ticket, KK twice when the peer
 * should know us, IK twice when we know its key, then XX four times. Within a step each wait is twice as long
 * as the one before; the first one fits the path.
 */
import type { NodeKey, Via } from '../kernel/link.js';
import { type Random, randomBytes } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import type { HandshakePattern } from '../packet/handshake.js';
import { Attempt, type HandshakeSelf } from './handshake.js';

/** Packets of each step before the next step begins. */
const REPEATS = { RESUME: 2, KK: 2, IK: 2, XX: 4 } as const;
export type Step = 'RESUME' | HandshakePattern;

export interface OpeningTarget {
  readonly peer: NodeKey;
  readonly publicKey: Uint8Array;
}

export interface OpeningOptions {
  readonly via: Via;
  /** Undefined when whoever is at `via` is greeted. */
  readonly target: OpeningTarget | undefined;
  readonly steps: readonly Step[];
  /** Nobody is known to be there, and nothing waits for it. */
  readonly isStranger: boolean;
  /** One packet, until somebody answers it. */
  readonly isHearsay?: boolean;
  /** First wait, ms. */
  readonly patienceMs: number;
}

/** What to do now: send RESUME, send this H1, or give up. */
export type OpeningMove =
  | { readonly kind: 'resume' }
  | { readonly kind: 'send'; readonly packet: Uint8Array }
  | { readonly kind: 'giveUp' };

export class Opening {
  readonly via: Via;
  readonly target: OpeningTarget | undefined;
  readonly isStranger: boolean;
  readonly begunAt: Instant;
  /** What the answer will carry; fixed for the whole opening. */
  readonly connection: number;
  readonly #self: HandshakeSelf;
  readonly #random: Random;
  readonly #patienceMs: number;
  #steps: Step[];
  /** Of the present step, and in all. */
  #sent = 0;
  #packetCount = 0;
  #waitMs: number;
  #attempt: Attempt | undefined;
  #hasProved = false;
  #hasYielded = false;
  nextAt: Instant;
  /** RESUME under way: the counter of the last one sent. */
  resumeCounter: number | undefined;

  constructor(
    self: HandshakeSelf,
    random: Random,
    connection: number,
    options: OpeningOptions,
    now: Instant,
  ) {
    this.#self = self;
    this.#random = random;
    this.connection = connection;
    this.via = options.via;
    this.target = options.target;
    this.isStranger = options.isStranger;
    this.begunAt = now;
    this.#steps = [...options.steps];
    this.#patienceMs = options.patienceMs;
    this.#waitMs = options.patienceMs;
    // The last one of its step, until somebody answers.
    if (options.isHearsay === true) this.#sent = REPEATS.XX - 1;
    this.nextAt = now;
  }

  get attempt(): Attempt | undefined {
    return this.#attempt;
  }

  /** The first packet was not answered in time. */
  get isRepeated(): boolean {
    return this.#packetCount > 1;
  }

  /** Called at `nextAt`. */
  advance(now: Instant): OpeningMove {
    const step = this.#currentStep();
    if (step === undefined) return { kind: 'giveUp' };
    this.#sent++;
    this.#packetCount++;
    this.nextAt = now + this.#waitMs;
    this.#waitMs *= 2;
    if (step === 'RESUME') return { kind: 'resume' };
    this.#attempt ??= this.#begin(step);
    return { kind: 'send', packet: this.#attempt.send() };
  }

  /**
   * The responder is busy and asked for a proof. The first RETRY of an attempt is answered at once, others
   * with the next packet: any of them may be forged.
   */
  prove(now: Instant, secretEpoch: number, cookie: Uint8Array): void {
    this.#attempt?.prove(secretEpoch, cookie);
    this.#sent = Math.min(this.#sent, this.#packetCount);
    if (!this.#hasProved) this.nextAt = now;
    this.#hasProved = true;
  }

  /** The peer opens as well and should be let: waits once more as long as it would. */
  yield(now: Instant): void {
    if (!this.#hasYielded) this.nextAt = Math.max(this.nextAt, now + this.#waitMs);
    this.#hasYielded = true;
  }

  /** The present step cannot succeed (ticket refused, forged answers): go to the next one now. */
  skipStep(now: Instant): void {
    this.#nextStep();
    this.nextAt = now;
  }

  #currentStep(): Step | undefined {
    const step = this.#steps[0];
    if (step === undefined || this.#sent < REPEATS[step]) return step;
    this.#nextStep();
    return this.#steps[0];
  }

  #nextStep(): void {
    this.#steps.shift();
    this.#sent = 0;
    this.#waitMs = this.#patienceMs;
    this.#attempt = undefined;
    this.#hasProved = false;
    this.#hasYielded = false;
  }

  #begin(pattern: HandshakePattern): Attempt {
    const e = this.#self.suite.dhKeyPair(randomBytes(this.#random, 32));
    const remote = pattern === 'XX' ? undefined : this.target?.publicKey;
    return new Attempt(this.#self, pattern, this.connection, e, remote);
  }
}
