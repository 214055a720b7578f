/**
 * Unit numbers (SPEC §7.9): whole inside, 16 bits on the wire, and few alive at once.
 */
const SLOTS_MIN = 8;

/**
 * Values by number, where the numbers that are alive at once lie within a span: a slot is the number modulo
 * the capacity, which doubles when the span outgrows it. The owner bounds the span.
 */
export class NumberRing<T> {
  /** A power of two long. */
  #slots: (T | undefined)[] = emptySlots(SLOTS_MIN);

  /** The caller asks only within the span of what is alive. */
  get(number: number): T | undefined {
    return this.#slots[number & (this.#slots.length - 1)];
  }

  /** `oldest`: the least number alive, at most `number`. */
  put(number: number, value: T, oldest: number): void {
    while (number - oldest >= this.#slots.length) this.#grow(oldest);
    this.#slots[number & (this.#slots.length - 1)] = value;
  }

  remove(number: number): void {
    this.#slots[number & (this.#slots.length - 1)] = undefined;
  }

  clear(): void {
    this.#slots = emptySlots(SLOTS_MIN);
  }

  #grow(oldest: number): void {
    const before = this.#slots;
    const slots = emptySlots<T>(2 * before.length);
    for (let i = 0; i < before.length; i++) {
      const number = oldest + i;
      slots[number & (slots.length - 1)] = before[number & (before.length - 1)];
    }
    this.#slots = slots;
  }
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
