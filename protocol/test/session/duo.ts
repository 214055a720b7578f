import { nobleSuite } from '../../src/crypto/noble.js';
import type { CryptoSuite } from '../../src/crypto/suite.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { createNetworkKey, type NetworkKey } from '../../src/identity/network.js';
import type { DropReason } from '../../src/kernel/fault.js';
import type { Via } from '../../src/kernel/link.js';
import type { Random } from '../../src/kernel/random.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import type { Message } from '../../src/packet/message.js';
import type { SessionOutput } from '../../src/session/output.js';
import { type SessionInput, SessionTable } from '../../src/session/sessions.js';

/** xorshift32: enough to make a test's wire repeatable. */
export class TestRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761 + 1;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(this.next() * 256);
  }

  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 0x1_0000_0000;
  }
}

export interface WireOptions {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplication: number;
  readonly mtu: number;
}

export interface End {
  readonly name: string;
  readonly identity: Identity;
  table: SessionTable;
  readonly events: SessionOutput[];
  readonly messages: Message[];
  readonly settled: { tag: number; ok: boolean }[];
  readonly dropped: DropReason[];
  readonly store: Map<string, Uint8Array>;
}

interface Flying {
  readonly at: number;
  readonly order: number;
  readonly to: End;
  readonly via: Via;
  readonly bytes: Uint8Array;
}

const PERFECT: WireOptions = { delayMs: 5, jitterMs: 0, loss: 0, duplication: 0, mtu: 1200 };

export interface DuoOptions {
  readonly seed?: number;
  readonly wire?: Partial<WireOptions>;
  readonly limits?: Partial<Limits>;
  /** Default: the portable one. */
  readonly suite?: CryptoSuite;
  /** Issues each end its certificate. */
  readonly certify?: (suite: CryptoSuite, issuer: Identity, subject: Uint8Array) => Uint8Array;
}

/** Two session tables on one wire with virtual time. The owner's part (choosing paths) is the obvious one. */
export class Duo {
  readonly suite: CryptoSuite;
  readonly random: TestRandom;
  readonly network: NetworkKey;
  /** Issues certificates. */
  readonly owner: Identity;
  readonly a: End;
  readonly b: End;
  wire: WireOptions;
  now = 1000;
  /** Every packet that was sent, lost ones included. */
  readonly sent: { from: string; bytes: Uint8Array }[] = [];
  /** Decides what happens to a packet: false loses it. */
  filter: (from: End, bytes: Uint8Array) => boolean = () => true;
  /** Decides what happens to what an end wants stored: false loses it, and nothing is confirmed. */
  stores: (end: End) => boolean = () => true;
  #flying: Flying[] = [];
  #order = 0;
  readonly #limits: Limits;
  readonly #certify: DuoOptions['certify'];

  constructor(options: DuoOptions = {}) {
    this.suite = options.suite ?? nobleSuite();
    this.random = new TestRandom(options.seed ?? 1);
    this.wire = { ...PERFECT, ...options.wire };
    this.#certify = options.certify;
    this.#limits = { ...PI_LIMITS, ...options.limits };
    this.network = createNetworkKey(this.suite, this.random);
    this.owner = createIdentity(this.suite, this.random);
    this.a = this.#makeEnd('a');
    this.b = this.#makeEnd('b');
  }

  input(end: End, input: SessionInput): void {
    end.table.handleInput(this.now, input);
    this.#drain(end);
  }

  /** Tells both ends each other's key. */
  acquaint(): void {
    this.input(this.a, { kind: 'learn', publicKey: this.b.identity.publicKey });
    this.input(this.b, { kind: 'learn', publicKey: this.a.identity.publicKey });
  }

  via(to: End): Via {
    return { kind: 'direct', link: 1, address: to.name };
  }

  open(from: End, to: End): void {
    const { mtu } = this.wire;
    this.input(from, { kind: 'open', peer: to.identity.key, via: this.via(to), patienceMs: 250, mtu });
  }

  greet(from: End, to: End): void {
    this.input(from, { kind: 'greet', via: this.via(to), patienceMs: 250, mtu: this.wire.mtu });
  }

  send(from: End, message: Message, delivery: 'datagram' | 'reliable', tag?: number): void {
    const to = from === this.a ? this.b : this.a;
    this.input(from, { kind: 'send', peer: to.identity.key, message, delivery, tag });
  }

  /** A packet from outside, as if it came over the wire. */
  inject(to: End, from: End, bytes: Uint8Array): void {
    this.input(to, { kind: 'packet', via: this.via(from), bytes, mtu: this.wire.mtu });
  }

  runFor(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#nextAt();
      if (next === undefined || next > end) break;
      this.now = Math.max(this.now, next);
      this.#step();
    }
    this.now = end;
  }

  /** Loses all memory but the store. */
  restart(end: End): void {
    end.table = this.#makeTable(end.identity, end.store);
    this.#drain(end);
  }

  count(end: End, kind: SessionOutput['kind']): number {
    return end.events.filter((event) => event.kind === kind).length;
  }

  #makeEnd(name: string): End {
    const identity = createIdentity(this.suite, this.random);
    const store = new Map<string, Uint8Array>();
    const table = this.#makeTable(identity, store);
    return { name, identity, table, store, events: [], messages: [], settled: [], dropped: [] };
  }

  #makeTable(identity: Identity, store: Map<string, Uint8Array>): SessionTable {
    const { suite, network, random, now } = this;
    return new SessionTable({
      now,
      suite,
      identity,
      network,
      random,
      limits: this.#limits,
      restored: new Map(store),
      certificate: this.#certify?.(suite, this.owner, identity.publicKey),
    });
  }

  #drain(end: End): void {
    for (;;) {
      const output = end.table.pollOutput();
      if (output === undefined) return;
      this.#onOutput(end, output);
    }
  }

  #onOutput(end: End, output: SessionOutput): void {
    if (output.kind === 'transmit') return this.#transmit(end, output.bytes);
    end.events.push(output);
    switch (output.kind) {
      case 'opened':
        return end.table.handleInput(this.now, {
          kind: 'path',
          session: output.session,
          via: output.via,
          mtu: this.wire.mtu,
        });
      case 'wanted':
        return this.open(end, end === this.a ? this.b : this.a);
      case 'message':
        end.messages.push(output.message);
        return;
      case 'settled':
        end.settled.push({ tag: output.tag, ok: output.ok });
        return;
      case 'dropped':
        end.dropped.push(output.reason);
        return;
      case 'persist':
        if (!this.stores(end)) return;
        if (output.value === undefined) end.store.delete(output.key);
        else end.store.set(output.key, output.value);
        return end.table.handleInput(this.now, { kind: 'persisted', key: output.key });
      default:
    }
  }

  #transmit(from: End, bytes: Uint8Array): void {
    const to = from === this.a ? this.b : this.a;
    this.sent.push({ from: from.name, bytes });
    if (!this.filter(from, bytes)) return;
    const copies = this.random.next() < this.wire.duplication ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.random.next() < this.wire.loss) continue;
      const at = this.now + this.wire.delayMs + this.random.next() * this.wire.jitterMs;
      this.#flying.push({ at, order: this.#order++, to, via: this.via(from), bytes });
    }
  }

  #nextAt(): number | undefined {
    const times = this.#flying.map((packet) => packet.at);
    for (const end of [this.a, this.b]) {
      const at = end.table.pollTimeout();
      if (at !== undefined) times.push(at);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #step(): void {
    this.#flying.sort((x, y) => x.at - y.at || x.order - y.order);
    const packet = this.#flying[0];
    if (packet !== undefined && packet.at <= this.now) {
      this.#flying.shift();
      return this.input(packet.to, {
        kind: 'packet',
        via: packet.via,
        bytes: packet.bytes,
        mtu: this.wire.mtu,
      });
    }
    for (const end of [this.a, this.b]) {
      const at = end.table.pollTimeout();
      if (at !== undefined && at <= this.now) this.input(end, { kind: 'timeout' });
    }
  }
}
