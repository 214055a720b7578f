import { readU32 } from '../kernel/bytes.js';
import { Cells } from '../kernel/cells.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';

/**
 * The way that questions came (SPEC §9.6), for the answers: 80 B each. A question that goes to everybody has
 * a new way when it goes further than before, so that ways lead to its source without a loop, as those of
 * searches do (§8.10); another neighbour that brought it as far is a second way, so that answers come past
 * one node that swallows them. When all rows are taken, further questions are not passed on.
 */

const NONE = -1;
const REMEMBERED_MS = 20 * SECOND_MS;

const Step = {
  /** 0 for a free row. */
  until: 0,
  subject: 1,
  keyHigh: 2,
  keyLow: 3,
  sourceHigh: 4,
  sourceLow: 5,
  from: 6,
  /** The widest ring that came, 0 when none did. */
  hopLimit: 7,
  /** Another neighbour that it came from, -1 when there is none. */
  second: 8,
  /** Of the answer that was passed back last; 0: none was. */
  mark: 9,
  count: 10,
} as const;

export interface Question {
  readonly subject: number;
  readonly key: Uint8Array;
  readonly source: Uint8Array;
}

export class Trail {
  readonly #cells: Cells;

  constructor(rowCount: number) {
    this.#cells = new Cells(rowCount, Step.count);
  }

  /**
   * Notes where a question came from. 'repeated': it went to everybody before, as far or further. `hopLimit`:
   * 0 for one that goes to a certain node.
   */
  note(now: Instant, question: Question, from: number, hopLimit: number): 'noted' | 'repeated' | 'full' {
    const known = this.#find(now, question);
    const row = known === NONE ? this.#free(now) : known;
    if (row === NONE) return 'full';
    const cells = this.#cells;
    if (known !== NONE && hopLimit > 0 && hopLimit <= cells.get(row, Step.hopLimit)) {
      // Who is further away than this node may have it from here.
      if (hopLimit + 1 < cells.get(row, Step.hopLimit) || cells.get(row, Step.from) === from)
        return 'repeated';
      if (cells.get(row, Step.second) === NONE) cells.set(row, Step.second, from);
      return 'repeated';
    }
    cells.set(row, Step.until, now + REMEMBERED_MS);
    if (known === NONE) {
      cells.set(row, Step.subject, question.subject);
      cells.set(row, Step.keyHigh, readU32(question.key, 0));
      cells.set(row, Step.keyLow, readU32(question.key, 4));
      cells.set(row, Step.sourceHigh, readU32(question.source, 0));
      cells.set(row, Step.sourceLow, readU32(question.source, 4));
    }
    if (known === NONE || hopLimit > 0) {
      cells.set(row, Step.from, from);
      cells.set(row, Step.hopLimit, hopLimit);
      cells.set(row, Step.second, NONE);
      cells.set(row, Step.mark, 0);
    }
    return 'noted';
  }

  /**
   * The neighbours that the question came from, one or two; none when the answer with that mark, not 0, went
   * back already. Undefined: it never came.
   */
  waysBack(now: Instant, question: Question, mark: number): readonly number[] | undefined {
    const row = this.#find(now, question);
    if (row === NONE) return undefined;
    if (mark !== 0 && this.#cells.integer(row, Step.mark) === mark) return [];
    this.#cells.set(row, Step.mark, mark);
    const [from, second] = [this.#cells.get(row, Step.from), this.#cells.get(row, Step.second)];
    return second === NONE ? [from] : [from, second];
  }

  #find(now: Instant, { subject, key, source }: Question): number {
    for (let row = 0; row < this.#cells.rowCount; row++) {
      const isIt =
        this.#cells.get(row, Step.until) > now &&
        this.#cells.get(row, Step.subject) === subject &&
        this.#cells.integer(row, Step.keyHigh) === readU32(key, 0) &&
        this.#cells.integer(row, Step.keyLow) === readU32(key, 4) &&
        this.#cells.integer(row, Step.sourceHigh) === readU32(source, 0) &&
        this.#cells.integer(row, Step.sourceLow) === readU32(source, 4);
      if (isIt) return row;
    }
    return NONE;
  }

  #free(now: Instant): number {
    for (let row = 0; row < this.#cells.rowCount; row++) {
      if (this.#cells.get(row, Step.until) <= now) return row;
    }
    return NONE;
  }
}
