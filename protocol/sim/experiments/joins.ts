import { quantile } from '../quantile.js';

/** So long a start may take. */
const WITHIN_MS = 600_000;

interface Join {
  readonly index: number;
  readonly at: number;
  /** Those of whom one has to be there for it to succeed, all the time that it may take. */
  known: readonly number[];
  madeAt: number | undefined;
}

/** Starts of members, whether they could find anybody, and whether they did. */
export class Joins {
  #under: Join[] = [];
  readonly #ended: { readonly isPossible: boolean; readonly ms: number | undefined }[] = [];
  /** Whom each has met, that strangers can reach. */
  readonly #met = new Map<number, Set<number>>();
  readonly #running = new Set<number>();

  get ended(): { readonly all: number; readonly possible: number; readonly made: number } {
    const possible = this.#ended.filter(({ isPossible }) => isPossible);
    const made = possible.filter(({ ms }) => ms !== undefined);
    return { all: this.#ended.length, possible: possible.length, made: made.length };
  }

  /** Seconds, of those that were made. */
  quantile(share: number): number {
    const times = this.#ended.flatMap(({ ms }) => ms ?? []);
    return quantile(times, share) / 1000;
  }

  /** `also`: whom it is told of, or is on a cable with. */
  begin(now: number, index: number, also: readonly number[]): void {
    const met = this.#met.get(index) ?? new Set();
    const known = [...met, ...also].filter((other) => this.#running.has(other));
    this.#running.add(index);
    this.#under.push({ index, at: now, known, madeAt: undefined });
  }

  met(index: number, other: number): void {
    const met = this.#met.get(index) ?? new Set();
    this.#met.set(index, met.add(other));
  }

  made(now: number, index: number): void {
    for (const join of this.#under) if (join.index === index) join.madeAt ??= now;
  }

  /** Who goes can no longer be found, and does not look any more. */
  left(index: number): void {
    this.#running.delete(index);
    this.#under = this.#under.filter((join) => join.index !== index || join.madeAt !== undefined);
    for (const join of this.#under) join.known = join.known.filter((other) => other !== index);
  }

  look(now: number): void {
    const over = this.#under.filter(({ at, madeAt }) => madeAt !== undefined || now - at >= WITHIN_MS);
    this.#under = this.#under.filter((join) => !over.includes(join));
    for (const { known, at, madeAt } of over) {
      const ms = madeAt === undefined ? undefined : madeAt - at;
      this.#ended.push({ isPossible: known.length > 0, ms });
    }
  }
}
