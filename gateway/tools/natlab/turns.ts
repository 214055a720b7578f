/**
 * Two kinds of work take turns: any number of one kind at a time, never both. A request is measured while no
 * process is being started, as starting one takes a core for a second and says nothing of the network.
 */
export class Turns<Kind extends string> {
  readonly #waiting: { readonly kind: Kind; readonly go: () => void }[] = [];
  #kind: Kind | undefined;
  #count = 0;

  async take<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    if (this.#count === 0 || (this.#kind === kind && this.#waiting.length === 0)) this.#enter(kind);
    else await new Promise<void>((go) => this.#waiting.push({ kind, go }));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(kind: Kind): void {
    this.#kind = kind;
    this.#count++;
  }

  /** The next turn is of whoever waits longest, and of all who wait for the same. */
  #leave(): void {
    if (--this.#count > 0) return;
    const kind = this.#waiting[0]?.kind;
    if (kind === undefined) return;
    const admitted = this.#waiting.filter((each) => each.kind === kind);
    this.#waiting.splice(0, this.#waiting.length, ...this.#waiting.filter((each) => each.kind !== kind));
    for (const each of admitted) {
      this.#enter(kind);
      each.go();
    }
  }
}
