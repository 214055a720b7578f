const SLOTS_MIN = 8;

/**
 * First in, first out; its owner bounds it. An empty one is only itself: a board has dozens of them, and all
 * are empty when it rests.
 */
export class Queue<T> {
  #ring: Ring<T> | undefined;

  get length(): number {
    return this.#ring === undefined ? 0 : this.#ring.length;
  }

  /** What `shift` takes next. */
  get first(): T | undefined {
    return this.#ring?.first;
  }

  push(item: T): void {
    this.#ring ??= new Ring();
    this.#ring.push(item);
  }

  shift(): T | undefined {
    const ring = this.#ring;
    if (ring === undefined) return undefined;
    const item = ring.shift();
    if (ring.length === 0) this.#ring = undefined;
    return item;
  }

  clear(): void {
    this.#ring = undefined;
  }
}

/** What waits; doubles when it is full. */
class Ring<T> {
  length = 0;
  /** A power of two long. */
  #slots: (T | undefined)[] = emptySlots(SLOTS_MIN);
  #head = 0;

  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  push(item: T): void {
    if (this.length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.length) & (this.#slots.length - 1)] = item;
    this.length++;
  }

  /** Of one that is not empty. */
  shift(): T | undefined {
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.length--;
    return item;
  }

  #grow(): void {
    const before = this.#slots;
    const slots = emptySlots<T>(2 * before.length);
    for (let i = 0; i < this.length; i++) slots[i] = before[(this.#head + i) & (before.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  const slots: (T | undefined)[] = [];
  while (slots.length < count) slots.push(undefined);
  return slots;
}
