import { stubSuite } from '@fogwisp/protocol/sim';
import { shortKeyOf } from '../../src/identity/id.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { signRecord } from '../../src/identity/record.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import type { IndexInput, IndexMessage, IndexOutput } from '../../src/rendezvous/doors.js';
import { Rendezvous } from '../../src/rendezvous/rendezvous.js';
import { INDEX_RULES, type IndexRules } from '../../src/rendezvous/rules.js';
import { Dice, type Edge } from '../routing/graphs.js';

const HOP_MS = 5;

export interface TownOptions {
  readonly count: number;
  readonly edges: readonly Edge[];
  readonly seed?: number;
  readonly bitrate?: number;
  readonly limits?: Partial<Limits>;
  readonly rules?: Partial<IndexRules>;
}

export interface Citizen {
  readonly identity: Identity;
  readonly machine: Rendezvous;
  readonly found: Extract<IndexOutput, { kind: 'found' }>[];
  readonly introduced: string[];
  readonly dropped: string[];
  isHolder: boolean;
  isDead: boolean;
}

/** Index machines on a graph; the numbers of neighbours are those of the nodes. */
export class Town {
  now = 1000;
  readonly suite = stubSuite();
  readonly network = { key: new Uint8Array(32).fill(7) };
  readonly citizens: Citizen[] = [];
  /** Changes or swallows what goes from one to another. */
  tap: ((from: number, to: number, message: IndexMessage) => IndexMessage | undefined) | undefined;
  readonly sent: { readonly from: number; readonly to: number; readonly message: IndexMessage }[] = [];
  readonly #neighbors: number[][] = [];
  readonly #queue: {
    readonly at: number;
    readonly from: number;
    readonly to: number;
    readonly message: IndexMessage;
  }[] = [];

  constructor({ count, edges, seed = 1, limits, rules, bitrate = 0 }: TownOptions) {
    const dice = new Dice(seed);
    for (let i = 0; i < count; i++) {
      const identity = createIdentity(this.suite, dice);
      const machine = new Rendezvous({
        ...{ self: identity, suite: this.suite, network: this.network, random: dice },
        ...{ limits: { ...PI_LIMITS, ...limits }, rules: { ...INDEX_RULES, ...rules } },
      });
      this.citizens.push({
        identity,
        machine,
        found: [],
        introduced: [],
        dropped: [],
        isHolder: false,
        isDead: false,
      });
      this.#neighbors.push([]);
    }
    for (const [a, b] of edges) {
      this.#neighbors[a]?.push(b);
      this.#neighbors[b]?.push(a);
      this.input(a, { kind: 'neighborUp', neighbor: b, bitrate });
      this.input(b, { kind: 'neighborUp', neighbor: a, bitrate });
    }
  }

  citizen(index: number): Citizen {
    return this.citizens[index] as Citizen;
  }

  short(index: number): string {
    return this.citizen(index).identity.short;
  }

  record(
    index: number,
    name: string,
    change: { sequence?: number; claimedAt?: number; boot?: number } = {},
  ): Uint8Array {
    const { identity } = this.citizen(index);
    const base = { publicKey: identity.publicKey, boot: 1, sequence: 0, name, claimedAt: 0, flags: 0 };
    return signRecord(this.suite, identity, { ...base, ...change });
  }

  /** Each says what it says of itself. */
  settle(holders: readonly number[], nameOf: (index: number) => string = (index) => `n${index}`): void {
    for (let i = 0; i < this.citizens.length; i++) {
      this.input(i, { kind: 'own', name: nameOf(i), record: this.record(i, nameOf(i)) });
    }
    this.appoint(holders);
    this.run(20_000);
  }

  appoint(holders: readonly number[]): void {
    for (let i = 0; i < this.citizens.length; i++) {
      this.citizen(i).isHolder = holders.includes(i);
      this.input(i, { kind: 'service', isHolder: holders.includes(i), where: [] });
      const others = holders.filter((holder) => holder !== i).map((holder) => this.short(holder));
      this.input(i, { kind: 'holders', holders: others });
    }
  }

  input(index: number, input: IndexInput): void {
    const citizen = this.citizen(index);
    if (citizen.isDead) return;
    citizen.machine.handleInput(this.now, input);
    for (let o = citizen.machine.pollOutput(); o !== undefined; o = citizen.machine.pollOutput()) {
      this.#perform(index, o);
    }
  }

  run(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now = Math.min(until, Math.max(this.now + HOP_MS, this.#nextAt()));
      for (let next = this.#queue[0]; next !== undefined && next.at <= this.now; next = this.#queue[0]) {
        this.#queue.shift();
        this.input(next.to, { kind: 'message', neighbor: next.from, message: next.message });
      }
      for (let i = 0; i < this.citizens.length; i++) {
        const at = this.citizen(i).machine.pollTimeout();
        if (at !== undefined && at <= this.now) this.input(i, { kind: 'timeout' });
      }
    }
  }

  /** Nothing happens before. */
  #nextAt(): number {
    let at = this.#queue[0]?.at ?? Infinity;
    for (const { machine } of this.citizens) at = Math.min(at, machine.pollTimeout() ?? Infinity);
    return at;
  }

  /** Names found by that one since. */
  namesFound(index: number): readonly string[] {
    return this.citizen(index).found.map(({ node }) => node);
  }

  #perform(index: number, output: IndexOutput): void {
    if (output.kind === 'found') this.citizen(index).found.push(output);
    else if (output.kind === 'introduced') this.citizen(index).introduced.push(output.peer);
    else if (output.kind === 'dropped') this.citizen(index).dropped.push(output.reason);
    else if (output.kind === 'send') this.#send(index, output.neighbor, output.message);
    else {
      const to = this.#nextHop(index, output.destination);
      if (to !== undefined && to !== output.except) this.#send(index, to, output.message);
    }
  }

  #send(from: number, to: number, sent: IndexMessage): void {
    const message = this.tap === undefined ? sent : this.tap(from, to, sent);
    if (message === undefined) return;
    this.sent.push({ from, to, message });
    this.#queue.push({ at: this.now + HOP_MS, from, to, message });
  }

  #nextHop(from: number, destination: string): number | undefined {
    const to = this.citizens.findIndex(({ identity }) => shortKeyOf(identity.id) === destination);
    const distance = new Map<number, number>([[to, 0]]);
    const waiting = [to];
    for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
      for (const next of this.#neighbors[at] ?? []) {
        if (distance.has(next) || this.citizen(next).isDead) continue;
        distance.set(next, (distance.get(at) ?? 0) + 1);
        waiting.push(next);
      }
    }
    const near = (this.#neighbors[from] ?? []).filter((each) => !this.citizen(each).isDead);
    return near.find((each) => distance.get(each) === (distance.get(from) ?? 0) - 1);
  }
}
