/** Arrays up to this length lie in the heap of the engine, where they cost next to nothing. */
const HEAP_BYTES_MAX = 64;
const SLAB_BYTES = 16_384;
const PIECE_BYTES_MAX = SLAB_BYTES / 4;

/**
 * Cuts arrays from larger ones, because making one of a packet's size takes as long as sealing it. A piece
 * keeps its slab, so this is for what does not live long: packets on their way to a socket.
 */
export class Slab {
  #buffer = new ArrayBuffer(SLAB_BYTES);
  #at = 0;

  take(length: number): Uint8Array {
    if (length <= HEAP_BYTES_MAX || length > PIECE_BYTES_MAX) return new Uint8Array(length);
    if (this.#at + length > SLAB_BYTES) {
      this.#buffer = new ArrayBuffer(SLAB_BYTES);
      this.#at = 0;
    }
    const piece = new Uint8Array(this.#buffer, this.#at, length);
    this.#at += length;
    return piece;
  }
}
