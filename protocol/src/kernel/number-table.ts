/**
 * Values by numbers that only rise, most of which are gone soon: commands under way, tags of messages that
 * wait to be acknowledged. A `Map` would do the same; but it makes itself anew again and again under such a
 * load, and in a generational heap each of the old ones keeps the next, with all that it held, until the
 * whole heap is collected.
 */
const SLOTS_MIN = 8;
/** More at once go to the map beside; 16 B each. */
const SLOTS_MAX = 1024;
const EMPTY = -1;

/** A map for numbers that are not negative. */
export class NumberTable<T> {
  /** A number has the slot that its low bits name. */
  #numbers: number[] = [];
  #values: (T | undefined)[] = [];
  #inSlots = 0;
  /** Those that outlived so many later ones that their slot was needed; seldom there. */
  #stragglers: Map<number, T> | undefined;

  get size(): number {
    return this.#inSlots + (this.#stragglers?.size ?? 0);
  }

  get(number: number): T | undefined {
    const slot = number & (this.#numbers.length - 1);
    return this.#numbers[slot] === number ? this.#values[slot] : this.#stragglers?.get(number);
  }

  set(number: number, value: T): void {
    if (this.#stragglers?.has(number) === true) {
      this.#stragglers.set(number, value);
      return;
    }
    let slot = this.#slotFor(number);
    while (this.#isTaken(slot, number) && this.#isCrowded) {
      this.#grow();
      slot = this.#slotFor(number);
    }
    if (this.#isTaken(slot, number)) {
      this.#stragglers ??= new Map();
      this.#stragglers.set(this.#numbers[slot] as number, this.#take(slot));
    }
    if (this.#numbers[slot] !== number) this.#inSlots++;
    this.#numbers[slot] = number;
    this.#values[slot] = value;
  }

  /** What it was, undefined when it was not there. */
  remove(number: number): T | undefined {
    if (number === EMPTY) return undefined;
    const slot = number & (this.#numbers.length - 1);
    if (this.#numbers[slot] === number) return this.#take(slot);
    const value = this.#stragglers?.get(number);
    this.#stragglers?.delete(number);
    return value;
  }

  /** All numbers, rising; a copy. */
  numbers(): readonly number[] {
    const inSlots = this.#numbers.filter((number) => number !== EMPTY);
    return [...(this.#stragglers?.keys() ?? []), ...inSlots].sort((a, b) => a - b);
  }

  get #isCrowded(): boolean {
    return this.#numbers.length < SLOTS_MAX && 2 * this.#inSlots >= this.#numbers.length;
  }

  #slotFor(number: number): number {
    if (this.#numbers.length === 0) this.#resize(SLOTS_MIN);
    return number & (this.#numbers.length - 1);
  }

  #isTaken(slot: number, number: number): boolean {
    const taken = this.#numbers[slot];
    return taken !== EMPTY && taken !== number;
  }

  #take(slot: number): T {
    const value = this.#values[slot] as T; // a taken slot has one
    this.#numbers[slot] = EMPTY;
    this.#values[slot] = undefined;
    this.#inSlots--;
    return value;
  }

  /** Numbers with different slots keep different slots. */
  #grow(): void {
    const numbers = this.#numbers;
    const values = this.#values;
    this.#resize(2 * numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] as number;
      if (number === EMPTY) continue;
      this.#numbers[number & (this.#numbers.length - 1)] = number;
      this.#values[number & (this.#numbers.length - 1)] = values[i];
    }
  }

  #resize(length: number): void {
    this.#numbers = Array.from({ length }, () => EMPTY);
    this.#values = Array.from({ length }, () => undefined);
  }
}
