/**
 * The index of the network (SPEC §9.6, §9.7): records of nodes, and who publishes what, are kept for a while
 * by the supernodes closest to their keys, and asked for there. Everything goes from neighbour to neighbour
 * inside their sessions, as searches for routes do, so that nobody needs a session, or even the key, of who
 * keeps something.
 *
 *   own record -> store -> holder | look-up -> holders, then everybody -> found -> back along the way
 *
 * A holder vouches for nothing: records are signed by their nodes, and whoever asked verifies them.
 */
import type { CryptoSuite } from '../crypto/suite.js';
import { signEntry } from '../identity/entry.js';
import { nodeIdOf, nodeKeyOf, shortBytes, shortKeyOf } from '../identity/id.js';
import type { Identity } from '../identity/identity.js';
import { decodeRecord } from '../identity/record.js';
import { unreachable } from '../kernel/assert.js';
import { concatBytes, copyBytes, EMPTY, equalBytes, readU32 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { type Found, type Lookup, type Store, Subject } from '../packet/message.js';
import type { IndexFigures, IndexInput, IndexMessage, IndexOutput } from './doors.js';
import { Holding, type KeptRecord } from './holding.js';
import { Inquiries } from './inquiries.js';
import type { Wish } from './inquiry.js';
import { keyOf } from './keys.js';
import { Listening } from './listening.js';
import { closest } from './rank.js';
import { type Reading, readRecord } from './reading.js';
import { Registrar, SPREAD_MS, type Telling } from './registrar.js';
import { type IndexRules, WHERE_COUNT_MAX } from './rules.js';
import { Toll, Tolls } from './tolls.js';
import { type Question, Trail } from './trail.js';
import { Verifier } from './verifier.js';

/** The first time it is told at once, but not before its neighbours can have come. */
const SOON_MS = 3 * SECOND_MS;
const HOPS_ALL = 255;
const SHORT_BYTES = 8;
/** Questions under way for others, each for 20 s: of who keeps records, and of who has no room for any. */
const TRAIL_ROWS = 256;
const TRAIL_ROWS_FEW = 16;
/** What this node keeps for itself came by nobody. */
const NOBODY = -1;

export interface RendezvousOptions {
  readonly self: Identity;
  readonly suite: CryptoSuite;
  readonly network: { readonly key: Uint8Array };
  readonly random: Random;
  readonly limits: Limits;
  readonly rules: IndexRules;
}

export class Rendezvous implements Machine<IndexInput, IndexOutput> {
  readonly #options: RendezvousOptions;
  readonly #outbox = new Outbox<IndexOutput>();
  readonly #self: Uint8Array;
  readonly #tolls: Tolls;
  readonly #trail: Trail;
  readonly #registrar = new Registrar();
  readonly #inquiries = new Inquiries();
  readonly #verifier: Verifier;
  #holding: Holding | undefined;
  #listenings: Listening[] = [];
  /** Keys of the topics that this node publishes. */
  #published: readonly Uint8Array[] = [];
  #isBeyond = false;
  #others: readonly Uint8Array[] = [];
  /** Supernodes that know a way here. */
  #where: Uint8Array = EMPTY;
  #record: Uint8Array | undefined;
  #nameKey: Uint8Array | undefined;
  #boot = 0;

  constructor(options: RendezvousOptions) {
    const { self, suite, limits } = options;
    this.#options = options;
    this.#self = shortBytes(self.short);
    this.#tolls = new Tolls(limits.neighborCountMax);
    this.#trail = new Trail(limits.indexCountMax === 0 ? TRAIL_ROWS_FEW : TRAIL_ROWS);
    this.#verifier = new Verifier(suite, limits.dhPerSecondMax);
  }

  handleInput(now: Instant, input: IndexInput): void {
    this.#onInput(now, input);
    this.#act(now);
  }

  pollOutput(): IndexOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    let at = Math.min(this.#registrar.wakeAt, this.#inquiries.wakeAt);
    if (this.#isTalking) for (const { wakeAt } of this.#listenings) at = Math.min(at, wakeAt);
    return at === Infinity ? undefined : at;
  }

  figures(now: Instant): IndexFigures {
    return { records: this.#holding?.countAt(now) ?? 0, ...this.#inquiries.ended };
  }

  #onInput(now: Instant, input: IndexInput): void {
    switch (input.kind) {
      case 'neighborUp':
        return this.#tolls.up(input.neighbor, input.bitrate);
      case 'neighborDown':
        return this.#tolls.down(input.neighbor);
      case 'message':
        return this.#onMessage(now, input.neighbor, input.message);
      case 'holders':
        this.#others = input.holders.map(shortBytes);
        return this.#review(now);
      case 'service':
        return this.#onService(now, input.isHolder, input.where);
      case 'own':
        return this.#onOwn(now, input.name, input.record);
      case 'topics':
        return this.#onTopics(now, input.published, input.wanted);
      case 'beyond':
        this.#isBeyond = input.isBeyond;
        return;
      case 'seekNode':
        // With nobody to ask, the search of routes finds it.
        if (this.#others.length === 0) return;
        return this.#seek(now, Subject.id, shortBytes(input.node), undefined, Infinity);
      case 'seekName':
        return this.#seek(now, Subject.name, this.#keyOf('name', input.name), input.name, input.until);
      case 'known':
        return this.#inquiries.drop(input.name);
      case 'timeout':
        return;
      default:
        return unreachable(input);
    }
  }

  // What this node has others keep

  /** Others may be closest now: told within a while, since everybody sees the same change. */
  #review(now: Instant): void {
    this.#registrar.review(this.#later(now, SPREAD_MS));
    for (const listening of this.#listenings) listening.hasten(this.#later(now + SPREAD_MS, SPREAD_MS));
  }

  #onService(now: Instant, isHolder: boolean, where: readonly ShortKey[]): void {
    if (isHolder !== (this.#holding !== undefined)) {
      const { indexCountMax } = this.#options.limits;
      this.#holding = isHolder ? new Holding(this.#reader, this.#verifier, indexCountMax) : undefined;
      this.#review(now);
    }
    const before = this.#where;
    this.#where = concatBytes(...where.slice(0, WHERE_COUNT_MAX).map(shortBytes));
    if (!equalBytes(this.#where, before)) this.#registrar.review(this.#later(now, SPREAD_MS));
  }

  #onOwn(now: Instant, name: string, record: Uint8Array): void {
    this.#record = record;
    const boot = decodeRecord(record)?.record.boot ?? 0;
    if (boot !== this.#boot) this.#registrar.retell(this.#later(now, SPREAD_MS));
    this.#boot = boot;
    if (this.#nameKey !== undefined) this.#registrar.withdraw(Subject.name, this.#nameKey);
    this.#nameKey = name === '' ? undefined : this.#keyOf('name', name);
    this.#deposit(now, Subject.id, this.#self);
    if (this.#nameKey !== undefined) this.#deposit(now, Subject.name, this.#nameKey);
  }

  #onTopics(now: Instant, published: readonly string[], wanted: readonly string[]): void {
    const keys = published.map((topic) => this.#keyOf('topic', topic));
    for (const key of this.#published) {
      if (!includes(keys, key)) this.#registrar.withdraw(Subject.publisher, key);
    }
    for (const key of keys) if (!includes(this.#published, key)) this.#deposit(now, Subject.publisher, key);
    this.#published = keys;
    for (const { topic, key } of this.#listenings) {
      if (!wanted.includes(topic)) this.#registrar.withdraw(Subject.subscriber, key);
    }
    this.#listenings = this.#listenings.filter(({ topic }) => wanted.includes(topic));
    for (const topic of wanted) {
      if (this.#listenings.some((listening) => listening.topic === topic)) continue;
      const key = this.#keyOf('topic', topic);
      this.#listenings.push(new Listening(now, topic, key));
      this.#deposit(now, Subject.subscriber, key);
    }
  }

  #deposit(now: Instant, subject: number, key: Uint8Array): void {
    this.#registrar.deposit(this.#later(now, SOON_MS), {
      subject,
      key,
      holderCount: this.#countFor(subject),
    });
  }

  #tell(now: Instant, { subject, key, holder }: Telling): void {
    const record = this.#recordOf(subject, key);
    if (record === undefined) return;
    const store = { kind: 'store', subject, holder, where: this.#where, record } as const;
    if (!equalBytes(holder, this.#self)) this.#sendTowards(holder, undefined, store);
    else if (this.#holding !== undefined) this.#keep(now, NOBODY, this.#holding, store);
  }

  #recordOf(subject: number, key: Uint8Array): Uint8Array | undefined {
    if (subject === Subject.id || subject === Subject.name) return this.#record;
    return signEntry(this.#options.suite, this.#options.self, { boot: this.#boot, subject, key });
  }

  // What others say

  #onMessage(now: Instant, from: number, message: IndexMessage): void {
    switch (message.kind) {
      case 'store':
        return this.#onStore(now, from, message);
      case 'lookup':
        return this.#onLookup(now, from, message);
      case 'found':
        return this.#onFound(now, from, message);
      default:
        return unreachable(message);
    }
  }

  #onStore(now: Instant, from: number, message: Store): void {
    if (!this.#tolls.pay(now, from, Toll.pass)) return this.#drop('overLimit');
    if (!equalBytes(message.holder, this.#self)) return this.#sendTowards(message.holder, from, message);
    if (this.#holding === undefined) return this.#drop('unexpected');
    return this.#keep(now, from, this.#holding, message);
  }

  /** Who publishes and who listens are introduced to each other, whichever came first. */
  #keep(now: Instant, from: number, holding: Holding, store: Store): void {
    const kept = holding.keep(now, from, store);
    if (typeof kept === 'string') return this.#drop(kept);
    if (kept === undefined) return;
    const { key, owner } = kept;
    if (store.subject === Subject.publisher) {
      for (const listener of holding.list(now, Subject.subscriber, key)) {
        this.#introduce(now, key, listener.owner, kept);
      }
    } else if (store.subject === Subject.subscriber) {
      for (const publisher of holding.list(now, Subject.publisher, key)) {
        this.#introduce(now, key, owner, publisher);
      }
    }
  }

  #introduce(now: Instant, key: Uint8Array, source: Uint8Array, { owner, where, record }: KeptRecord): void {
    if (equalBytes(source, owner)) return;
    const message = { kind: 'found', subject: Subject.publisher, key, source, where, record } as const;
    if (equalBytes(source, this.#self)) this.#onAnswer(now, message);
    else this.#sendTowards(source, undefined, message);
  }

  #onLookup(now: Instant, from: number, message: Lookup): void {
    const { subject, key, source, towards, hopLimit } = message;
    if (equalBytes(source, this.#self)) return;
    const isRing = equalBytes(key, towards);
    if (!this.#tolls.pay(now, from, isRing ? Toll.flood : Toll.pass)) return this.#drop('overLimit');
    const noted = this.#trail.note(now, message, from, isRing ? hopLimit : 0);
    if (noted === 'full') return this.#drop('overLimit');
    const isAddressed = !isRing && equalBytes(towards, this.#self);
    // Also a question that comes again by another neighbour: one on the first way may swallow the answer.
    const answers = this.#answersTo(now, subject, key);
    for (const answer of answers) this.#sendFound(from, message, answer);
    if (noted === 'repeated') return;
    if (isAddressed && answers.length === 0) this.#sendFound(from, message, NOTHING);
    if (isAddressed || hopLimit <= 1) return;
    const onward = { ...message, hopLimit: hopLimit - 1 };
    if (isRing) this.#flood(now, from, onward);
    else this.#sendTowards(towards, from, onward);
  }

  /** What this node says of itself, and what it keeps. */
  #answersTo(now: Instant, subject: number, key: Uint8Array): readonly KeptRecord[] {
    const kept = this.#holding?.list(now, subject, key) ?? [];
    if (!this.#isOwn(subject, key) || !this.#verifier.spend(now)) return kept;
    const record = this.#recordOf(subject, key);
    if (record === undefined) return kept;
    const others = kept.filter(({ owner }) => !equalBytes(owner, this.#self));
    return [{ owner: this.#self, where: this.#where, record }, ...others];
  }

  #isOwn(subject: number, key: Uint8Array): boolean {
    switch (subject) {
      case Subject.id:
        return equalBytes(key, this.#self);
      case Subject.name:
        return this.#nameKey !== undefined && equalBytes(key, this.#nameKey);
      case Subject.publisher:
        return includes(this.#published, key);
      default:
        return false;
    }
  }

  /** Back along the way of the question; who was introduced asked none, or long ago. */
  #onFound(now: Instant, from: number, message: Found): void {
    if (!this.#tolls.pay(now, from, Toll.answer)) return this.#drop('overLimit');
    if (equalBytes(message.source, this.#self)) return this.#onAnswer(now, message);
    const ways = this.#trail.waysBack(now, message, markOf(message.record));
    if (ways === undefined) return this.#sendTowards(message.source, from, message);
    for (const to of ways) if (to !== from) this.#send(to, message, this.#passing);
  }

  // What this node wants to know

  #seek(now: Instant, subject: number, key: Uint8Array, name: string | undefined, until: Instant): void {
    this.#inquiries.begin(now, { subject, key, name, until }, this.#others.length > 0);
  }

  #onAnswer(now: Instant, { subject, key, where, record }: Found): void {
    const inquiry = this.#inquiries.find(subject, key);
    const isListening = subject === Subject.publisher && this.#listenings.some((one) => one.isFor(key));
    if (inquiry === undefined && !isListening) return;
    if (record.length === 0) return inquiry?.onNothing(now);
    const reading = readRecord(this.#reader, subject, record);
    if (reading === undefined || !equalBytes(reading.key, key)) return this.#drop('malformed');
    const refusal = inquiry?.has(record) === true ? undefined : this.#verifier.refusal(now, reading);
    if (refusal !== undefined) return this.#drop(refusal);
    const supernodes: ShortKey[] = [];
    for (let at = 0; at + SHORT_BYTES <= where.length; at += SHORT_BYTES) {
      supernodes.push(shortKeyOf(where.subarray(at, at + SHORT_BYTES)));
    }
    if (isListening) this.#onPublisher(reading, supernodes);
    else inquiry?.onAnswer(now, { reading, record: copyBytes(record) }, supernodes);
  }

  #onPublisher({ key, owner, publicKey }: Reading, where: readonly ShortKey[]): void {
    if (equalBytes(owner, this.#self)) return;
    for (const listening of this.#listenings) if (listening.isFor(key)) listening.onPublisher();
    const peer = nodeKeyOf(nodeIdOf(this.#options.suite, publicKey));
    this.#outbox.push({ kind: 'introduced', peer, publicKey, where });
  }

  /** Whatever is due: own records to be told, look-ups that go on. */
  #act(now: Instant): void {
    if (this.#registrar.wakeAt <= now) {
      for (const telling of this.#registrar.take(now, this.#holders, this.#where)) this.#tell(now, telling);
    }
    for (let due = this.#inquiries.takeDue(now); due !== undefined; due = this.#inquiries.takeDue(now)) {
      const { inquiry, move } = due;
      if (move.kind === 'askHolders') inquiry.asked(now, this.#askHolders(now, inquiry.wish));
      else if (move.kind === 'askAll') this.#askAll(now, inquiry.wish, move.hopLimit);
      else for (const result of inquiry.results()) this.#outbox.push({ kind: 'found', ...result });
    }
    if (this.#isTalking) for (const listening of this.#listenings) this.#listen(now, listening);
  }

  /** Where everybody is a neighbour, each has said what it publishes, or is subscribed to anyway. */
  get #isTalking(): boolean {
    return this.#isBeyond || this.#others.length > 0;
  }

  #listen(now: Instant, listening: Listening): void {
    const wish = { subject: Subject.publisher, key: listening.key };
    const whom = listening.take(now);
    if (whom === 'holders') this.#askHolders(now, wish);
    else if (whom === 'all') this.#askAll(now, wish, HOPS_ALL);
  }

  /** How many can be asked; what this node keeps itself it knows at once. */
  #askHolders(now: Instant, { subject, key }: Pick<Wish, 'subject' | 'key'>): number {
    let count = 0;
    for (const towards of closest(key, this.#holders, this.#countFor(subject))) {
      if (!equalBytes(towards, this.#self)) {
        this.#sendTowards(towards, undefined, this.#lookup(subject, key, towards, HOPS_ALL));
        count++;
        continue;
      }
      for (const { where, record } of this.#holding?.list(now, subject, key) ?? []) {
        this.#onAnswer(now, { kind: 'found', subject, key, source: this.#self, where, record });
      }
    }
    return count;
  }

  #askAll(now: Instant, { subject, key }: Pick<Wish, 'subject' | 'key'>, hopLimit: number): void {
    this.#flood(now, undefined, this.#lookup(subject, key, key, hopLimit));
  }

  #lookup(subject: number, key: Uint8Array, towards: Uint8Array, hopLimit: number): Lookup {
    return { kind: 'lookup', subject, key, source: this.#self, towards, hopLimit };
  }

  #countFor(subject: number): number {
    const { holderCount, topicHolderCount } = this.#options.rules;
    return subject === Subject.id || subject === Subject.name ? holderCount : topicHolderCount;
  }

  // To neighbours

  #sendFound(to: number, { subject, key, source }: Question, { where, record }: Answered): void {
    this.#send(to, { kind: 'found', subject, key, source, where, record }, 'reliable');
  }

  #flood(now: Instant, except: number | undefined, message: IndexMessage): void {
    for (const neighbor of this.#tolls.neighbors()) {
      if (neighbor === except || !this.#tolls.mayFlood(now, neighbor)) continue;
      this.#send(neighbor, message, except === undefined ? 'reliable' : this.#passing);
    }
  }

  #send(neighbor: number, message: IndexMessage, delivery: 'datagram' | 'reliable'): void {
    this.#outbox.push({ kind: 'send', neighbor, message: copyOf(message), delivery });
  }

  #sendTowards(to: Uint8Array, except: number | undefined, message: IndexMessage): void {
    const destination = shortKeyOf(to);
    const delivery = except === undefined ? 'reliable' : this.#passing;
    this.#outbox.push({ kind: 'sendTowards', destination, except, message: copyOf(message), delivery });
  }

  /** Who has no room for records of others has none for copies of what it passes on either. */
  get #passing(): 'datagram' | 'reliable' {
    return this.#options.limits.indexCountMax === 0 ? 'datagram' : 'reliable';
  }

  get #holders(): readonly Uint8Array[] {
    return this.#holding === undefined ? this.#others : [this.#self, ...this.#others];
  }

  get #reader() {
    const { suite, network } = this.#options;
    return { suite, networkKey: network.key };
  }

  #keyOf(kind: 'name' | 'topic', text: string): Uint8Array {
    return keyOf(this.#options.suite, this.#options.network.key, kind, text);
  }

  #later(now: Instant, withinMs: number): Instant {
    return now + randomBelow(this.#options.random, withinMs);
  }

  #drop(reason: DropReason): void {
    this.#outbox.push({ kind: 'dropped', reason });
  }
}

type Answered = Pick<KeptRecord, 'where' | 'record'>;
const MARK_BYTES = 4;
const NOTHING: Answered = { where: EMPTY, record: EMPTY };

/** Tells answers apart, by the end of the signature. */
function markOf(record: Uint8Array): number {
  return record.length < MARK_BYTES ? 0 : readU32(record, record.length - MARK_BYTES);
}

function includes(keys: readonly Uint8Array[], key: Uint8Array): boolean {
  return keys.some((one) => equalBytes(one, key));
}

/** Messages are borrowed when they come, and owned when they go. */
function copyOf<M extends IndexMessage>(message: M): M {
  const copy: Record<string, unknown> = { ...message };
  for (const [name, value] of Object.entries(message)) {
    if (value instanceof Uint8Array) copy[name] = copyBytes(value);
  }
  return copy as unknown as M; // each field as it was
}
