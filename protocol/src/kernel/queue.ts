const SLOTS_MIN = 8;
/** Slots that an empty queue keeps for the next burst. */
const SLOTS_KEPT_MAX = 64;

/** First in, first out, as a ring that doubles when it is full; its owner bounds it. */
export class Queue<T> {
  /** A power of two long, or empty. */
  #slots: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What `shift` takes next. */
  get first(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    if (--this.#length === 0 && this.#slots.length > SLOTS_KEPT_MAX) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const slots: (T | undefined)[] = [];
    for (let i = 0; i < this.#length; i++) {
      slots.push(this.#slots[(this.#head + i) & (this.#slots.length - 1)]);
    }
    const capacity = Math.max(SLOTS_MIN, 2 * this.#length);
    while (slots.length < capacity) slots.push(undefined);
    this.#slots = slots;
    this.#head = 0;
  }
}
