/**
 * Unit numbers (SPEC §7.9): whole inside, 16 bits on the wire, and few alive at once.
 */
const SLOTS_MIN = 8;

/**
 * Values by number, where the numbers that are alive at once lie within a span: a slot is the number modulo
 * the capacity, which doubles when the span outgrows it. The owner bounds the span.
 */
export class NumberRing<T> {
  /** A power of two long; undefined while none is alive. */
  #slots: (T | undefined)[] | undefined;
  #count = 0;

  /** How many are alive. */
  get count(): number {
    return this.#count;
  }

  /** The caller asks only within the span of what is alive. */
  get(number: number): T | undefined {
    const slots = this.#slots;
    return slots?.[number & (slots.length - 1)];
  }

  /** `oldest`: the least number alive, at most `number`. */
  put(number: number, value: T, oldest: number): void {
    let slots = this.#slots ?? emptySlots<T>(SLOTS_MIN);
    while (number - oldest >= slots.length) slots = grown(slots, oldest);
    const slot = number & (slots.length - 1);
    if (slots[slot] === undefined) this.#count++;
    slots[slot] = value;
    this.#slots = slots;
  }

  /** Does nothing to one that is not alive. */
  remove(number: number): void {
    const slots = this.#slots;
    const slot = slots === undefined ? 0 : number & (slots.length - 1);
    if (slots?.[slot] === undefined) return;
    slots[slot] = undefined;
    if (--this.#count === 0) this.#slots = undefined;
  }
}

function grown<T>(before: (T | undefined)[], oldest: number): (T | undefined)[] {
  const slots = emptySlots<T>(2 * before.length);
  for (let i = 0; i < before.length; i++) {
    const number = oldest + i;
    slots[number & (slots.length - 1)] = before[number & (before.length - 1)];
  }
  return slots;
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

/** The whole number nearest to `expected` whose low 16 bits are `wire`. */
export function expandNumber(wire: number, expected: number): number {
  let number = expected - (expected % 0x1_0000) + wire;
  if (number > expected + 0x8000) number -= 0x1_0000;
  else if (number < expected - 0x8000) number += 0x1_0000;
  return number;
}
