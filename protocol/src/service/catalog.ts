import type { PeerName } from '../api.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { nodeIdOf, nodeKeyOf, shortKeyOf } from '../identity/id.js';
import type { Identity } from '../identity/identity.js';
import { decodeRecord, isNewer, keyInRecord, type NodeRecord } from '../identity/record.js';
import { unreachable } from '../kernel/assert.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { FindNewer } from '../packet/message.js';
import { OwnRecord } from './own-record.js';
import type { PortInput, PortOutput } from './port.js';
import type { Entry } from './record-entry.js';
import { type RecordNews, RecordTable } from './record-table.js';
import { Renewal } from './renewal.js';
import { Search } from './search.js';
import { isNodeKey } from './text.js';

/**
 * Who is who (SPEC §9.3): signed records of as many nodes as there is room for, and the names they are shown
 * under.
 *
 * A node sends its own record to each peer with a new session; records of others are asked for along the
 * routes. What was not asked for is not taken, except from its owner, so an insider cannot fill the table
 * with inventions. A record that changes a known name is passed on to all peers, at most every 10 s per node.
 * Who could not hear of it then asks, when the node can be reached again.
 */
export type CatalogInput =
  | Extract<PortInput, { kind: 'peerUp' | 'peerDown' | 'message' | 'timeout' }>
  /** `firstHop` undefined: the route is lost. */
  | { readonly kind: 'route'; readonly destination: ShortKey; readonly firstHop: NodeKey | undefined }
  /** The application wants that node, whose record may be missing. */
  | { readonly kind: 'wanted'; readonly short: ShortKey; readonly firstHop: NodeKey | undefined }
  | { readonly kind: 'wallClock'; readonly unixMs: number }
  | { readonly kind: 'rename'; readonly name: string }
  /** A record that the application waits for, from who keeps it for its node. */
  | { readonly kind: 'told'; readonly record: Uint8Array }
  | { readonly kind: 'boot'; readonly boot: number };

export type CatalogOutput =
  | PortOutput
  | RecordNews
  /** To be kept over restarts and given back with the same name: a claim is worth its age. */
  | { readonly kind: 'claimed'; readonly name: string; readonly claimedAt: number }
  /** The network remembers a later boot of this node than its own store did: this is the one now. */
  | { readonly kind: 'boot'; readonly boot: number }
  /** What this node says of itself has changed. */
  | { readonly kind: 'announced' };

export interface CatalogOptions {
  readonly now: Instant;
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly limits: Limits;
  readonly boot: number;
  /** '' for none. */
  readonly name: string;
  /** What `claimed` said of this name, else 0. */
  readonly claimedAt: number;
}

type MessageInput = Extract<CatalogInput, { kind: 'message' }>;

const PASS_ON_MS = 10 * SECOND_MS;
/** Per second, all peers together: 64 x 169 B = 11 kB/s. */
const ANSWER_COUNT_MAX = 64;

/** A changed record that was passed on, or waits for it. */
interface Passing {
  at: Instant;
  /** Whom it came from; undefined when nothing waits. */
  from: NodeKey | undefined;
}

export interface FoundNode {
  readonly peer: NodeKey;
  readonly publicKey: Uint8Array;
  readonly boot: number;
}

export class Catalog implements Machine<CatalogInput, CatalogOutput> {
  readonly #suite: CryptoSuite;
  readonly #self: NodeKey;
  readonly #limits: Limits;
  readonly #own: OwnRecord;
  readonly #outbox = new Outbox<CatalogOutput>();
  readonly #table: RecordTable;
  readonly #search: Search;
  readonly #renewal: Renewal;
  readonly #up = new Set<NodeKey>();
  #passing: Map<NodeKey, Passing> | undefined;
  #passOnAt: Instant | undefined;
  #budgetFrom: Instant;
  #verifications = 0;
  #answers = 0;

  /** Tells of the node itself at once, so its outputs are drained before the first input. */
  constructor(options: CatalogOptions) {
    const { now, suite, identity, limits } = options;
    this.#suite = suite;
    this.#self = identity.key;
    this.#limits = limits;
    this.#own = new OwnRecord(options);
    this.#table = new RecordTable(this.#outbox, limits.recordCountMax);
    this.#search = new Search(this.#outbox, limits.recordCountMax);
    this.#renewal = new Renewal(this.#outbox);
    this.#budgetFrom = now;
    const { record, bytes } = this.#own;
    const { key } = identity;
    this.#table.add(now, { key, isSelf: true, isUp: false, hasRoute: false }, true, record, bytes);
  }

  handleInput(now: Instant, input: CatalogInput): void {
    switch (input.kind) {
      case 'peerUp':
        this.#onUp(now, input.peer, input.resumed);
        break;
      case 'peerDown':
        this.#up.delete(input.peer);
        this.#table.setUp(now, input.peer, false);
        break;
      case 'message':
        this.#drop(this.#onMessage(now, input));
        break;
      case 'route':
        this.#onRoute(now, input.destination, input.firstHop);
        break;
      case 'wanted':
        this.#onWanted(input.short, input.firstHop);
        break;
      case 'wallClock':
        if (this.#own.setClock(now, input.unixMs)) this.#announce(now);
        break;
      case 'rename':
        if (this.#own.rename(now, input.name)) this.#announce(now);
        break;
      case 'told':
        this.#drop(this.#onTold(now, input.record));
        break;
      case 'boot':
        this.#own.setBoot(input.boot);
        this.#announce(now);
        break;
      case 'timeout':
        this.#table.onTimeout(now);
        this.#passOnDue(now);
        break;
      default:
        unreachable(input);
    }
    this.#search.ask(now, this.#table.hasRoom(false));
    this.#renewal.ask(now, this.#table);
  }

  pollOutput(): CatalogOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    const asking = earlier(this.#search.wakeAt, this.#renewal.wakeAt);
    return earlier(earlier(this.#table.wakeAt, this.#passOnAt), asking);
  }

  /** The node that is shown under this name. */
  resolve(name: string): NodeKey | undefined {
    if (name === '') return undefined;
    for (const { key, shown } of this.#table.values()) if (shown === name) return key;
    return undefined;
  }

  get isFull(): boolean {
    return this.#table.isFull;
  }

  /** What this node says of itself, signed. */
  get own(): { readonly name: string; readonly record: Uint8Array } {
    return { name: this.#own.record.name, record: this.#own.bytes };
  }

  /** Whether it is the key of one that is shown, perhaps without a name. */
  has(peer: NodeKey): boolean {
    return isNodeKey(peer) && this.#table.get(shortKeyOf(peer))?.key === peer;
  }

  *keys(): Iterable<NodeKey> {
    for (const { key } of this.#table.values()) yield key;
  }

  nameOf(peer: NodeKey): PeerName {
    const entry = this.#table.get(shortKeyOf(peer));
    return { id: peer, name: (entry?.key === peer ? entry.shown : undefined) ?? '' };
  }

  /** Whose id starts like this, its key for a handshake, and the boot that its record is of. */
  find(short: ShortKey): FoundNode | undefined {
    const entry = this.#table.get(short);
    return entry && { peer: entry.key, publicKey: keyInRecord(entry.record), boot: entry.boot };
  }

  #onUp(now: Instant, peer: NodeKey, resumed: boolean): void {
    this.#up.add(peer);
    this.#table.setUp(now, peer, true);
    if (!resumed || this.#own.hasChanged) this.#sendRecord(peer, this.#own.bytes);
  }

  #onRoute(now: Instant, short: ShortKey, firstHop: NodeKey | undefined): void {
    const entry = this.#table.get(short);
    if (entry !== undefined) {
      this.#renewal.onRoute(short, firstHop, !entry.hasRoute && !entry.isUp);
      this.#table.setRoute(now, entry, firstHop !== undefined);
    } else if (firstHop !== undefined) this.#search.want(short, firstHop);
    else this.#search.end(short);
  }

  /** The way there may have been told when there was no room to look for the record. */
  #onWanted(short: ShortKey, firstHop: NodeKey | undefined): void {
    if (this.#table.get(short) !== undefined) return;
    this.#search.pin(short);
    if (firstHop !== undefined) this.#search.want(short, firstHop);
  }

  #onMessage(now: Instant, { from, message, firstHop }: MessageInput): DropReason | undefined {
    if (message.kind === 'find') return this.#onFind(now, from, shortKeyOf(message.destination), firstHop);
    if (message.kind === 'findNewer') return this.#onFindNewer(now, from, message);
    return message.kind === 'record' ? this.#onRecord(now, from, message.record) : 'unexpected';
  }

  #onFind(
    now: Instant,
    from: NodeKey,
    short: ShortKey,
    firstHop: NodeKey | undefined,
  ): DropReason | undefined {
    const entry = this.#table.get(short);
    if (entry === undefined) {
      if (this.#search.join(short, from)) return undefined;
      if (firstHop === undefined) return 'noRoute';
      this.#search.pass(short, firstHop, from);
      return undefined;
    }
    return this.#answer(now, from, entry);
  }

  /** Silence is the answer of who has nothing newer. */
  #onFindNewer(now: Instant, from: NodeKey, { destination, boot, sequence }: FindNewer) {
    const entry = this.#table.get(shortKeyOf(destination));
    if (entry === undefined || !isNewer(entry, { boot, sequence })) return undefined;
    return this.#answer(now, from, entry);
  }

  #answer(now: Instant, to: NodeKey, entry: Entry): DropReason | undefined {
    this.#renewBudget(now);
    if (this.#answers >= ANSWER_COUNT_MAX) return 'overLimit';
    this.#answers++;
    this.#sendRecord(to, entry.record);
    return undefined;
  }

  #onRecord(now: Instant, from: NodeKey, bytes: Uint8Array): DropReason | undefined {
    const decoded = decodeRecord(bytes);
    if (decoded === undefined) return 'malformed';
    const { record, signed, signature } = decoded;
    const key = nodeKeyOf(nodeIdOf(this.#suite, record.publicKey));
    const entry = this.#table.get(shortKeyOf(key));
    if (entry !== undefined && equalBytes(entry.record, bytes)) return undefined;
    const reason = this.#judge(from, key, record, entry) ?? this.#spendVerification(now);
    if (reason !== undefined) return reason;
    if (!this.#suite.verify(record.publicKey, signed, signature)) return 'authentication';
    if (key === this.#self) return this.#onOwnRecord(now, record);
    if (entry === undefined) return this.#learn(now, key, record, bytes);
    const hadName = entry.name;
    this.#table.replace(now, entry, record, bytes);
    if (entry.name !== hadName) this.#passOn(now, entry, from);
    return undefined;
  }

  /** What the owner says of himself in a session of his own is the latest; what others say must be newer. */
  #judge(from: NodeKey, key: NodeKey, record: NodeRecord, entry: Entry | undefined): DropReason | undefined {
    if (entry === undefined) {
      const short = shortKeyOf(key);
      const isSought = this.#search.has(short) || this.#search.isPinned(short);
      const isWanted = from === key || isSought || this.#up.has(key);
      if (!isWanted) return 'unexpected';
      return this.#hasRoomFor(key) || this.#search.isAwaited(shortKeyOf(key)) ? undefined : 'overLimit';
    }
    if (entry.key !== key) return 'overLimit'; // two nodes whose ids begin alike: the first one stays
    return from === key || isNewer(record, entry) ? undefined : 'replay';
  }

  /** Where nobody is in between, whom it came from proves nothing: the signature does. */
  #onTold(now: Instant, bytes: Uint8Array): DropReason | undefined {
    const decoded = decodeRecord(bytes);
    if (decoded === undefined) return 'malformed';
    const short = shortKeyOf(nodeIdOf(this.#suite, decoded.record.publicKey));
    if (this.#table.get(short) === undefined) this.#search.pin(short);
    return this.#onRecord(now, this.#self, bytes);
  }

  #learn(now: Instant, key: NodeKey, record: NodeRecord, bytes: Uint8Array): undefined {
    const short = shortKeyOf(key);
    const isUp = this.#up.has(key);
    const hasRoute = this.#search.has(short) && !this.#search.isForOthers(short);
    if (this.#hasRoomFor(key)) {
      const isWanted = isUp || this.#search.isPinned(short);
      this.#table.add(now, { key, isSelf: false, isUp, hasRoute }, isWanted, record, bytes);
    }
    for (const asker of this.#search.end(short)) {
      if (this.#up.has(asker)) this.#sendRecord(asker, copyBytes(bytes));
    }
    return undefined;
  }

  /** Who is present, or wanted by the application, takes the place of somebody who is only reachable. */
  #hasRoomFor(key: NodeKey): boolean {
    return this.#table.hasRoom(this.#up.has(key) || this.#search.isPinned(shortKeyOf(key)));
  }

  /** It comes from a life that we forgot, else it would not be newer than ours. */
  #onOwnRecord(now: Instant, record: NodeRecord): undefined {
    const { boot } = this.#own.record;
    this.#own.outdo(record);
    if (this.#own.record.boot !== boot) this.#outbox.push({ kind: 'boot', boot: this.#own.record.boot });
    this.#announce(now);
    return undefined;
  }

  /** Our own record has changed. */
  #announce(now: Instant): void {
    const { record, bytes } = this.#own;
    const entry = this.#table.get(shortKeyOf(this.#self));
    if (entry !== undefined) this.#table.replace(now, entry, record, bytes);
    const { name, claimedAt } = record;
    this.#outbox.push({ kind: 'announced' });
    if (claimedAt !== 0) this.#outbox.push({ kind: 'claimed', name, claimedAt });
    for (const peer of this.#up) this.#sendRecord(peer, bytes);
  }

  #passOn(now: Instant, entry: Entry, from: NodeKey): void {
    this.#passing ??= new Map();
    const passing = this.#passing.get(entry.key);
    if (passing !== undefined && passing.at + PASS_ON_MS > now) {
      passing.from = from;
      return;
    }
    this.#passing.set(entry.key, { at: now, from: undefined });
    this.#passOnAt = earlier(this.#passOnAt, now + PASS_ON_MS);
    for (const peer of this.#up) {
      if (peer !== from && peer !== entry.key) this.#sendRecord(peer, entry.record);
    }
  }

  #passOnDue(now: Instant): void {
    if (this.#passOnAt === undefined || this.#passOnAt > now) return;
    this.#passOnAt = undefined;
    for (const [key, { at, from }] of this.#passing ?? []) {
      if (at + PASS_ON_MS > now) {
        this.#passOnAt = earlier(this.#passOnAt, at + PASS_ON_MS);
        continue;
      }
      this.#passing?.delete(key);
      const entry = this.#table.get(shortKeyOf(key));
      if (from !== undefined && entry?.key === key) this.#passOn(now, entry, from);
    }
    if (this.#passing?.size === 0) this.#passing = undefined;
  }

  #sendRecord(to: NodeKey, record: Uint8Array): void {
    this.#outbox.push({ kind: 'send', to, message: { kind: 'record', record }, delivery: 'reliable' });
  }

  /** Bounds what a peer that sends false records can make us compute. */
  #spendVerification(now: Instant): DropReason | undefined {
    this.#renewBudget(now);
    if (this.#verifications >= this.#limits.dhPerSecondMax) return 'overLimit';
    this.#verifications++;
    return undefined;
  }

  #renewBudget(now: Instant): void {
    if (now < this.#budgetFrom + SECOND_MS) return;
    this.#budgetFrom = now;
    this.#verifications = 0;
    this.#answers = 0;
  }

  #drop(reason: DropReason | undefined): void {
    if (reason !== undefined) this.#outbox.push({ kind: 'dropped', reason });
  }
}
