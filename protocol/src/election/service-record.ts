import { readU16, readU32, writeU16, writeU32 } from '../kernel/bytes.js';

/**
 * What a node remembers of itself over restarts (SPEC §8.6): how much of the last two weeks it was awake, and
 * what it owes to the others in service. Written once an hour at most.
 */

const RECORD_BYTES = 13;
const WHOLE = 0xffff;
/** A new node counts as half available, with the weight of a day; two weeks are the longest memory. */
const START_HOURS = 24;
const HOURS_MAX = 14 * 24;
const DEBT_MAX = 0xff;

export class ServiceRecord {
  /** 0 ... 65535. */
  #available = WHOLE >> 1;
  #hours = START_HOURS;
  #storedAtS = 0;
  #era = 0;
  /** Quarter terms; whole ones are told. */
  #debt = 0;
  #hasDebt = false;

  constructor(stored: Uint8Array | undefined) {
    if (stored?.length !== RECORD_BYTES) return;
    this.#available = readU16(stored, 0);
    this.#hours = Math.min(Math.max(readU16(stored, 2), START_HOURS), HOURS_MAX);
    this.#storedAtS = readU32(stored, 4);
    this.#era = readU32(stored, 8);
    this.#debt = stored[12] ?? 0;
    this.#hasDebt = true;
  }

  get era(): number {
    return this.#era;
  }

  get debt(): number {
    return Math.floor(this.#debt);
  }

  get availabilityPerCent(): number {
    return Math.round((100 * this.#available) / WHOLE);
  }

  /** An hour went by awake. */
  awake(): void {
    this.#hours = Math.min(this.#hours + 1, HOURS_MAX);
    this.#available += (WHOLE - this.#available) / this.#hours;
  }

  /**
   * The clock is known: the time between the last record and this boot was slept or lost. False when that
   * record knew no time.
   */
  setClock(unixS: number, uptimeS: number): boolean {
    const before = this.#storedAtS;
    this.#storedAtS = 0;
    if (before === 0) return false;
    const hoursOff = Math.min(Math.floor((unixS - uptimeS - before) / 3600), HOURS_MAX);
    for (let hour = 0; hour < hoursOff; hour++) {
      this.#hours = Math.min(this.#hours + 1, HOURS_MAX);
      this.#available -= this.#available / this.#hours;
    }
    return true;
  }

  serve(quarters: number): void {
    this.#debt = Math.min(this.#debt + quarters, DEBT_MAX);
  }

  halve(times: number): void {
    this.#debt /= 1 << Math.min(times, 8);
  }

  /** Who has no record owes as much as the others, so that a newcomer does not serve first. */
  beginWith(debt: number): void {
    if (this.#hasDebt) return;
    this.#hasDebt = true;
    this.#debt = Math.max(this.#debt, debt);
  }

  encode(unixS: number, era: number): Uint8Array {
    const record = new Uint8Array(RECORD_BYTES);
    writeU16(record, 0, Math.round(this.#available));
    writeU16(record, 2, this.#hours);
    writeU32(record, 4, unixS);
    writeU32(record, 8, era);
    record[12] = this.debt;
    return record;
  }
}
