const SLOTS_MIN = 8;

/**
 * First in, first out, as a ring that doubles when it is full; its owner bounds it. An empty one is only
 * itself: a board has dozens of them, and all are empty when it rests.
 */
export class Queue<T> {
  /** A power of two long; undefined while it is empty. */
  #slots: (T | undefined)[] | undefined;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What `shift` takes next. */
  get first(): T | undefined {
    return this.#slots?.[this.#head];
  }

  push(item: T): void {
    let slots = this.#slots;
    if (slots === undefined || this.#length === slots.length) slots = this.#grow(slots ?? []);
    slots[(this.#head + this.#length) & (slots.length - 1)] = item;
    this.#length++;
  }

  shift(): T | undefined {
    const slots = this.#slots;
    if (slots === undefined) return undefined;
    const item = slots[this.#head];
    slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (slots.length - 1);
    if (--this.#length === 0) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = undefined;
    this.#head = 0;
    this.#length = 0;
  }

  #grow(before: (T | undefined)[]): (T | undefined)[] {
    const slots: (T | undefined)[] = [];
    for (let i = 0; i < this.#length; i++) slots.push(before[(this.#head + i) & (before.length - 1)]);
    const capacity = Math.max(SLOTS_MIN, 2 * this.#length);
    while (slots.length < capacity) slots.push(undefined);
    this.#slots = slots;
    this.#head = 0;
    return slots;
  }
}
