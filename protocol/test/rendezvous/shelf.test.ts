import { describe, expect, it } from 'vitest';
import { EMPTY } from '../../src/kernel/bytes.js';
import { Shelf } from '../../src/rendezvous/shelf.js';

const ROWS = 8;
const HOUR_MS = 3_600_000;

function id(number: number): Uint8Array {
  return new Uint8Array(8).fill(number);
}

function put(shelf: Shelf, now: number, number: number, from: number): void {
  const rest = { subject: 0, boot: 1, sequence: 0, where: EMPTY, record: new Uint8Array([number]) };
  shelf.put(now, { key: id(number), owner: id(number), ...rest }, from, now + HOUR_MS);
}

function has(shelf: Shelf, now: number, number: number): boolean {
  return shelf.find(now, 0, id(number), id(number)) >= 0;
}

describe('a shelf (§9.6)', () => {
  it('that is full loses what would be over first, of what came by the neighbour that brought most', () => {
    const shelf = new Shelf(ROWS);
    for (const number of [1, 2, 3]) put(shelf, number, number, 7);
    for (let number = 10; number < 60; number++) put(shelf, 100 + number, number, 8);
    expect([1, 2, 3].map((number) => has(shelf, 200, number))).toEqual([true, true, true]);
    expect([54, 55, 59].map((number) => has(shelf, 200, number))).toEqual([false, true, true]);
    put(shelf, 300, 4, 7);
    expect([1, 2, 3, 4].map((number) => has(shelf, 300, number))).toEqual([true, true, true, true]);
  });

  it('keeps the same record longer in the same row, and forgets it after its time', () => {
    const shelf = new Shelf(ROWS);
    put(shelf, 0, 1, 7);
    put(shelf, HOUR_MS / 2, 1, 7);
    expect(shelf.countAt(HOUR_MS + 1)).toBe(1);
    expect(shelf.countAt(2 * HOUR_MS)).toBe(0);
    expect(has(shelf, 2 * HOUR_MS, 1)).toBe(false);
  });

  it('tells owners of one key apart', () => {
    const shelf = new Shelf(ROWS);
    for (const owner of [1, 2, 3]) {
      const record = new Uint8Array([owner]);
      const rest = { subject: 1, boot: 1, sequence: 0, where: id(9), record };
      shelf.put(0, { key: id(5), owner: id(owner), ...rest }, 7, HOUR_MS);
    }
    const rows = shelf.list(1, 1, id(5), 8);
    expect(rows.map((row) => [...shelf.record(row)])).toEqual([[1], [2], [3]]);
    expect(rows.map((row) => [...shelf.owner(row)])).toEqual([1, 2, 3].map((owner) => [...id(owner)]));
    expect(shelf.list(1, 1, id(5), 2)).toHaveLength(2);
    expect(shelf.list(1, 0, id(5), 8)).toEqual([]);
  });
});
