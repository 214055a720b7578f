/**
 * The index of the network (SPEC §9.6): records of nodes are kept, for a while, by the supernodes closest to
 * their keys, and asked for there. Everything goes from neighbour to neighbour inside their sessions, as
 * searches for routes do, so that nobody needs a session, or even the key, of who keeps something.
 *
 *   own record -> store -> holder | look-up -> holders, then everybody -> found -> back along the way
 *
 * A holder vouches for nothing: records are signed by their nodes, and whoever asked verifies them.
 */
import type { CryptoSuite } from '../crypto/suite.js';
import { shortBytes, shortKeyOf } from '../identity/id.js';
import { isNewer } from '../identity/record.js';
import { unreachable } from '../kernel/assert.js';
import { concatBytes, copyBytes, EMPTY, equalBytes } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { HOUR_MS, type Instant, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { type Found, type Lookup, type Store, Subject } from '../packet/message.js';
import type { IndexFigures, IndexInput, IndexMessage, IndexOutput } from './doors.js';
import { Inquiry, type Verdict, type Wish } from './inquiry.js';
import { keyOf } from './keys.js';
import { closest } from './rank.js';
import { type Reading, readRecord } from './reading.js';
import { Registrar, SPREAD_MS, type Telling } from './registrar.js';
import { INDEX_RULES, type IndexRules } from './rules.js';
import { Shelf } from './shelf.js';
import { Toll, Tolls } from './tolls.js';
import { Trail } from './trail.js';

/** Renewed at half of it. */
const LIFETIME_MS = HOUR_MS;
/** The first time it is told at once, but not before its neighbours can have come. */
const SOON_MS = 3 * SECOND_MS;
/** Of all who claim a name, so many. */
const CLAIM_COUNT_MAX = 4;
/** Look-ups under way. */
const INQUIRY_COUNT_MAX = 8;
const HOPS_ALL = 255;
/** Supernodes near a node that its record is told with. */
const WHERE_COUNT_MAX = 2;
const SHORT_BYTES = 8;
/** Records that this node keeps for itself came by nobody. */
const NOBODY = -1;

export interface RendezvousOptions {
  readonly now: Instant;
  /** The 16-byte id of this node. */
  readonly self: { readonly id: Uint8Array };
  readonly suite: CryptoSuite;
  readonly network: { readonly key: Uint8Array };
  readonly random: Random;
  readonly limits: Limits;
  readonly rules?: Partial<IndexRules>;
}

export class Rendezvous implements Machine<IndexInput, IndexOutput> {
  readonly #options: RendezvousOptions;
  readonly #outbox = new Outbox<IndexOutput>();
  readonly #rules: IndexRules;
  readonly #self: Uint8Array;
  readonly #tolls: Tolls;
  readonly #trail = new Trail();
  readonly #registrar = new Registrar();
  #shelf: Shelf | undefined;
  #inquiries: Inquiry[] = [];
  #others: readonly Uint8Array[] = [];
  #where: Uint8Array = EMPTY;
  #record: Uint8Array | undefined;
  #nameKey: Uint8Array | undefined;
  #verifiedFrom: Instant;
  #verifiedCount = 0;
  readonly #ended: Record<Verdict, number> = { byHolders: 0, byRings: 0, inVain: 0 };

  constructor(options: RendezvousOptions) {
    this.#options = options;
    this.#rules = { ...INDEX_RULES, ...options.rules };
    this.#self = shortBytes(shortKeyOf(options.self.id));
    this.#tolls = new Tolls(options.limits.neighborCountMax);
    this.#verifiedFrom = options.now;
  }

  handleInput(now: Instant, input: IndexInput): void {
    this.#onInput(now, input);
    this.#act(now);
  }

  pollOutput(): IndexOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    let at = this.#registrar.wakeAt;
    for (const { wakeAt } of this.#inquiries) at = Math.min(at, wakeAt);
    return at === Infinity ? undefined : at;
  }

  /** It has not been told yet what this node says of itself. */
  get isNew(): boolean {
    return this.#record === undefined;
  }

  figures(now: Instant): IndexFigures {
    return { records: this.#shelf?.countAt(now) ?? 0, ...this.#ended };
  }

  #onInput(now: Instant, input: IndexInput): void {
    switch (input.kind) {
      case 'neighborUp':
        return this.#tolls.up(input.neighbor);
      case 'neighborDown':
        return this.#tolls.down(input.neighbor);
      case 'message':
        return this.#onMessage(now, input.neighbor, input.message);
      case 'holders':
        this.#others = input.holders.map(shortBytes);
        return this.#registrar.review(this.#later(now, SPREAD_MS));
      case 'service':
        return this.#onService(now, input.isHolder, input.where);
      case 'own':
        return this.#onOwn(now, input.name, input.record);
      case 'seekNode':
        return this.#seek(now, {
          subject: Subject.id,
          key: shortBytes(input.node),
          name: undefined,
          until: Infinity,
        });
      case 'seekName': {
        const key = this.#keyOfName(input.name);
        return this.#seek(now, { subject: Subject.name, key, name: input.name, until: input.until });
      }
      case 'known':
        this.#inquiries = this.#inquiries.filter(({ wish }) => wish.name !== input.name);
        return;
      case 'timeout':
        return;
      default:
        return unreachable(input);
    }
  }

  // What this node has others keep

  #onService(now: Instant, isHolder: boolean, where: readonly ShortKey[]): void {
    const isNews = isHolder !== (this.#shelf !== undefined);
    if (isNews) {
      this.#shelf = isHolder ? new Shelf(this.#options.limits.indexCountMax) : undefined;
      this.#registrar.review(this.#later(now, SPREAD_MS));
    }
    const bytes = concatBytes(...where.slice(0, WHERE_COUNT_MAX).map(shortBytes));
    if (equalBytes(bytes, this.#where)) return;
    this.#where = bytes;
    this.#registrar.retell(this.#later(now, SPREAD_MS));
  }

  #onOwn(now: Instant, name: string, record: Uint8Array): void {
    const dueAt = this.#later(now, SOON_MS);
    const { holderCount } = this.#rules;
    this.#record = record;
    this.#nameKey = name === '' ? undefined : this.#keyOfName(name);
    this.#registrar.deposit(dueAt, { subject: Subject.id, key: this.#self, record, holderCount });
    this.#registrar.withdraw(Subject.name);
    if (this.#nameKey === undefined) return;
    this.#registrar.deposit(dueAt, { subject: Subject.name, key: this.#nameKey, record, holderCount });
  }

  #tell(now: Instant, { subject, key, record, holder }: Telling): void {
    if (!equalBytes(holder, this.#self)) {
      const message = { kind: 'store', subject, holder, where: this.#where, record } as const;
      return this.#sendTowards(holder, undefined, message);
    }
    const reading = readRecord(this.#reader, subject, record);
    if (reading === undefined) return;
    const { boot, sequence } = reading;
    const kept = { subject, key, owner: this.#self, boot, sequence, where: this.#where, record };
    this.#shelf?.put(now, kept, NOBODY, now + LIFETIME_MS);
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
    if (this.#shelf === undefined) return this.#drop('unexpected');
    const { subject, where } = message;
    const reading = readRecord(this.#reader, subject, message.record);
    if (reading === undefined || where.length % SHORT_BYTES !== 0) return this.#drop('malformed');
    const { key, owner, boot, sequence } = reading;
    const row = this.#shelf.find(now, subject, key, owner);
    const isKnown = row >= 0 && equalBytes(this.#shelf.record(row), message.record);
    if (!isKnown) {
      const isOld =
        row >= 0 && !isNewer(reading, { boot: this.#shelf.boot(row), sequence: this.#shelf.sequence(row) });
      if (isOld) return this.#drop('replay');
      if (!this.#isAuthentic(now, reading)) return;
    }
    const record = copyBytes(message.record);
    const kept = { subject, key, owner, boot, sequence, where: copyBytes(where), record };
    this.#shelf.put(now, kept, from, now + LIFETIME_MS);
  }

  #onLookup(now: Instant, from: number, message: Lookup): void {
    const { subject, key, source, towards, hopLimit } = message;
    if (equalBytes(source, this.#self)) return;
    const isRing = equalBytes(key, towards);
    const toll = isRing ? Toll.flood : Toll.pass;
    if (!this.#tolls.pay(now, from, toll)) return this.#drop('overLimit');
    const noted = this.#trail.note(now, message, from, isRing ? hopLimit : 0);
    if (noted === 'full') return this.#drop('overLimit');
    const isAddressed = !isRing && equalBytes(towards, this.#self);
    // Also a question that comes again by another neighbour: one on the first way may swallow the answer.
    const count = this.#answer(now, from, { subject, key, source });
    if (noted === 'repeated') return;
    if (isAddressed && count === 0) this.#sendFound(from, { subject, key, source }, EMPTY, EMPTY);
    if (isAddressed || hopLimit <= 1) return;
    const onward = copyOf({ ...message, hopLimit: hopLimit - 1 });
    if (isRing) this.#flood(from, onward);
    else this.#sendTowards(onward.towards, from, onward);
  }

  /** What this node says of itself, and what it keeps. */
  #answer(now: Instant, to: number, question: Pick<Lookup, 'subject' | 'key' | 'source'>): number {
    const { subject, key } = question;
    const isOwn =
      (subject === Subject.id && equalBytes(key, this.#self)) ||
      (subject === Subject.name && this.#nameKey !== undefined && equalBytes(key, this.#nameKey));
    if (isOwn && this.#record !== undefined) this.#sendFound(to, question, this.#where, this.#record);
    const rows = this.#shelf?.list(now, subject, key, CLAIM_COUNT_MAX) ?? [];
    for (const row of rows) {
      const [where, record] = [this.#shelf?.where(row), this.#shelf?.record(row)];
      if (where !== undefined && record !== undefined) this.#sendFound(to, question, where, record);
    }
    return rows.length + (isOwn ? 1 : 0);
  }

  #onFound(now: Instant, from: number, message: Found): void {
    if (!this.#tolls.pay(now, from, Toll.answer)) return this.#drop('overLimit');
    if (equalBytes(message.source, this.#self)) return this.#onAnswer(now, message);
    const to = this.#trail.wayBack(now, message);
    if (to === undefined || to === from) return this.#drop('unexpected');
    this.#outbox.push({ kind: 'send', neighbor: to, message: copyOf(message) });
  }

  // What this node wants to know

  #seek(now: Instant, wish: Wish): void {
    if (this.#inquiries.some((inquiry) => inquiry.isFor(wish.subject, wish.key))) return;
    if (wish.subject === Subject.id && this.#others.length === 0) return; // a search of routes finds it
    if (this.#inquiries.length >= INQUIRY_COUNT_MAX) {
      this.#inquiries.shift();
      this.#ended.inVain++;
    }
    this.#inquiries.push(new Inquiry(now, wish, this.#others.length > 0));
  }

  #onAnswer(now: Instant, { subject, key, where, record }: Found): void {
    const inquiry = this.#inquiries.find((one) => one.isFor(subject, key));
    if (inquiry === undefined) return;
    if (record.length === 0) return inquiry.onNothing(now);
    const reading = readRecord(this.#reader, subject, record);
    if (reading === undefined || !equalBytes(reading.key, key)) return this.#drop('malformed');
    if (!inquiry.has(record) && !this.#isAuthentic(now, reading)) return;
    const supernodes: ShortKey[] = [];
    for (let at = 0; at + SHORT_BYTES <= where.length; at += SHORT_BYTES) {
      supernodes.push(shortKeyOf(where.subarray(at, at + SHORT_BYTES)));
    }
    inquiry.onAnswer(now, { reading, record: copyBytes(record) }, supernodes);
  }

  /** Whatever is due: own records to be told, look-ups that go on. */
  #act(now: Instant): void {
    if (this.#registrar.wakeAt <= now) {
      const tellings = this.#registrar.take(now, this.#holders);
      for (const telling of tellings) this.#tell(now, telling);
    }
    for (const inquiry of this.#inquiries) {
      if (inquiry.wakeAt <= now) this.#move(now, inquiry);
    }
  }

  #move(now: Instant, inquiry: Inquiry): void {
    for (let move = inquiry.move(now); move.kind !== 'wait'; move = inquiry.move(now)) {
      switch (move.kind) {
        case 'askHolders':
          inquiry.asked(now, this.#askHolders(now, inquiry.wish));
          break;
        case 'askAll':
          this.#flood(undefined, this.#lookup(inquiry.wish, inquiry.wish.key, move.hopLimit));
          break;
        case 'done':
          return this.#end(inquiry, move.verdict);
        default:
          return unreachable(move);
      }
    }
  }

  /** How many can be asked; what this node keeps itself it knows at once. */
  #askHolders(now: Instant, wish: Wish): number {
    const chosen = closest(wish.key, this.#holders, this.#rules.holderCount);
    for (const holder of chosen) {
      if (!equalBytes(holder, this.#self)) {
        this.#sendTowards(holder, undefined, this.#lookup(wish, holder, HOPS_ALL));
        continue;
      }
      const { subject, key } = wish;
      for (const row of this.#shelf?.list(now, subject, key, CLAIM_COUNT_MAX) ?? []) {
        const [where, record] = [this.#shelf?.where(row), this.#shelf?.record(row)];
        if (where === undefined || record === undefined) continue;
        this.#onAnswer(now, { kind: 'found', subject, key, source: this.#self, where, record });
      }
    }
    return chosen.filter((holder) => !equalBytes(holder, this.#self)).length;
  }

  #end(ended: Inquiry, verdict: Verdict): void {
    this.#ended[verdict]++;
    this.#inquiries = this.#inquiries.filter((inquiry) => inquiry !== ended);
    for (const result of ended.results()) this.#outbox.push({ kind: 'found', ...result });
  }

  #lookup({ subject, key }: Wish, towards: Uint8Array, hopLimit: number): Lookup {
    return { kind: 'lookup', subject, key, source: this.#self, towards, hopLimit };
  }

  // To neighbours

  #sendFound(
    to: number,
    { subject, key, source }: Pick<Lookup, 'subject' | 'key' | 'source'>,
    where: Uint8Array,
    record: Uint8Array,
  ): void {
    const message = copyOf({ kind: 'found', subject, key, source, where, record } as const);
    this.#outbox.push({ kind: 'send', neighbor: to, message });
  }

  #flood(except: number | undefined, message: IndexMessage): void {
    for (const neighbor of this.#tolls.neighbors()) {
      if (neighbor !== except) this.#outbox.push({ kind: 'send', neighbor, message });
    }
  }

  #sendTowards(destination: Uint8Array, except: number | undefined, message: IndexMessage): void {
    const owned = copyOf(message);
    this.#outbox.push({ kind: 'sendTowards', destination: shortKeyOf(destination), except, message: owned });
  }

  get #holders(): readonly Uint8Array[] {
    return this.#shelf === undefined ? this.#others : [this.#self, ...this.#others];
  }

  get #reader() {
    const { suite, network } = this.#options;
    return { suite, networkKey: network.key };
  }

  #keyOfName(name: string): Uint8Array {
    return keyOf(this.#options.suite, this.#options.network.key, 'name', name);
  }

  #later(now: Instant, withinMs: number): Instant {
    return now + randomBelow(this.#options.random, withinMs);
  }

  /** Bounds what others can make this node compute. */
  #isAuthentic(now: Instant, { publicKey, signed, signature }: Reading): boolean {
    if (now >= this.#verifiedFrom + SECOND_MS) {
      this.#verifiedFrom = now;
      this.#verifiedCount = 0;
    }
    this.#verifiedCount++;
    if (this.#verifiedCount > this.#options.limits.dhPerSecondMax) {
      this.#drop('overLimit');
      return false;
    }
    if (this.#options.suite.verify(publicKey, signed, signature)) return true;
    this.#drop('authentication');
    return false;
  }

  #drop(reason: 'overLimit' | 'unexpected' | 'malformed' | 'replay' | 'authentication'): void {
    this.#outbox.push({ kind: 'dropped', reason });
  }
}

/** Messages are borrowed when they come, and owned when they go. */
function copyOf<M extends IndexMessage>(message: M): M {
  const copy: Record<string, unknown> = { ...message };
  for (const [name, value] of Object.entries(message)) {
    if (value instanceof Uint8Array) copy[name] = copyBytes(value);
  }
  return copy as unknown as M; // each field as it was
}
