import type { Cells } from '../kernel/cells.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { NONE } from './neighbor.js';
import { Cell } from './neighbor-cells.js';

/**
 * Labels between two neighbours (SPEC §8.4): an alias of 2 bytes for (source, destination), given by the
 * receiver of frames to their sender. Rows are 32 B of one array per direction, which has room for as many
 * neighbours as have had labels at once; they are kept as long as the session lasts, so that labels outlive a
 * moment without the path. Given ones outlive the keys too: of two sessions opened at once, only one end may
 * see the keys change.
 *
 * A label is the number of its row plus a multiple of the number of rows that grows with each use of the row.
 * A row is used anew only after 60 s without a frame, so no label comes back within 60 s. While all rows are
 * in use, further flows go by id, which costs 15 B a frame and nothing else. Of the labels got, the least
 * recently used one is replaced.
 */

/** Source and destination of a packet: the halves of two short ids. */
export type Flow = Uint32Array;
export const SOURCE = 0;
export const DESTINATION = 2;
export const FLOW_LENGTH = 4;

/** Columns behind the flow. */
const LABEL = 4;
/** Second of the last use. Seconds are kept modulo 2^32. */
const USED_S = 5;
/** Given: second when it was told. */
const TOLD_S = 6;
/** Given: times it was told, or came back by id, since the last frame by label. */
const VAIN = 7;
/** Got: frames since the last one by id. */
const FRAMES = 6;
const STRIDE = 8;

const EMPTY = 0xffff_ffff;
const LABEL_RANGE = 0x1_0000;

const REST_S = 60;
/**
 * A neighbour that goes on by id is told its label again after 2 s, 4 s ... 512 s: LABEL is a datagram, so
 * that none of an earlier session comes late, and the neighbour may have replaced it. A flow too rare for
 * labels goes by id for good, and telling it each time would cost more than the label saves.
 */
const TELL_AGAIN_S = 2;
const TELL_DOUBLINGS_MAX = 8;
/**
 * The sender goes by id after so many frames by label, and after this time without any: the receiver may be
 * new.
 */
const FRAMES_MAX = 63;
const IDLE_S = 30;

function secondsOf(now: Instant): number {
  return Math.floor(now / SECOND_MS) >>> 0;
}

/** The rows of all neighbours in one direction. */
class LabelRows {
  readonly count: number;
  #cells = new Uint32Array(0);
  #neighborCount = 0;

  constructor(count: number) {
    this.count = count;
  }

  get cells(): Uint32Array {
    return this.#cells;
  }

  /** Where the rows of that neighbour begin and end. */
  start(neighbor: number): number {
    return neighbor * this.count * STRIDE;
  }

  end(neighbor: number): number {
    return this.start(neighbor + 1);
  }

  has(neighbor: number): boolean {
    return neighbor < this.#neighborCount;
  }

  close(neighbor: number): void {
    if (this.has(neighbor)) this.#empty(this.start(neighbor), this.end(neighbor));
  }

  /** Makes room for twice as many neighbours as before, until this one is among them. */
  open(neighbor: number): void {
    if (this.has(neighbor)) return;
    while (!this.has(neighbor)) this.#neighborCount = Math.max(1, 2 * this.#neighborCount);
    const before = this.#cells;
    this.#cells = new Uint32Array(this.start(this.#neighborCount));
    this.#cells.set(before);
    this.#empty(before.length, this.#cells.length);
  }

  /** Where the row of a flow begins, or NONE. */
  find(neighbor: number, flow: Flow): number {
    if (!this.has(neighbor)) return NONE;
    const cells = this.#cells;
    const end = this.end(neighbor);
    for (let at = this.start(neighbor); at < end; at += STRIDE) {
      if (cells[at + LABEL] === EMPTY) continue;
      let i = 0;
      while (i < FLOW_LENGTH && cells[at + i] === flow[i]) i++;
      if (i === FLOW_LENGTH) return at;
    }
    return NONE;
  }

  /** Where an empty row begins, else the one that was used least recently. */
  oldest(neighbor: number, nowS: number): number {
    const cells = this.#cells;
    const end = this.end(neighbor);
    let oldest = this.start(neighbor);
    let oldestS = -1;
    for (let at = this.start(neighbor); at < end; at += STRIDE) {
      if (cells[at + LABEL] === EMPTY) return at;
      const idleS = (nowS - (cells[at + USED_S] ?? 0)) >>> 0;
      if (idleS > oldestS) {
        oldest = at;
        oldestS = idleS;
      }
    }
    return oldest;
  }

  #empty(start: number, end: number): void {
    for (let at = start; at < end; at += STRIDE) this.#cells[at + LABEL] = EMPTY;
  }
}

/** Labels that this node gave to its neighbours. */
export class GivenLabels {
  readonly #rows: LabelRows;
  readonly #neighbors: Cells;

  constructor(countMax: number, neighbors: Cells) {
    this.#rows = new LabelRows(Math.min(countMax, LABEL_RANGE / 2));
    this.#neighbors = neighbors;
  }

  close(neighbor: number): void {
    this.#rows.close(neighbor);
    this.#neighbors.set(neighbor, Cell.hasStray, 0);
  }

  /** The neighbour may have forgotten them all: each is told again with its next frame by id. */
  renew(neighbor: number): void {
    if (!this.#rows.has(neighbor)) return;
    const { cells } = this.#rows;
    const end = this.#rows.end(neighbor);
    for (let at = this.#rows.start(neighbor); at < end; at += STRIDE) {
      cells[at + TOLD_S] = (cells[at + TOLD_S] ?? 0) - TELL_AGAIN_S;
      cells[at + VAIN] = 1;
    }
  }

  /** A frame of that flow came by id: the label to tell the neighbour, or NONE. */
  give(now: Instant, neighbor: number, flow: Flow): number {
    const rows = this.#rows;
    rows.open(neighbor);
    const { cells } = rows;
    const nowS = secondsOf(now);
    const known = rows.find(neighbor, flow);
    if (known !== NONE) return this.#tellAgain(known, nowS, neighbor);
    const at = rows.oldest(neighbor, nowS);
    const before = cells[at + LABEL] ?? EMPTY;
    if (before !== EMPTY && (nowS - (cells[at + USED_S] ?? 0)) >>> 0 <= REST_S) return NONE;
    const next = before + rows.count;
    const first = (at - rows.start(neighbor)) / STRIDE;
    cells.set(flow, at);
    cells[at + LABEL] = before === EMPTY || next >= LABEL_RANGE ? first : next;
    cells[at + USED_S] = nowS;
    cells[at + TOLD_S] = nowS;
    cells[at + VAIN] = 1;
    return cells[at + LABEL] ?? NONE;
  }

  /** Writes the flow of a label into `flow`; false when the label is unknown. */
  resolve(now: Instant, neighbor: number, label: number, flow: Flow): boolean {
    const { cells } = this.#rows;
    const at = this.#rows.start(neighbor) + (label % this.#rows.count) * STRIDE;
    if (!this.#rows.has(neighbor) || cells[at + LABEL] !== label) {
      this.#neighbors.set(neighbor, Cell.hasStray, 1);
      return false;
    }
    for (let i = 0; i < FLOW_LENGTH; i++) flow[i] = cells[at + i] ?? 0;
    cells[at + USED_S] = secondsOf(now);
    cells[at + VAIN] = 0;
    return true;
  }

  #tellAgain(at: number, nowS: number, neighbor: number): number {
    const { cells } = this.#rows;
    const vain = cells[at + VAIN] ?? 0;
    const pauseS = TELL_AGAIN_S << Math.max(vain - 1, 0);
    const isIgnored = vain > 0 && (nowS - (cells[at + TOLD_S] ?? 0)) >>> 0 >= pauseS;
    cells[at + USED_S] = nowS;
    cells[at + VAIN] = Math.max(vain, 1);
    if (!isIgnored && this.#neighbors.get(neighbor, Cell.hasStray) === 0) return NONE;
    this.#neighbors.set(neighbor, Cell.hasStray, 0);
    cells[at + TOLD_S] = nowS;
    cells[at + VAIN] = Math.min(vain + 1, TELL_DOUBLINGS_MAX + 1);
    return cells[at + LABEL] ?? NONE;
  }
}

/** Labels that this node got from its neighbours. */
export class GotLabels {
  readonly #rows: LabelRows;

  constructor(countMax: number) {
    this.#rows = new LabelRows(countMax);
  }

  close(neighbor: number): void {
    this.#rows.close(neighbor);
  }

  /** Another flow that had this label has none now. */
  learn(now: Instant, neighbor: number, label: number, flow: Flow): void {
    this.forget(neighbor, label);
    this.#rows.open(neighbor);
    const { cells } = this.#rows;
    const nowS = secondsOf(now);
    const known = this.#rows.find(neighbor, flow);
    const at = known === NONE ? this.#rows.oldest(neighbor, nowS) : known;
    cells.set(flow, at);
    cells[at + LABEL] = label;
    cells[at + USED_S] = nowS;
    cells[at + FRAMES] = 0;
  }

  /** The neighbour means something else by this label of its own, or nothing. */
  forget(neighbor: number, label: number): void {
    if (!this.#rows.has(neighbor)) return;
    const { cells } = this.#rows;
    const end = this.#rows.end(neighbor);
    for (let at = this.#rows.start(neighbor) + LABEL; at < end; at += STRIDE) {
      if (cells[at] === label) cells[at] = EMPTY;
    }
  }

  /** The label for the next frame of that flow, or NONE when it must go by id. */
  use(now: Instant, neighbor: number, flow: Flow): number {
    const { cells } = this.#rows;
    const at = this.#rows.find(neighbor, flow);
    if (at === NONE) return NONE;
    const nowS = secondsOf(now);
    const frames = cells[at + FRAMES] ?? 0;
    const idleS = (nowS - (cells[at + USED_S] ?? 0)) >>> 0;
    cells[at + USED_S] = nowS;
    const isDue = frames >= FRAMES_MAX || idleS >= IDLE_S;
    cells[at + FRAMES] = isDue ? 0 : frames + 1;
    return isDue ? NONE : (cells[at + LABEL] ?? NONE);
  }
}
