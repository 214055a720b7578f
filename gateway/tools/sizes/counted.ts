/** A packet on its way between the two ends. */
export interface Sighting {
  readonly at: number;
  readonly from: 'near' | 'far';
  readonly bytes: Uint8Array;
}

/** Counts what passes between two processes. */
export class Counted {
  readonly #sightings: Sighting[] = [];

  add(from: Sighting['from'], bytes: Uint8Array): void {
    this.#sightings.push({ at: performance.now(), from, bytes: new Uint8Array(bytes) });
  }

  /** How many have passed: where to count from. */
  get mark(): number {
    return this.#sightings.length;
  }

  since(mark: number): readonly Sighting[] {
    return this.#sightings.slice(mark);
  }

  bytesSince(mark: number): number {
    return this.since(mark).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Until nothing has passed for `ms`. */
  async quiet(ms: number): Promise<void> {
    for (;;) {
      const leftMs = (this.#sightings.at(-1)?.at ?? 0) + ms - performance.now();
      if (leftMs <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(leftMs)));
    }
  }
}
