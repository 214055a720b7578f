import type { PeerName } from '../api.js';
import type { NodeKey } from '../kernel/link.js';
import { isNodeKey } from './text.js';

/**
 * The names that the catalog told of, one per peer and unique. One map only: a look-up by name walks it, which costs
 * less than a second map on a board and is rare elsewhere.
 */
export class NameTable {
  readonly #names = new Map<NodeKey, string>();
  readonly #countMax: number;

  /** Room for the catalog's records and for the node itself; the catalog forgets one before it tells of another. */
  constructor(recordCountMax: number) {
    this.#countMax = recordCountMax + 1;
  }

  has(peer: NodeKey): boolean {
    return this.#names.has(peer);
  }

  keys(): Iterable<NodeKey> {
    return this.#names.keys();
  }

  /** When full the newcomer stays unknown: it can still be asked by its NodeKey. */
  set(peer: NodeKey, name: string): void {
    if (this.#names.has(peer) || this.#names.size < this.#countMax) this.#names.set(peer, name);
  }

  delete(peer: NodeKey): void {
    this.#names.delete(peer);
  }

  nameOf(peer: NodeKey): PeerName {
    return { id: peer, name: this.#names.get(peer) ?? '' };
  }

  /** The peer meant by a name or a NodeKey. A NodeKey needs no record. */
  resolve(to: string): NodeKey | undefined {
    if (isNodeKey(to)) return to;
    if (to === '') return undefined;
    for (const [peer, name] of this.#names) if (name === to) return peer;
    return undefined;
  }
}
