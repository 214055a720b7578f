import { RECORD_BYTES_MAX } from '../identity/record.js';
import { copyBytes } from '../kernel/bytes.js';
import type { NodeKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Claim } from './binding.js';

/** The length of a record, then the record. */
const ROW_BYTES = 1 + RECORD_BYTES_MAX;
const NUMBER_COUNT = 3;
const AT = { boot: 0, sequence: 1, claimedAt: 2 } as const;
const INSTANT_COUNT = 2;
const BOUND_AT = 0;
const GONE_SINCE = 1;
const IS = { self: 1, up: 2, routed: 4 } as const;

/**
 * What is kept of known nodes besides their names, in rows of typed arrays: on a board a property takes a
 * slot of 16 bytes, whatever is in it.
 */
export class RecordRows {
  readonly #records: Uint8Array;
  readonly #numbers: Uint32Array;
  /** NaN: none. */
  readonly #instants: Float64Array;
  readonly #flags: Uint8Array;

  constructor(rowCount: number) {
    this.#records = new Uint8Array(rowCount * ROW_BYTES);
    this.#numbers = new Uint32Array(rowCount * NUMBER_COUNT);
    this.#instants = new Float64Array(rowCount * INSTANT_COUNT);
    this.#flags = new Uint8Array(rowCount);
  }

  clear(row: number): void {
    this.#instants.fill(Number.NaN, row * INSTANT_COUNT, (row + 1) * INSTANT_COUNT);
    this.#flags[row] = 0;
  }

  record(row: number): Uint8Array {
    const at = row * ROW_BYTES + 1;
    return copyBytes(this.#records.subarray(at, at + (this.#records[at - 1] as number)));
  }

  setRecord(row: number, bytes: Uint8Array): void {
    this.#records[row * ROW_BYTES] = bytes.length;
    this.#records.set(bytes, row * ROW_BYTES + 1);
  }

  number(row: number, which: number): number {
    return this.#numbers[row * NUMBER_COUNT + which] as number;
  }

  setNumber(row: number, which: number, value: number): void {
    this.#numbers[row * NUMBER_COUNT + which] = value;
  }

  instant(row: number, which: number): Instant | undefined {
    const at = this.#instants[row * INSTANT_COUNT + which] as number;
    return Number.isNaN(at) ? undefined : at;
  }

  setInstant(row: number, which: number, at: Instant | undefined): void {
    this.#instants[row * INSTANT_COUNT + which] = at ?? Number.NaN;
  }

  flag(row: number, which: number): boolean {
    return ((this.#flags[row] as number) & which) !== 0;
  }

  setFlag(row: number, which: number, isSet: boolean): void {
    const others = (this.#flags[row] as number) & ~which;
    this.#flags[row] = isSet ? others | which : others;
  }
}

/** One known node. */
export class Entry implements Claim {
  readonly key: NodeKey;
  readonly row: number;
  /** As claimed; '' when the record has none that is valid. */
  name = '';
  /** As told; undefined before the first time. */
  shown: string | undefined;
  readonly #rows: RecordRows;

  constructor(key: NodeKey, rows: RecordRows, row: number, isSelf: boolean) {
    this.key = key;
    this.row = row;
    this.#rows = rows;
    rows.clear(row);
    rows.setFlag(row, IS.self, isSelf);
  }

  /** As its node signed it; a copy. */
  get record(): Uint8Array {
    return this.#rows.record(this.row);
  }

  set record(bytes: Uint8Array) {
    this.#rows.setRecord(this.row, bytes);
  }

  get boot(): number {
    return this.#rows.number(this.row, AT.boot);
  }

  set boot(boot: number) {
    this.#rows.setNumber(this.row, AT.boot, boot);
  }

  get sequence(): number {
    return this.#rows.number(this.row, AT.sequence);
  }

  set sequence(sequence: number) {
    this.#rows.setNumber(this.row, AT.sequence, sequence);
  }

  get claimedAt(): number {
    return this.#rows.number(this.row, AT.claimedAt);
  }

  set claimedAt(unixSeconds: number) {
    this.#rows.setNumber(this.row, AT.claimedAt, unixSeconds);
  }

  get boundAt(): Instant | undefined {
    return this.#rows.instant(this.row, BOUND_AT);
  }

  set boundAt(at: Instant | undefined) {
    this.#rows.setInstant(this.row, BOUND_AT, at);
  }

  get goneSince(): Instant | undefined {
    return this.#rows.instant(this.row, GONE_SINCE);
  }

  set goneSince(since: Instant | undefined) {
    this.#rows.setInstant(this.row, GONE_SINCE, since);
  }

  get isSelf(): boolean {
    return this.#rows.flag(this.row, IS.self);
  }

  get isUp(): boolean {
    return this.#rows.flag(this.row, IS.up);
  }

  set isUp(isUp: boolean) {
    this.#rows.setFlag(this.row, IS.up, isUp);
  }

  get hasRoute(): boolean {
    return this.#rows.flag(this.row, IS.routed);
  }

  set hasRoute(hasRoute: boolean) {
    this.#rows.setFlag(this.row, IS.routed, hasRoute);
  }
}
