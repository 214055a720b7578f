import type { PeerName } from '../api.js';
import type { NodeKey } from '../kernel/link.js';
import type { Catalog } from './catalog.js';

/** Under which names peers are shown: one each, and unique. */
export interface Names {
  /** There is no room for another. */
  readonly isFull: boolean;
  has(peer: NodeKey): boolean;
  keys(): Iterable<NodeKey>;
  nameOf(peer: NodeKey): PeerName;
  /** The peer of that name; those without one are not found by it. */
  resolve(name: string): NodeKey | undefined;
  /** The catalog told so. */
  set(peer: NodeKey, name: string): void;
  delete(peer: NodeKey): void;
}

/**
 * The names that the catalog told of, one per peer and unique. One map only: a look-up by name walks it,
 * which costs less than a second map on a board and is rare elsewhere.
 */
export class NameTable implements Names {
  readonly #names = new Map<NodeKey, string>();
  readonly #countMax: number;

  /**
   * Room for the catalog's records and for the node itself; the catalog forgets one before it tells of
   * another.
   */
  constructor(recordCountMax: number) {
    this.#countMax = recordCountMax + 1;
  }

  get isFull(): boolean {
    return this.#names.size >= this.#countMax;
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

  /** The peer of that name; those without one are not found by it. */
  resolve(name: string): NodeKey | undefined {
    if (name === '') return undefined;
    for (const [peer, known] of this.#names) if (known === name) return peer;
    return undefined;
  }
}

/** The catalog itself: what it tells is what it shows, so a node with a catalog keeps no second table. */
export class CatalogNames implements Names {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  get isFull(): boolean {
    return this.#catalog.isFull;
  }

  has(peer: NodeKey): boolean {
    return this.#catalog.has(peer);
  }

  keys(): Iterable<NodeKey> {
    return this.#catalog.keys();
  }

  nameOf(peer: NodeKey): PeerName {
    return this.#catalog.nameOf(peer);
  }

  resolve(name: string): NodeKey | undefined {
    return this.#catalog.resolve(name);
  }

  set(): void {}

  delete(): void {}
}
