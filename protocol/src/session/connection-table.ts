/**
 * Values by connection id, as two arrays in the order of the ids: a `Map` would cost a board three slots for
 * each of the dozens of ids that its few sessions have.
 */
export class ConnectionTable<T> {
  readonly #ids: number[] = [];
  readonly #values: T[] = [];

  get size(): number {
    return this.#ids.length;
  }

  has(id: number): boolean {
    return this.#ids[this.#placeOf(id)] === id;
  }

  get(id: number): T | undefined {
    const place = this.#placeOf(id);
    return this.#ids[place] === id ? this.#values[place] : undefined;
  }

  set(id: number, value: T): void {
    const place = this.#placeOf(id);
    const isKnown = this.#ids[place] === id;
    this.#ids.splice(place, isKnown ? 1 : 0, id);
    this.#values.splice(place, isKnown ? 1 : 0, value);
  }

  delete(id: number): void {
    const place = this.#placeOf(id);
    if (this.#ids[place] !== id) return;
    this.#ids.splice(place, 1);
    this.#values.splice(place, 1);
  }

  /** Of the first id that is not less. */
  #placeOf(id: number): number {
    let from = 0;
    let to = this.#ids.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#ids[middle] as number) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
