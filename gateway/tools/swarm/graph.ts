/** Who can reach whom without anybody between; written without anything of the protocol. */
export class Graph {
  readonly names: readonly string[];
  readonly #next = new Map<string, Set<string>>();

  constructor(names: readonly string[]) {
    this.names = names;
    for (const name of names) this.#next.set(name, new Set());
  }

  joinAll(members: readonly string[]): void {
    for (const one of members) {
      for (const other of members) if (one !== other) this.#next.get(one)?.add(other);
    }
  }

  isDirect(one: string, other: string): boolean {
    return this.#next.get(one)?.has(other) ?? false;
  }

  /** Whom each of `alive` is to ask, each pair once: those that links of the others alive lead to. */
  pairsOf(alive: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const pairs = new Map<string, readonly string[]>();
    for (const [at, name] of alive.entries()) {
      const reached = this.#reachedFrom(name, new Set(alive));
      pairs.set(
        name,
        alive.slice(at + 1).filter((other) => reached.has(other)),
      );
    }
    return pairs;
  }

  /** The share of all pairs that have no link in common. */
  get relayedShare(): number {
    const { names } = this;
    let [pairs, relayed] = [0, 0];
    for (const [at, one] of names.entries()) {
      for (const other of names.slice(at + 1)) {
        pairs++;
        if (!this.isDirect(one, other)) relayed++;
      }
    }
    return relayed / pairs;
  }

  #reachedFrom(start: string, alive: ReadonlySet<string>): ReadonlySet<string> {
    const reached = new Set([start]);
    for (const name of reached) {
      for (const next of this.#next.get(name) ?? []) if (alive.has(next)) reached.add(next);
    }
    return reached;
  }
}
