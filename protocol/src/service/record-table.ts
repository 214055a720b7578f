import { shortKeyOf } from '../identity/id.js';
import { keyInRecord, type NodeRecord } from '../identity/record.js';
import { assert } from '../kernel/assert.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { GRACE_MS, settleName } from './binding.js';
import type { Sink } from './port.js';
import { Entry, RecordRows } from './record-entry.js';
import { isName } from './text.js';

/** What the table tells: see Catalog. */
export type RecordNews =
  /** A record is new, or its node is shown under another name: unique here, '' for one without a name. */
  | { readonly kind: 'known'; readonly peer: NodeKey; readonly publicKey: Uint8Array; readonly name: string }
  | { readonly kind: 'forgotten'; readonly peer: NodeKey }
  /** A newer record says that its node started anew. */
  | { readonly kind: 'rebooted'; readonly peer: NodeKey };

export interface NewEntry {
  readonly key: NodeKey;
  readonly isSelf: boolean;
  readonly isUp: boolean;
  readonly hasRoute: boolean;
}

/**
 * The records that a node keeps, its own among them. When full, the node goes that was gone for longest; to
 * make place for a peer with a session, also one that is only reachable. Those with a session never go.
 */
export class RecordTable {
  readonly #outbox: Sink<RecordNews>;
  readonly #countMax: number;
  readonly #entries = new Map<ShortKey, Entry>();
  readonly #rows: RecordRows;
  /** Entries of nodes that are gone: neither a session nor a route. */
  #goneCount = 0;
  /** Not later than the next moment when a node loses its plain name. */
  #wakeAt: Instant | undefined;

  constructor(outbox: Sink<RecordNews>, recordCountMax: number) {
    this.#outbox = outbox;
    this.#countMax = recordCountMax + 1; // and our own
    this.#rows = new RecordRows(this.#countMax);
  }

  get wakeAt(): Instant | undefined {
    return this.#wakeAt;
  }

  get isFull(): boolean {
    return this.#entries.size >= this.#countMax;
  }

  get(short: ShortKey): Entry | undefined {
    return this.#entries.get(short);
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Asked at every turn, so it counts instead of looking. */
  hasRoom(isForSession: boolean): boolean {
    if (!this.isFull || this.#goneCount > 0) return true;
    return isForSession && this.#leastWanted(true) !== undefined;
  }

  /** `isWanted`: it may take the place of a node that is only reachable. */
  add(now: Instant, who: NewEntry, isWanted: boolean, record: NodeRecord, bytes: Uint8Array): Entry {
    const row = this.isFull ? this.#freeRow(now, isWanted) : this.#entries.size;
    const entry = new Entry(who.key, this.#rows, row, who.isSelf);
    entry.isUp = who.isUp;
    entry.hasRoute = who.hasRoute;
    store(entry, record, bytes);
    this.#entries.set(shortKeyOf(who.key), entry);
    this.#review(now, entry);
    this.#settle(now, entry);
    return entry;
  }

  replace(now: Instant, entry: Entry, record: NodeRecord, bytes: Uint8Array): void {
    const hadName = entry.name;
    if (record.boot !== entry.boot && !entry.isSelf) this.#outbox.push({ kind: 'rebooted', peer: entry.key });
    store(entry, record, bytes);
    if (hadName !== entry.name) entry.boundAt = undefined;
    this.#settle(now, entry);
    if (hadName !== entry.name) this.#settleName(now, hadName);
  }

  setUp(now: Instant, peer: NodeKey, isUp: boolean): void {
    const entry = this.#entries.get(shortKeyOf(peer));
    if (entry === undefined || entry.key !== peer) return;
    entry.isUp = isUp;
    this.#review(now, entry);
  }

  setRoute(now: Instant, entry: Entry, hasRoute: boolean): void {
    entry.hasRoute = hasRoute;
    this.#review(now, entry);
  }

  onTimeout(now: Instant): void {
    if (this.#wakeAt === undefined || this.#wakeAt > now) return;
    this.#wakeAt = undefined;
    for (const entry of this.#entries.values()) {
      if (entry.goneSince === undefined) continue;
      if (entry.goneSince + GRACE_MS > now) this.#wakeAt = earlier(this.#wakeAt, entry.goneSince + GRACE_MS);
      else this.#settle(now, entry);
    }
  }

  #freeRow(now: Instant, isForSession: boolean): number {
    const leaving = this.#leastWanted(isForSession);
    assert(leaving !== undefined, 'who adds a record has asked for room');
    this.#forget(now, leaving);
    return leaving.row;
  }

  #review(now: Instant, entry: Entry): void {
    if (entry.isSelf || entry.isUp || entry.hasRoute) {
      if (entry.goneSince !== undefined) this.#goneCount--;
      entry.goneSince = undefined;
    } else if (entry.goneSince === undefined) {
      entry.goneSince = now;
      this.#goneCount++;
      this.#wakeAt = earlier(this.#wakeAt, now + GRACE_MS);
    }
  }

  #leastWanted(isForSession: boolean): Entry | undefined {
    let last: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.isSelf || entry.isUp || (entry.hasRoute && !isForSession)) continue;
      if (last === undefined || (entry.goneSince ?? Infinity) < (last.goneSince ?? Infinity)) last = entry;
    }
    return last;
  }

  #forget(now: Instant, entry: Entry): void {
    this.#entries.delete(shortKeyOf(entry.key));
    if (entry.goneSince !== undefined) this.#goneCount--;
    this.#outbox.push({ kind: 'forgotten', peer: entry.key });
    this.#settleName(now, entry.name);
  }

  #settle(now: Instant, entry: Entry): void {
    if (entry.name === '') this.#show(entry, '');
    else this.#settleName(now, entry.name);
  }

  #settleName(now: Instant, name: string): void {
    if (name === '') return;
    const claims: Entry[] = [];
    for (const entry of this.#entries.values()) if (entry.name === name) claims.push(entry);
    for (const { key, shown } of settleName(now, name, claims)) {
      const entry = this.#entries.get(shortKeyOf(key));
      if (entry !== undefined) this.#show(entry, shown);
    }
  }

  #show(entry: Entry, shown: string): void {
    if (entry.shown === shown) return;
    entry.shown = shown;
    const { key: peer, record } = entry;
    this.#outbox.push({ kind: 'known', peer, publicKey: keyInRecord(record), name: shown });
  }
}

function store(entry: Entry, record: NodeRecord, bytes: Uint8Array): void {
  entry.record = bytes;
  entry.boot = record.boot;
  entry.sequence = record.sequence;
  entry.claimedAt = record.claimedAt;
  entry.name = nameIn(record);
}

function nameIn(record: NodeRecord): string {
  return isName(record.name) ? record.name : '';
}
