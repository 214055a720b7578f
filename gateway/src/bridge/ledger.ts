import type { NodeKey } from '../mesh.js';
import type { Json } from './json.js';

/** A reading that another gateway should have published. */
export interface Unproven {
  readonly topic: string;
  readonly value: Json;
  readonly at: number;
}

/** A document on the broker whose reading has not come here yet. */
interface Early {
  /** The one topic that it changed, undefined when none did. */
  readonly topic: string | undefined;
  readonly document: Document;
  readonly at: number;
}

type Document = Readonly<Record<string, Json>>;

interface Account {
  unproven: Unproven[];
  early: Early[];
}

/** As long as it may take until a gateway that lost the broker is given up, twice. */
export const UNPROVEN_MS_MAX = 30_000;
/** A reading reaches all gateways within a moment, or after some retransmissions. */
export const EARLY_MS_MAX = 10_000;
/** Per device; a reading each 100 ms. */
const UNPROVEN_MAX = 300;

/**
 * Every gateway hears every reading, and one of them publishes it. The others keep it here until they see it
 * on the broker, so that whoever takes over knows what is missing there: exactly that is published then.
 */
export class Ledger {
  readonly #accounts = new Map<NodeKey, Account>();

  /** Keeps a reading; not when the broker has shown it already. */
  add(now: number, device: NodeKey, topic: string, value: Json): void {
    if (this.isShown(now, device, topic, value)) return;
    const { unproven } = this.#accountOf(now, device);
    unproven.push({ topic, value, at: now });
    if (unproven.length > UNPROVEN_MAX) unproven.shift();
  }

  /** Whether the broker has shown this reading before it came here; each showing counts once. */
  isShown(now: number, device: NodeKey, topic: string, value: Json): boolean {
    const { early } = this.#accountOf(now, device);
    const at = early.findIndex((each) => isAbout(each, topic, value));
    if (at < 0) return false;
    early.splice(at, 1);
    return true;
  }

  /** The broker gave out a document of another gateway: it stands for one reading. */
  shown(now: number, device: NodeKey, before: Document, document: Document): void {
    const account = this.#accountOf(now, device);
    const { unproven, early } = account;
    const showing = { topic: changedIn(before, document), document, at: now };
    const at = unproven.findIndex((each) => isAbout(showing, each.topic, each.value));
    const shown = unproven[at];
    if (shown === undefined) early.push(showing);
    // What came before it on its topic is on the broker, too, or too late for it.
    account.unproven = unproven.filter((each, index) => index > at || each.topic !== shown?.topic);
  }

  /** What the broker has not shown, oldest first; it is the taker's from now on. */
  take(now: number, device: NodeKey): readonly Unproven[] {
    const account = this.#accountOf(now, device);
    const { unproven } = account;
    account.unproven = [];
    return unproven;
  }

  clear(): void {
    this.#accounts.clear();
  }

  #accountOf(now: number, device: NodeKey): Account {
    let account = this.#accounts.get(device);
    if (account === undefined) {
      account = { unproven: [], early: [] };
      this.#accounts.set(device, account);
    }
    while (isOlder(account.unproven[0], now - UNPROVEN_MS_MAX)) account.unproven.shift();
    while (isOlder(account.early[0], now - EARLY_MS_MAX)) account.early.shift();
    return account;
  }
}

function isOlder(entry: { readonly at: number } | undefined, than: number): boolean {
  return entry !== undefined && entry.at < than;
}

function isAbout(showing: Early, topic: string, value: Json): boolean {
  if (showing.topic !== undefined && showing.topic !== topic) return false;
  return JSON.stringify(showing.document[topic]) === JSON.stringify(value);
}

/** The one key that differs; a document that repeats its values may stand for any of them. */
function changedIn(before: Document, after: Document): string | undefined {
  const changed = Object.keys(after).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return changed.length === 1 ? changed[0] : undefined;
}
