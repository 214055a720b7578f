const SLOTS_MIN = 8;

/**
 * First in, first out; its owner bounds it. An empty one is only itself, and one item is held as it is: a
 * board has dozens of them, all empty when it rests, and most turns put one item through several of them.
 */
export class Queue<T> {
  #held: Ring<T> | T | undefined;

  get length(): number {
    const held = this.#held;
    if (held instanceof Ring) return held.length;
    return held === undefined ? 0 : 1;
  }

  /** What `shift` takes next. */
  get first(): T | undefined {
    const held = this.#held;
    return held instanceof Ring ? held.first : held;
  }

  push(item: T): void {
    const held = this.#held;
    if (held === undefined) this.#held = item;
    else if (held instanceof Ring) held.push(item);
    else this.#held = ringOf(held, item);
  }

  shift(): T | undefined {
    const held = this.#held;
    if (!(held instanceof Ring)) {
      this.#held = undefined;
      return held;
    }
    const item = held.shift();
    if (held.length === 0) this.#held = undefined;
    return item;
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

function ringOf<T>(first: T, second: T): Ring<T> {
  const ring = new Ring<T>();
  ring.push(first);
  ring.push(second);
  return ring;
}
