/**
 * Sliding window over received counters (SPEC §7.5): accepts each counter once, and none that is older than
 * the window. The window is 32 x words wide; bit k of the ring stands for a counter equal to k modulo the
 * width.
 */
export class ReplayWindow {
  readonly #bits: Uint32Array;
  readonly #width: number;
  #highest = -1;

  constructor(width: 64 | 256) {
    this.#width = width;
    this.#bits = new Uint32Array(width / 32);
  }

  /** The highest counter accepted so far, -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  wouldAccept(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - this.#width) return false;
    return !this.#isMarked(counter % this.#width);
  }

  /** Records a counter whose packet was authenticated. */
  accept(counter: number): void {
    if (counter > this.#highest) {
      const fresh = Math.min(counter - this.#highest, this.#width);
      for (let i = 0; i < fresh; i++) this.#clear((counter - i) % this.#width);
      this.#highest = counter;
    }
    const at = counter % this.#width;
    this.#bits[at >> 5] = (this.#bits[at >> 5] as number) | (1 << (at & 31));
  }

  #isMarked(at: number): boolean {
    return ((this.#bits[at >> 5] as number) & (1 << (at & 31))) !== 0;
  }

  #clear(at: number): void {
    this.#bits[at >> 5] = (this.#bits[at >> 5] as number) & ~(1 << (at & 31));
  }
}
