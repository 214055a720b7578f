import type { Command, CommandId, NodeEvent } from '../../src/api.js';
import { CborWriter } from '../../src/cbor/writer.js';
import type { NodeKey } from '../../src/kernel/link.js';
import type { Machine } from '../../src/kernel/machine.js';
import { decodeMessages, encodeMessage } from '../../src/packet/codec.js';
import type { Message } from '../../src/packet/message.js';
import type { Delivery, PeerDownCode, PortInput, PortOutput } from '../../src/service/port.js';

/**
 * A few service machines and a virtual wire with virtual time: datagrams get lost, doubled and overtake each
 * other, reliable messages arrive once and in order while the session lives. Every byte array that a machine
 * borrows is overwritten after the call, so that one which was kept shows.
 */
export type WireInput =
  | PortInput
  | { readonly kind: 'command'; readonly id: CommandId; readonly command: Command };

export interface WireOptions {
  readonly seed?: number;
  /** Of datagrams, 0 ... 1. */
  readonly loss?: number;
  readonly duplicate?: number;
  readonly delayMs?: number;
  readonly jitterMs?: number;
}

export interface Seen {
  readonly at: number;
  readonly event: NodeEvent;
}

export interface Sent {
  readonly at: number;
  readonly from: NodeKey;
  readonly to: NodeKey;
  readonly message: Message;
  readonly delivery: Delivery;
  /** Encoded. */
  readonly bytes: number;
}

/** Outputs beyond those of the port are collected for the test. */
type AnyMachine = Machine<WireInput, { readonly kind: string }>;

interface Station {
  readonly key: NodeKey;
  machine: AnyMachine;
  readonly seen: Seen[];
  readonly dropped: string[];
  readonly others: { readonly kind: string }[];
  react: ((event: NodeEvent) => void) | undefined;
}

interface Session {
  state: 'none' | 'opening' | 'up';
  epoch: number;
  readonly waiting: (() => void)[];
  /** Tags that are not settled yet: those of one station each. */
  readonly tags: Map<string, { readonly from: NodeKey; readonly tag: number }>;
  readonly lastReliableAt: Map<NodeKey, number>;
}

export function keyFor(digit: string): NodeKey {
  return digit.repeat(32);
}

export class Wire {
  now = 1000;
  loss: number;
  duplicate: number;
  openMs = 30;
  readonly sent: Sent[] = [];
  readonly #delayMs: number;
  readonly #jitterMs: number;
  readonly #stations = new Map<NodeKey, Station>();
  readonly #sessions = new Map<string, Session>();
  readonly #cut = new Set<string>();
  #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  #nextCommand = 1;
  #seed: number;

  constructor(options: WireOptions = {}) {
    this.#seed = (options.seed ?? 1) >>> 0;
    this.loss = options.loss ?? 0;
    this.duplicate = options.duplicate ?? 0;
    this.#delayMs = options.delayMs ?? 10;
    this.#jitterMs = options.jitterMs ?? 0;
  }

  add(key: NodeKey, machine: unknown, react?: (event: NodeEvent) => void): void {
    const station: Station = {
      key,
      machine: machine as AnyMachine,
      seen: [],
      dropped: [],
      others: [],
      react,
    };
    this.#stations.set(key, station);
  }

  react(key: NodeKey, react: (event: NodeEvent) => void): void {
    this.#station(key).react = react;
  }

  events(key: NodeKey): NodeEvent[] {
    return this.#station(key).seen.map((seen) => seen.event);
  }

  seen(key: NodeKey): readonly Seen[] {
    return this.#station(key).seen;
  }

  /** The events of one kind, typed. */
  of<K extends NodeEvent['kind']>(key: NodeKey, kind: K): Extract<NodeEvent, { kind: K }>[] {
    return this.events(key).filter((event): event is Extract<NodeEvent, { kind: K }> => event.kind === kind);
  }

  dropped(key: NodeKey): readonly string[] {
    return this.#station(key).dropped;
  }

  others(key: NodeKey): readonly { readonly kind: string }[] {
    return this.#station(key).others;
  }

  input(key: NodeKey, input: unknown): void {
    const station = this.#station(key);
    station.machine.handleInput(this.now, input as WireInput);
    this.#drain(station);
  }

  command(key: NodeKey, command: Command): CommandId {
    const id = this.#nextCommand++;
    this.input(key, { kind: 'command', id, command });
    return id;
  }

  name(peer: NodeKey, name: string): void {
    for (const key of this.#stations.keys()) this.input(key, { kind: 'peerNamed', peer, name });
  }

  open(a: NodeKey, b: NodeKey, resumed = false): void {
    const session = this.#session(a, b);
    session.state = 'up';
    session.epoch++;
    const waiting = session.waiting.splice(0);
    for (const [peer, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (this.#stations.has(peer)) this.input(peer, { kind: 'peerUp', peer: other, resumed });
    }
    for (const send of waiting) send();
  }

  /** Both lose the session, and what was under way in it. */
  close(a: NodeKey, b: NodeKey, code: PeerDownCode = 'closed'): void {
    this.#forget(a, b);
    if (this.#stations.has(a)) this.input(a, { kind: 'peerDown', peer: b, code });
    if (this.#stations.has(b)) this.input(b, { kind: 'peerDown', peer: a, code });
  }

  cut(a: NodeKey, b: NodeKey): void {
    this.#cut.add(pairOf(a, b));
  }

  heal(a: NodeKey, b: NodeKey): void {
    this.#cut.delete(pairOf(a, b));
  }

  /** The station comes back without memory; the others learn it from the new session's handshake. */
  restart(key: NodeKey, machine: unknown): void {
    for (const other of this.#stations.keys()) this.#disown(key, other);
    const station = this.#station(key);
    station.machine = machine as AnyMachine;
    for (const other of this.#stations.keys()) {
      if (other === key || this.#session(key, other).state !== 'up') continue;
      this.#forget(key, other);
      this.input(other, { kind: 'peerDown', peer: key, code: 'restarted' });
      this.open(key, other);
    }
  }

  schedule(afterMs: number, run: () => void): void {
    this.#queue.push({ at: this.now + afterMs, order: this.#order++, run });
  }

  /** Runs until `at`, or until nothing is pending. */
  run(untilMs: number): void {
    const end = this.now + untilMs;
    for (let steps = 0; steps < 1_000_000; steps++) {
      const at = this.#next();
      if (at === undefined || at > end) break;
      this.now = Math.max(this.now, at);
      this.#step();
    }
    this.now = end;
  }

  /** When the earliest thing happens; undefined when all is at rest. */
  get nextAt(): number | undefined {
    return this.#next();
  }

  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) >>> 0;
    let t = this.#seed;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  #next(): number | undefined {
    let at: number | undefined;
    for (const item of this.#queue) if (at === undefined || item.at < at) at = item.at;
    for (const { machine } of this.#stations.values()) {
      const wake = machine.pollTimeout();
      if (wake !== undefined && (at === undefined || wake < at)) at = wake;
    }
    return at;
  }

  #step(): void {
    const due = this.#queue.filter((item) => item.at <= this.now);
    this.#queue = this.#queue.filter((item) => item.at > this.now);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const item of due) item.run();
    for (const [key, { machine }] of this.#stations) {
      const wake = machine.pollTimeout();
      if (wake === undefined || wake > this.now) continue;
      this.input(key, { kind: 'timeout' });
      const next = machine.pollTimeout();
      if (next !== undefined && next <= this.now) throw new Error('a timeout leaves no timeout that is due');
    }
  }

  #drain(station: Station): void {
    for (;;) {
      const output = station.machine.pollOutput() as PortOutput | undefined;
      if (output === undefined) return;
      if (output.kind === 'send') this.#onSend(station.key, output);
      else if (output.kind === 'dropped') station.dropped.push(output.reason);
      else if (output.kind === 'event') {
        station.seen.push({ at: this.now, event: output.event });
        const { react } = station;
        if (react !== undefined) this.schedule(0, () => react(output.event));
      } else station.others.push(output);
    }
  }

  #onSend(from: NodeKey, send: Extract<PortOutput, { kind: 'send' }>): void {
    const { to, delivery, tag } = send;
    const bytes = encoded(send.message);
    const message = decoded(bytes);
    this.sent.push({ at: this.now, from, to, message, delivery, bytes: bytes.length });
    const session = this.#session(from, to);
    const go = () =>
      delivery === 'datagram' ? this.#datagram(from, to, message) : this.#reliable(from, to, message, tag);
    if (tag !== undefined) session.tags.set(`${from}/${tag}`, { from, tag });
    if (session.state === 'up') return go();
    session.waiting.push(go);
    if (session.state === 'opening') return;
    session.state = 'opening';
    this.schedule(this.openMs, () => {
      if (session.state !== 'opening') return;
      if (!this.#cut.has(pairOf(from, to)) && this.#stations.has(to)) return this.open(from, to);
      this.#forget(from, to);
      this.input(from, { kind: 'peerDown', peer: to, code: 'unreachable' });
    });
  }

  #datagram(from: NodeKey, to: NodeKey, message: Message): void {
    const copies = this.random() < this.duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.random() < this.loss || this.#cut.has(pairOf(from, to))) continue;
      const { epoch } = this.#session(from, to);
      this.schedule(this.#delay(), () => {
        if (this.#session(from, to).epoch === epoch && this.#stations.has(to))
          this.#deliver(from, to, message, 'datagram');
      });
    }
  }

  #reliable(from: NodeKey, to: NodeKey, message: Message, tag: number | undefined): void {
    const session = this.#session(from, to);
    const { epoch } = session;
    let delay = this.#delay();
    while (this.random() < this.loss) delay += 4 * this.#delayMs;
    const at = Math.max(this.now + delay, session.lastReliableAt.get(to) ?? 0);
    session.lastReliableAt.set(to, at);
    this.schedule(at - this.now, () => {
      if (session.epoch !== epoch || this.#cut.has(pairOf(from, to)) || !this.#stations.has(to)) return;
      this.#deliver(from, to, message, 'reliable');
    });
    if (tag === undefined) return;
    this.schedule(at - this.now + this.#delay(), () => {
      if (session.epoch === epoch && !this.#cut.has(pairOf(from, to))) {
        this.#settle(session, from, tag, true);
      }
    });
  }

  #settle(session: Session, from: NodeKey, tag: number, ok: boolean): void {
    if (session.tags.delete(`${from}/${tag}`)) this.input(from, { kind: 'settled', tag, ok });
  }

  #deliver(from: NodeKey, to: NodeKey, message: Message, delivery: Delivery): void {
    const borrowed = decoded(encoded(message));
    this.input(to, { kind: 'message', from, message: borrowed, delivery });
    for (const value of Object.values(borrowed)) if (value instanceof Uint8Array) value.fill(0xee);
  }

  #delay(): number {
    return this.#delayMs + Math.floor(this.random() * this.#jitterMs);
  }

  #forget(a: NodeKey, b: NodeKey): void {
    const session = this.#session(a, b);
    session.state = 'none';
    session.epoch++;
    session.waiting.length = 0;
    session.lastReliableAt.clear();
    for (const { from, tag } of session.tags.values()) this.#settle(session, from, tag, false);
  }

  /** A restarted station hears nothing of the tags of its former life. */
  #disown(station: NodeKey, other: NodeKey): void {
    const { tags } = this.#session(station, other);
    for (const [id, { from }] of tags) if (from === station) tags.delete(id);
  }

  #session(a: NodeKey, b: NodeKey): Session {
    const pair = pairOf(a, b);
    const known = this.#sessions.get(pair);
    if (known !== undefined) return known;
    const session: Session = {
      state: 'none',
      epoch: 0,
      waiting: [],
      tags: new Map(),
      lastReliableAt: new Map(),
    };
    this.#sessions.set(pair, session);
    return session;
  }

  #station(key: NodeKey): Station {
    const station = this.#stations.get(key);
    if (station === undefined) throw new Error(`no station ${key}`);
    return station;
  }
}

function pairOf(a: NodeKey, b: NodeKey): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

function encoded(message: Message): Uint8Array {
  const into = new CborWriter();
  encodeMessage(message, into);
  return into.finish();
}

/** What the peer makes of it, in bytes of its own. */
function decoded(bytes: Uint8Array): Message {
  const messages = decodeMessages(new Uint8Array(bytes));
  if (messages?.length !== 1) throw new Error('a service sends what the codec carries');
  return messages[0] as Message;
}
