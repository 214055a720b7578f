import { describe, expect, it } from 'vitest';
import { Cells } from '../../src/kernel/cells.js';

describe('cells', () => {
  it('keep what each row and column was given', () => {
    const cells = new Cells(3, 2);
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 2; column++) cells.set(row, column, row - column);
    cells.setAll(1, Infinity);
    expect([0, 1, 2].map((row) => [cells.get(row, 0), cells.get(row, 1)])).toEqual([
      [0, Infinity],
      [1, Infinity],
      [2, Infinity],
    ]);
    expect(cells.find(0, 2)).toBe(2);
    expect(cells.find(0, 3)).toBe(-1);
  });

  it('have nothing in rows that there are not', () => {
    const cells = new Cells(2, 3);
    for (let row = 0; row < 2; row++) for (let column = 0; column < 3; column++) cells.set(row, column, 7);
    expect([-1, 2, 255].map((row) => cells.get(row, 0))).toEqual([0, 0, 0]);
  });

  it('give integers of 32 bits whole', () => {
    const cells = new Cells(1, 1);
    cells.set(0, 0, 0xffff_fffe);
    expect(cells.integer(0, 0)).toBe(0xffff_fffe);
  });
});
