import type { Cells } from '../kernel/cells.js';
import { Cell } from './neighbor-cells.js';

/**
 * Which messages with routes their receivers have taken (SPEC §8.3). A retraction that a neighbour has taken
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
  readonly #cells: Cells;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /** The number of the message that `send` is called for next. */
  get next(): number {
    return this.#count + 1;
  }

  /** Numbers a message; what is returned comes back with its receipt. */
  send(neighbor: number): number {
    this.#count++;
    this.#cells.set(neighbor, Cell.underWay, this.underWay(neighbor) + 1);
    this.#cells.set(neighbor, Cell.sent, this.#count);
    return this.#count * ROW_RANGE + neighbor;
  }

  settle(tag: number, ok: boolean): void {
    const neighbor = tag % ROW_RANGE;
    const number = Math.floor(tag / ROW_RANGE);
    this.#cells.set(neighbor, Cell.underWay, Math.max(0, this.underWay(neighbor) - 1));
    if (!ok) this.#cells.set(neighbor, Cell.hasFailed, 1);
    else this.#cells.set(neighbor, Cell.taken, Math.max(this.#cells.get(neighbor, Cell.taken), number));
  }

  /** Messages to it that are not settled. */
  underWay(neighbor: number): number {
    return this.#cells.get(neighbor, Cell.underWay);
  }

  /** Whether the neighbour has taken everything up to that number. */
  hasTaken(neighbor: number, number: number): boolean {
    if (this.#cells.get(neighbor, Cell.hasFailed) === 1) return false;
    const taken = this.#cells.get(neighbor, Cell.taken);
    return taken >= number || taken === this.#cells.get(neighbor, Cell.sent);
  }

  /** The session is over: nothing of it is under way. */
  close(neighbor: number): void {
    this.#cells.set(neighbor, Cell.taken, this.#cells.get(neighbor, Cell.sent));
    this.#cells.set(neighbor, Cell.hasFailed, 0);
    this.#cells.set(neighbor, Cell.underWay, 0);
  }
}
