import type { Instant } from '../kernel/time.js';
import { NumberRing } from './number-ring.js';
import type { Unit } from './unit.js';

/**
 * The units that are not settled, and how many of them are lost or only held. There is one while anything is
 * under way: sessions rest most of the time, and at rest they are to take little.
 */
export class Flight {
  readonly #units = new NumberRing<Unit>();
  #lostCount = 0;
  /** The peer has them, but not all that come before. */
  #heldCount = 0;
  /** No unit before this one is lost. */
  #lostFrom = 0;

  get count(): number {
    return this.#units.count;
  }

  get lostCount(): number {
    return this.#lostCount;
  }

  /** Those that the peer is not known to have. */
  get missingCount(): number {
    return this.#units.count - this.#heldCount;
  }

  /** Those that are on their way, as far as is known. */
  get underWay(): number {
    return this.missingCount - this.#lostCount;
  }

  /** As NumberRing's: within the span of what is alive. */
  get(number: number): Unit | undefined {
    return this.#units.get(number);
  }

  put(number: number, unit: Unit, oldest: number): void {
    this.#units.put(number, unit, oldest);
  }

  /** The peer has it. */
  hold(unit: Unit): void {
    this.#found(unit, 'held');
    this.#heldCount++;
  }

  /** One that was held before. */
  remove(number: number): void {
    this.#units.remove(number);
    this.#heldCount--;
  }

  markLost(number: number, unit: Unit): void {
    if (unit.state !== 'underWay') return;
    unit.state = 'lost';
    this.#lostCount++;
    if (number < this.#lostFrom) this.#lostFrom = number;
  }

  /** It is sent again. */
  repeat(now: Instant, unit: Unit, packet: number): void {
    this.#found(unit, 'underWay');
    unit.isRepeated = true;
    unit.sentAt = now;
    unit.packet = packet;
  }

  /** Of those from `oldest` to before `next`; there is one. */
  firstLost(oldest: number, next: number): number {
    let number = Math.max(this.#lostFrom, oldest);
    while (number < next && this.#units.get(number)?.state !== 'lost') number++;
    this.#lostFrom = number;
    return number;
  }

  #found(unit: Unit, state: Unit['state']): void {
    if (unit.state === 'lost') this.#lostCount--;
    unit.state = state;
  }
}
