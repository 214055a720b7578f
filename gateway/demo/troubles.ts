const TROUBLES_MAX = 2;

/** What went wrong lately, for the lower end of the screen. */
export class Troubles {
  readonly #onNew: (trouble: string) => void;
  #latest: readonly string[] = [];
  #isClosed = false;

  constructor(onNew: (trouble: string) => void) {
    this.#onNew = onNew;
  }

  /** What breaks while all is being ended is meant to. */
  close(): void {
    this.#isClosed = true;
  }

  get latest(): readonly string[] {
    return this.#latest;
  }

  add(trouble: string): void {
    if (this.#isClosed) return;
    this.#latest = [...this.#latest, trouble].slice(-TROUBLES_MAX);
    this.#onNew(trouble);
  }
}
