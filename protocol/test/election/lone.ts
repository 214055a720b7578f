import type { ElectionInput, ElectionOutput, RoleFacts } from '../../src/election/doors.js';
import { Election } from '../../src/election/election.js';
import { NEEDY, THROUGH } from '../../src/election/flags.js';
import type { ElectionRules } from '../../src/election/rules.js';
import { shortKeyOf } from '../../src/identity/id.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import type { Advert } from '../../src/packet/message.js';
import { Dice } from '../routing/graphs.js';
import { testSuite } from './suite.js';

export interface LoneOptions {
  readonly rules?: Partial<ElectionRules>;
  readonly limits?: Partial<Limits>;
  readonly willingness?: number;
  readonly stored?: Uint8Array;
}

/** One election, and neighbours that are played by hand. */
export class Lone {
  now = 1000;
  readonly election: Election;
  readonly outputs: ElectionOutput[] = [];
  readonly #dice = new Dice(1);
  readonly #ids = new Map<number, Uint8Array>();

  constructor(options: LoneOptions = {}) {
    this.election = new Election({
      ...{ now: this.now, self: { id: this.#dice.bytes(16) }, suite: testSuite, random: this.#dice },
      limits: { ...PI_LIMITS, ...options.limits },
      willingness: options.willingness ?? 7,
      rules: options.rules ?? {},
      stored: options.stored,
    });
  }

  short(neighbor: number): string {
    return shortKeyOf(this.idOf(neighbor));
  }

  idOf(neighbor: number): Uint8Array {
    const id = this.#ids.get(neighbor) ?? new Dice(100 + neighbor).bytes(16);
    this.#ids.set(neighbor, id);
    return id;
  }

  up(...neighbors: readonly number[]): void {
    for (const neighbor of neighbors) {
      this.input({ kind: 'neighborUp', neighbor, id: this.idOf(neighbor), bitrate: 0 });
    }
  }

  /** The neighbour says of itself. */
  advert(neighbor: number, fields: Partial<Advert> = {}): void {
    const rest = { era: 0, flags: THROUGH, score: 9, debt: 0, supers: new Uint8Array(0), ...fields };
    this.input({ kind: 'message', from: this.short(neighbor), message: { kind: 'advert', ...rest } });
  }

  needy(neighbor: number): void {
    this.advert(neighbor, { flags: THROUGH | NEEDY });
  }

  input(input: ElectionInput): void {
    this.election.handleInput(this.now, input);
    this.#drain();
  }

  reserve(from: string, flags = 0, attempt = 0): ElectionOutput | undefined {
    this.outputs.length = 0;
    const message = { kind: 'reserve', lifetimeS: 600, flags, attempt } as const;
    this.input({ kind: 'message', from, message });
    return this.outputs.find((output) => output.kind === 'send' && output.to === from);
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (let at = this.election.pollTimeout(); at !== undefined && at <= until; ) {
      this.now = Math.max(this.now, at);
      this.input({ kind: 'timeout' });
      at = this.election.pollTimeout();
    }
    this.now = until;
  }

  /** Time until it is in that state; undefined when that takes longer. */
  msUntil(state: RoleFacts['state'], withinMs: number): number | undefined {
    const start = this.now;
    while (this.role?.state !== state && this.now < start + withinMs) this.run(50);
    return this.role?.state === state ? this.now - start : undefined;
  }

  /** What it said last. */
  get role(): RoleFacts | undefined {
    return this.#roles.at(-1);
  }

  get advertised(): Advert | undefined {
    return this.#adverts.at(-1);
  }

  readonly #roles: RoleFacts[] = [];
  readonly #adverts: Advert[] = [];

  #drain(): void {
    for (let o = this.election.pollOutput(); o !== undefined; o = this.election.pollOutput()) {
      this.outputs.push(o);
      if (o.kind === 'role') this.#roles.push(o.role);
      if (o.kind === 'advert') this.#adverts.push(o.message);
    }
  }
}
