import type { ElectionInput, ElectionOutput, RoleFacts } from '../../src/election/doors.js';
import { Election } from '../../src/election/election.js';
import type { ElectionRules } from '../../src/election/rules.js';
import { shortKeyOf } from '../../src/identity/id.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import { Agenda, Dice, type Edge } from '../routing/graphs.js';
import { testSuite } from './suite.js';

/** Elections wired to each other in virtual time, without anything below them. */

export interface AssemblyOptions {
  readonly seed: number;
  readonly nodeCount: number;
  readonly edges: readonly Edge[];
  readonly rules?: Partial<ElectionRules>;
  readonly limits?: Partial<Limits>;
  readonly willingnessOf?: (node: number) => number;
  /** Nodes come up within this time. */
  readonly spreadMs?: number;
  readonly delayMsMax?: number;
}

interface Member {
  readonly id: Uint8Array;
  readonly short: string;
  election: Election;
  isUp: boolean;
  role: RoleFacts | undefined;
  stored: Uint8Array | undefined;
  storedCount: number;
}

export interface Change {
  readonly at: number;
  readonly node: number;
  readonly state: RoleFacts['state'];
}

const HEARTBEAT_HOLD_MS = 28_000;

export class Assembly {
  now = 1000;
  readonly members: Member[] = [];
  readonly changes: Change[] = [];
  readonly outputs: { readonly at: number; readonly node: number; readonly output: ElectionOutput }[] = [];
  readonly #dice: Dice;
  readonly #agenda = new Agenda();
  readonly #options: AssemblyOptions;
  readonly #neighbors: number[][];

  constructor(options: AssemblyOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#neighbors = Array.from({ length: options.nodeCount }, () => []);
    for (const [a, b] of options.edges) {
      this.#neighbors[a]?.push(b);
      this.#neighbors[b]?.push(a);
    }
    for (let node = 0; node < options.nodeCount; node++) this.members.push(this.#newMember(node));
    for (let node = 0; node < options.nodeCount; node++) {
      this.#agenda.add(this.now + this.#dice.below(options.spreadMs ?? 1), () => this.#join(node));
    }
  }

  member(node: number): Member {
    const member = this.members[node];
    if (member === undefined) throw new Error(`no member ${node}`);
    return member;
  }

  state(node: number): string {
    return this.member(node).role?.state ?? 'listen';
  }

  states(): readonly string[] {
    return this.members.map((_, node) => this.state(node));
  }

  supers(): readonly number[] {
    return this.members.flatMap((_, node) =>
      ['super', 'retiring'].includes(this.state(node)) ? [node] : [],
    );
  }

  /** Of those that are there. */
  covered(): number {
    const alive = this.members.filter(({ isUp }) => isUp);
    const covered = alive.filter(({ role }) => {
      if (role === undefined || role.state === 'listen') return false;
      const isServing = role.state !== 'leaf' && role.state !== 'candidate';
      return isServing || role.supernodes.length >= role.wanted;
    });
    return covered.length / alive.length;
  }

  /** Power goes; neighbours notice after their hold time. */
  kill(node: number): void {
    this.member(node).isUp = false;
    for (const peer of this.#neighbors[node] ?? []) {
      this.#agenda.add(this.now + HEARTBEAT_HOLD_MS - this.#dice.below(8000), () => {
        const { short } = this.member(node);
        this.input(peer, { kind: 'neighborDown', neighbor: node });
        this.input(peer, { kind: 'peerDown', peer: short });
      });
    }
  }

  input(node: number, input: ElectionInput): void {
    const member = this.member(node);
    if (!member.isUp) return;
    member.election.handleInput(this.now, input);
    this.#drain(node);
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [node, wakeAt] = this.#nextWake();
      const at = Math.min(this.#agenda.nextAt, wakeAt);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (this.#agenda.nextAt <= wakeAt) this.#agenda.take()?.run();
      else this.input(node, { kind: 'timeout' });
    }
    this.now = until;
  }

  /** Seconds until `holds`; undefined when it does not within `ms`. */
  secondsUntil(holds: () => boolean, ms: number): number | undefined {
    const start = this.now;
    while (this.now < start + ms) {
      if (holds()) return (this.now - start) / 1000;
      this.run(500);
    }
    return holds() ? (this.now - start) / 1000 : undefined;
  }

  messages(node: number): readonly ElectionOutput[] {
    return this.outputs.filter((entry) => entry.node === node).map(({ output }) => output);
  }

  #newMember(node: number): Member {
    const id = this.#dice.bytes(16);
    const { rules, limits, willingnessOf } = this.#options;
    const election = new Election({
      ...{ now: this.now, self: { id }, suite: testSuite, random: this.#dice, stored: undefined },
      limits: { ...PI_LIMITS, ...limits },
      willingness: willingnessOf?.(node) ?? 7,
      rules: rules ?? {},
    });
    const none = { role: undefined, stored: undefined, storedCount: 0 };
    return { id, short: shortKeyOf(id), election, isUp: false, ...none };
  }

  #join(node: number): void {
    this.member(node).isUp = true;
    for (const peer of this.#neighbors[node] ?? []) {
      if (!this.member(peer).isUp) continue;
      for (const [near, far] of [
        [node, peer],
        [peer, node],
      ] as const) {
        const { id } = this.member(far);
        this.input(near, { kind: 'neighborUp', neighbor: far, id, bitrate: 0 });
      }
    }
    const isBeyond = (this.#neighbors[node]?.length ?? 0) < this.members.length - 1;
    this.input(node, { kind: 'beyond', isBeyond });
  }

  #drain(node: number): void {
    const member = this.member(node);
    for (let o = member.election.pollOutput(); o !== undefined; o = member.election.pollOutput()) {
      this.outputs.push({ at: this.now, node, output: o });
      if (o.kind === 'role') this.#onRole(node, o.role);
      if (o.kind === 'persist') member.stored = o.value;
      if (o.kind === 'persist') member.storedCount++;
      if (o.kind === 'advert') this.#carry(node, o.neighbor, o.message);
      if (o.kind === 'send') {
        const to = this.members.findIndex(({ short }) => short === o.to);
        this.#carry(node, to, o.message);
      }
    }
  }

  #carry(node: number, to: number, message: Extract<ElectionInput, { kind: 'message' }>['message']): void {
    const from = this.member(node).short;
    const delayMs = 1 + this.#dice.below(this.#options.delayMsMax ?? 10);
    this.#agenda.add(this.now + delayMs, () => this.input(to, { kind: 'message', from, message }));
  }

  #onRole(node: number, role: RoleFacts): void {
    const before = this.state(node);
    this.member(node).role = role;
    if (role.state !== before) this.changes.push({ at: this.now, node, state: role.state });
  }

  #nextWake(): readonly [number, number] {
    let node = 0;
    let soonest = Infinity;
    for (let i = 0; i < this.members.length; i++) {
      const { election, isUp } = this.member(i);
      const at = isUp ? (election.pollTimeout() ?? Infinity) : Infinity;
      if (at >= soonest) continue;
      node = i;
      soonest = at;
    }
    return [node, soonest];
  }
}
