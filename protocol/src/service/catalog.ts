import type { CryptoSuite } from '../crypto/suite.js';
import { nodeIdOf, nodeKeyOf, shortKeyOf } from '../identity/id.js';
import type { Identity } from '../identity/identity.js';
import { decodeRecord, type NodeRecord } from '../identity/record.js';
import { unreachable } from '../kernel/assert.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Message } from '../packet/message.js';
import { Bindings, GRACE_MS } from './binding.js';
import { isNewer, OwnRecord } from './own-record.js';
import type { PortInput, PortOutput } from './port.js';
import { Search } from './search.js';
import { isName } from './text.js';

/**
 * Who is who (SPEC §9.3): signed records of as many nodes as there is room for, and the names they are shown under.
 *
 * A node sends its own record to each peer with a new session; records of others are asked for along the routes. What
 * was not asked for is not taken, except from its owner, so an insider cannot fill the table with inventions. A
 * record that changes a known name is passed on to all peers, at most every 10 s per node.
 *
 * When the table is full, the node goes that was gone for longest; for a peer with a session also one that is only
 * reachable. Else the newcomer stays without a name: it can be asked by nobody but a peer with a session.
 */
export type CatalogInput =
  | Extract<PortInput, { kind: 'peerUp' | 'peerDown' | 'message' | 'timeout' }>
  /** `firstHop` undefined: the route is lost. */
  | { readonly kind: 'route'; readonly destination: ShortKey; readonly firstHop: NodeKey | undefined }
  | { readonly kind: 'wallClock'; readonly unixMs: number }
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'boot'; readonly boot: number };

export type CatalogOutput =
  | PortOutput
  /** A record is new, or its node is shown under another name: unique here, '' for one without a name. */
  | { readonly kind: 'known'; readonly peer: NodeKey; readonly publicKey: Uint8Array; readonly name: string }
  | { readonly kind: 'forgotten'; readonly peer: NodeKey }
  /** To be kept over restarts and given back with the same name: the claim is worth its age. */
  | { readonly kind: 'claimed'; readonly name: string; readonly claimedAt: number }
  /** The network remembers a later boot of this node than its own store did: this is the one now. */
  | { readonly kind: 'boot'; readonly boot: number };

export interface CatalogOptions {
  readonly now: Instant;
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly limits: Limits;
  readonly boot: number;
  readonly name: string;
  readonly claimedAt: number;
}

const PASS_ON_MS = 10 * SECOND_MS;
/** Per second, all peers together: 64 x 169 B = 11 kB/s. */
const ANSWER_COUNT_MAX = 64;

interface Entry {
  readonly key: NodeKey;
  readonly id: Uint8Array;
  readonly isSelf: boolean;
  record: NodeRecord;
  bytes: Uint8Array;
  /** As claimed; '' when the record has none that is valid. */
  name: string;
  claimedAt: number;
  /** As told to the others; undefined before the first time. */
  shown: string | undefined;
  hasRoute: boolean;
  goneSince: Instant | undefined;
  passedOnAt: Instant;
  /** Came from there; undefined when nothing waits to be passed on. */
  passOnFrom: NodeKey | undefined;
}

export class Catalog implements Machine<CatalogInput, CatalogOutput> {
  readonly #suite: CryptoSuite;
  readonly #self: NodeKey;
  readonly #limits: Limits;
  readonly #own: OwnRecord;
  readonly #outbox = new Outbox<CatalogOutput>();
  readonly #asked = new Outbox<PortOutput>();
  readonly #search: Search;
  readonly #bindings = new Bindings();
  readonly #entries = new Map<ShortKey, Entry>();
  readonly #up = new Set<NodeKey>();
  #wakeAt: Instant | undefined;
  #budgetFrom: Instant;
  #verifications = 0;
  #answers = 0;

  constructor(options: CatalogOptions) {
    const { now, suite, identity, limits } = options;
    this.#suite = suite;
    this.#self = identity.key;
    this.#limits = limits;
    this.#own = new OwnRecord(options);
    this.#search = new Search(this.#asked, limits.recordCountMax);
    this.#budgetFrom = now;
    this.#keep(now, { key: identity.key, id: identity.id, isSelf: true }, this.#own.record, this.#own.bytes);
  }

  /** Outputs of the constructor are to be drained too. */
  pollOutput(): CatalogOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return earlier(this.#wakeAt, this.#search.wakeAt);
  }

  /** The node that is shown under this name. */
  resolve(name: string): NodeKey | undefined {
    for (const { key, shown } of this.#entries.values()) if (shown === name && name !== '') return key;
    return undefined;
  }

  /** Whose id starts like this, and its key for a handshake. */
  find(short: ShortKey): { readonly peer: NodeKey; readonly publicKey: Uint8Array } | undefined {
    const entry = this.#entries.get(short);
    return entry && { peer: entry.key, publicKey: entry.record.publicKey };
  }

  handleInput(now: Instant, input: CatalogInput): void {
    switch (input.kind) {
      case 'peerUp':
        this.#onUp(input.peer, input.resumed);
        break;
      case 'peerDown':
        this.#onDown(now, input.peer);
        break;
      case 'message':
        this.#onMessage(now, input.from, input.message);
        break;
      case 'route':
        this.#onRoute(now, input.destination, input.firstHop);
        break;
      case 'wallClock':
        if (this.#own.setClock(now, input.unixMs)) this.#announce(now);
        break;
      case 'rename':
        if (this.#own.rename(now, input.name)) this.#announce(now);
        break;
      case 'boot':
        this.#own.setBoot(input.boot);
        this.#announce(now);
        break;
      case 'timeout':
        this.#onTimeout(now);
        break;
      default:
        unreachable(input);
    }
    this.#search.ask(now);
    for (let sent = this.#asked.shift(); sent !== undefined; sent = this.#asked.shift()) this.#outbox.push(sent);
  }

  #onUp(peer: NodeKey, resumed: boolean): void {
    this.#up.add(peer);
    const entry = this.#entries.get(shortKeyOf(peer));
    if (entry?.key === peer) entry.goneSince = undefined;
    if (!resumed || this.#own.hasChanged) this.#sendRecord(peer, this.#own.bytes, 'reliable');
  }

  #onDown(now: Instant, peer: NodeKey): void {
    this.#up.delete(peer);
    const entry = this.#entries.get(shortKeyOf(peer));
    if (entry?.key === peer) this.#markGone(now, entry);
  }

  #onRoute(now: Instant, short: ShortKey, firstHop: NodeKey | undefined): void {
    const entry = this.#entries.get(short);
    if (entry !== undefined) {
      entry.hasRoute = firstHop !== undefined;
      if (entry.hasRoute) entry.goneSince = undefined;
      else this.#markGone(now, entry);
    } else if (firstHop !== undefined) this.#search.want(now, short, firstHop);
    else this.#search.end(short);
  }

  #onMessage(now: Instant, from: NodeKey, message: Message): void {
    let reason: DropReason | undefined = 'unexpected';
    if (message.kind === 'record') reason = this.#onRecord(now, from, message.record);
    else if (message.kind === 'find') reason = this.#onFind(now, from, message.destination);
    if (reason !== undefined) this.#outbox.push({ kind: 'dropped', reason });
  }

  #onFind(now: Instant, from: NodeKey, destination: Uint8Array): DropReason | undefined {
    const short = shortKeyOf(destination);
    const entry = this.#entries.get(short);
    if (entry === undefined) return this.#search.join(short, from) ? undefined : 'noRoute';
    this.#renewBudget(now);
    if (this.#answers >= ANSWER_COUNT_MAX) return 'overLimit';
    this.#answers++;
    this.#sendRecord(from, entry.bytes, 'datagram');
    return undefined;
  }

  #onRecord(now: Instant, from: NodeKey, bytes: Uint8Array): DropReason | undefined {
    const decoded = decodeRecord(bytes);
    if (decoded === undefined) return 'malformed';
    const { record, signed, signature } = decoded;
    const id = nodeIdOf(this.#suite, record.publicKey);
    const key = nodeKeyOf(id);
    const short = shortKeyOf(key);
    const entry = this.#entries.get(short);
    if (entry !== undefined && equalBytes(entry.bytes, bytes)) return undefined;
    // What the owner says of himself in a session of his own is the latest; what others say must be newer.
    const isOwner = from === key;
    if (entry !== undefined && (entry.key !== key || !(isOwner || isNewer(record, entry.record)))) return 'replay';
    if (entry === undefined && !isOwner && !this.#search.has(short) && !this.#up.has(key)) return 'unexpected';
    this.#renewBudget(now);
    if (this.#verifications >= this.#limits.dhPerSecondMax) return 'overLimit';
    this.#verifications++;
    if (!this.#suite.verify(record.publicKey, signed, signature)) return 'authentication';
    if (key === this.#self) return this.#onOwnRecord(now, record);
    if (entry !== undefined) return this.#update(now, entry, record, bytes, from);
    if (!this.#makeRoom(key)) return 'overLimit';
    this.#keep(now, { key, id, isSelf: false }, record, copyBytes(bytes));
    return undefined;
  }

  #onOwnRecord(now: Instant, record: NodeRecord): undefined {
    const { boot } = this.#own.record;
    this.#own.outdo(record);
    if (this.#own.record.boot !== boot) this.#outbox.push({ kind: 'boot', boot: this.#own.record.boot });
    this.#announce(now);
    return undefined;
  }

  #onTimeout(now: Instant): void {
    if (this.#wakeAt === undefined || this.#wakeAt > now) return;
    this.#wakeAt = undefined;
    for (const entry of this.#entries.values()) {
      if (entry.passOnFrom !== undefined) this.#passOn(now, entry, entry.passOnFrom);
      if (entry.goneSince === undefined) continue;
      if (entry.goneSince + GRACE_MS > now) this.#wake(entry.goneSince + GRACE_MS);
      else this.#settleName(now, entry.name);
    }
  }

  /** Our own record has changed. */
  #announce(now: Instant): void {
    const { record, bytes } = this.#own;
    const entry = this.#entries.get(shortKeyOf(this.#self));
    if (entry !== undefined) this.#replace(now, entry, record, bytes);
    const { name, claimedAt } = record;
    if (claimedAt !== 0) this.#outbox.push({ kind: 'claimed', name, claimedAt });
    for (const peer of this.#up) this.#sendRecord(peer, bytes, 'reliable');
  }

  #keep(now: Instant, who: Pick<Entry, 'key' | 'id' | 'isSelf'>, record: NodeRecord, bytes: Uint8Array): void {
    const short = shortKeyOf(who.key);
    const hasRoute = this.#search.has(short);
    const claim = { name: nameIn(record), claimedAt: record.claimedAt, shown: undefined };
    const passing = { passedOnAt: now - PASS_ON_MS, passOnFrom: undefined };
    const entry: Entry = { ...who, record, bytes, ...claim, hasRoute, goneSince: undefined, ...passing };
    this.#entries.set(short, entry);
    for (const asker of this.#search.end(short)) if (this.#up.has(asker)) this.#sendRecord(asker, bytes, 'datagram');
    this.#markGone(now, entry);
    if (entry.name === '') this.#show(entry, '');
    else this.#settleName(now, entry.name);
  }

  #update(now: Instant, entry: Entry, record: NodeRecord, bytes: Uint8Array, from: NodeKey): undefined {
    const hadName = entry.name;
    this.#replace(now, entry, record, copyBytes(bytes));
    if (entry.name !== hadName) this.#passOn(now, entry, from);
    return undefined;
  }

  #replace(now: Instant, entry: Entry, record: NodeRecord, bytes: Uint8Array): void {
    const hadName = entry.name;
    entry.record = record;
    entry.bytes = bytes;
    entry.name = nameIn(record);
    entry.claimedAt = record.claimedAt;
    if (hadName !== entry.name) this.#settleName(now, hadName);
    if (entry.name === '') this.#show(entry, '');
    else this.#settleName(now, entry.name);
  }

  #passOn(now: Instant, entry: Entry, from: NodeKey): void {
    if (entry.passedOnAt + PASS_ON_MS > now) {
      entry.passOnFrom = from;
      this.#wake(entry.passedOnAt + PASS_ON_MS);
      return;
    }
    entry.passOnFrom = undefined;
    entry.passedOnAt = now;
    for (const peer of this.#up) {
      if (peer !== from && peer !== entry.key) this.#sendRecord(peer, entry.bytes, 'reliable');
    }
  }

  #markGone(now: Instant, entry: Entry): void {
    if (entry.isSelf || entry.hasRoute || this.#up.has(entry.key) || entry.goneSince !== undefined) return;
    entry.goneSince = now;
    this.#wake(now + GRACE_MS);
  }

  /** Room for a record of `key`, see above who goes. */
  #makeRoom(key: NodeKey): boolean {
    if (this.#entries.size <= this.#limits.recordCountMax) return true; // our own is not counted
    let last: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.isSelf || this.#up.has(entry.key)) continue;
      if (entry.goneSince === undefined && !this.#up.has(key)) continue;
      if (last === undefined || (entry.goneSince ?? Infinity) < (last.goneSince ?? Infinity)) last = entry;
    }
    if (last === undefined) return false;
    this.#entries.delete(shortKeyOf(last.key));
    this.#outbox.push({ kind: 'forgotten', peer: last.key });
    return true;
  }

  #settleName(now: Instant, name: string): void {
    if (name === '') return;
    const claims = [...this.#entries.values()].filter((entry) => entry.name === name);
    for (const { key, shown } of this.#bindings.settle(now, name, claims)) {
      const entry = this.#entries.get(shortKeyOf(key));
      if (entry !== undefined) this.#show(entry, shown);
    }
  }

  #show(entry: Entry, shown: string): void {
    if (entry.shown === shown) return;
    entry.shown = shown;
    const { key, record } = entry;
    this.#outbox.push({ kind: 'known', peer: key, publicKey: record.publicKey, name: shown });
  }

  #sendRecord(to: NodeKey, record: Uint8Array, delivery: 'datagram' | 'reliable'): void {
    this.#outbox.push({ kind: 'send', to, message: { kind: 'record', record }, delivery });
  }

  #renewBudget(now: Instant): void {
    if (now < this.#budgetFrom + SECOND_MS) return;
    this.#budgetFrom = now;
    this.#verifications = 0;
    this.#answers = 0;
  }

  #wake(at: Instant): void {
    this.#wakeAt = earlier(this.#wakeAt, at);
  }
}

function nameIn(record: NodeRecord): string {
  return isName(record.name) ? record.name : '';
}
