import { Columns } from '../kernel/columns.js';

/**
 * Which messages with routes their receivers have taken (SPEC §8.9). A retraction that a neighbour has taken
 * in ends its use of the route, so the feasibility distance behind it need not be remembered any longer.
 *
 * Messages to all neighbours are numbered together. Those to one are delivered in order, so the newest
 * receipt of a neighbour covers all before it; a message that failed leaves nothing certain until the session
 * ends.
 */

/** Tags are number * 256 + row of the neighbour. */
const ROW_RANGE = 0x100;

export class Receipts {
  #count = 0;
  /** By neighbour: the newest message to it, the newest that it took; 1 after a failure. */
  readonly #sent: Uint32Array;
  readonly #taken: Uint32Array;
  readonly #hasFailed: Uint8Array;

  constructor(neighborRows: number) {
    const columns = new Columns(neighborRows, 9);
    this.#sent = columns.uint32();
    this.#taken = columns.uint32();
    this.#hasFailed = columns.uint8();
  }

  /** The number of the message that `send` is called for next. */
  get next(): number {
    return this.#count + 1;
  }

  /** Numbers a message; what is returned comes back with its receipt. */
  send(neighbor: number): number {
    this.#count++;
    this.#sent[neighbor] = this.#count;
    return this.#count * ROW_RANGE + neighbor;
  }

  settle(tag: number, ok: boolean): void {
    const neighbor = tag % ROW_RANGE;
    const number = Math.floor(tag / ROW_RANGE);
    if (!ok) this.#hasFailed[neighbor] = 1;
    else this.#taken[neighbor] = Math.max(this.#taken[neighbor] ?? 0, number);
  }

  /** Whether the neighbour has taken everything up to that number. */
  hasTaken(neighbor: number, number: number): boolean {
    if (this.#hasFailed[neighbor] === 1) return false;
    const taken = this.#taken[neighbor] ?? 0;
    return taken >= number || taken === this.#sent[neighbor];
  }

  /** The session is over: nothing of it is under way. */
  close(neighbor: number): void {
    this.#taken[neighbor] = this.#sent[neighbor] ?? 0;
    this.#hasFailed[neighbor] = 0;
  }
}
