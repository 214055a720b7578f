/**
 * Sliding window over received counters (SPEC §7.5): accepts each counter once, and none that is older than
 * the window. The window is 32 x words wide; bit k of the ring stands for a counter equal to k modulo the
 * width.
 */
export class ReplayWindow {
  /** Two words are numbers of their own: an array would cost a board three times as much. */
  #low = 0;
  #high = 0;
  readonly #more: Uint32Array | undefined;
  readonly #width: number;
  #highest = -1;

  constructor(width: 64 | 256) {
    this.#width = width;
    this.#more = width === 64 ? undefined : new Uint32Array(width / 32 - 2);
  }

  /** The highest counter accepted so far, -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  wouldAccept(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - this.#width) return false;
    const at = counter % this.#width;
    return (this.#word(at >> 5) & (1 << (at & 31))) === 0;
  }

  /** Records a counter whose packet was authenticated. */
  accept(counter: number): void {
    if (counter > this.#highest) {
      const fresh = Math.min(counter - this.#highest, this.#width);
      for (let i = 0; i < fresh; i++) this.#mark((counter - i) % this.#width, 0);
      this.#highest = counter;
    }
    this.#mark(counter % this.#width, 1);
  }

  #word(index: number): number {
    if (index === 0) return this.#low;
    return index === 1 ? this.#high : (this.#more?.[index - 2] ?? 0);
  }

  #mark(at: number, bit: 0 | 1): void {
    const index = at >> 5;
    const mask = 1 << (at & 31);
    const before = this.#word(index);
    const word = bit === 0 ? before & ~mask : before | mask;
    if (index === 0) this.#low = word;
    else if (index === 1) this.#high = word;
    else if (this.#more !== undefined) this.#more[index - 2] = word;
  }
}
