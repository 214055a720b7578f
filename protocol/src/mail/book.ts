import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import { compareBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import type { NodeKey } from '../kernel/link.js';

/** Of a value in the store. */
const VALUE_BYTES_MAX = 4096;
const KEY_BYTES = 32;
const LIST_BYTES_MAX = 32;
const TOPIC_BYTES_MAX = 128;

/** A subscriber that sleeps, and how it is written to. */
export interface Sleeper {
  readonly publicKey: Uint8Array;
  readonly keepers: Uint8Array;
  readonly topics: readonly string[];
}

/**
 * Who subscribed here and sleeps (SPEC §8.12). It is stored, so that a publisher that sleeps as well, and is
 * never awake at the same time, knows them after its own sleep.
 */
export class Book {
  readonly #sleepers = new Map<NodeKey, Sleeper>();
  readonly #countMax: number;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get(peer: NodeKey): Sleeper | undefined {
    return this.#sleepers.get(peer);
  }

  /** False when that is what was known. The one that was heard of longest ago makes room. */
  set(peer: NodeKey, sleeper: Sleeper): boolean {
    const known = this.#sleepers.get(peer);
    if (known !== undefined && isSame(known, sleeper)) return false;
    this.#sleepers.delete(peer);
    this.#sleepers.set(peer, sleeper);
    for (const oldest of this.#sleepers.keys()) {
      if (this.#sleepers.size <= this.#countMax) break;
      this.#sleepers.delete(oldest);
    }
    return true;
  }

  delete(peer: NodeKey): boolean {
    return this.#sleepers.delete(peer);
  }

  /** The newest first, as many as fit. */
  encode(): Uint8Array {
    const writer = new CborWriter();
    let end = 0;
    for (const { publicKey, keepers, topics } of [...this.#sleepers.values()].reverse()) {
      writer.bytes(publicKey).bytes(keepers).array(topics.length);
      for (const topic of topics) writer.text(topic);
      if (writer.length > VALUE_BYTES_MAX) break;
      end = writer.length;
    }
    return copyBytes(writer.finish().subarray(0, end));
  }
}

/** What `encode` wrote, in its order; what is damaged ends it. */
export function decodeBook(stored: Uint8Array | undefined): readonly Sleeper[] {
  const reader = new CborReader(stored ?? EMPTY);
  const sleepers: Sleeper[] = [];
  while (!reader.isAtEnd) {
    const publicKey = copyBytes(reader.bytes(KEY_BYTES));
    const keepers = copyBytes(reader.bytes(LIST_BYTES_MAX));
    const topics: string[] = [];
    for (let left = reader.array(); left > 0 && !reader.failed; left--)
      topics.push(reader.text(TOPIC_BYTES_MAX));
    if (reader.failed || publicKey.length !== KEY_BYTES) break;
    sleepers.push({ publicKey, keepers, topics });
  }
  return sleepers;
}

function isSame(a: Sleeper, b: Sleeper): boolean {
  return compareBytes(a.keepers, b.keepers) === 0 && a.topics.join('\n') === b.topics.join('\n');
}
