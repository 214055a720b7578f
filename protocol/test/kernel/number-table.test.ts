import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberTable } from '../../src/kernel/number-table.js';

describe('values by rising numbers', () => {
  it('are what a map holds, whatever lives long and whatever is gone soon', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('set' as const) },
      { weight: 2, arbitrary: fc.constant('removeOldest' as const) },
      { weight: 2, arbitrary: fc.constant('removeNewest' as const) },
      { weight: 1, arbitrary: fc.constant('replace' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.nat({ max: 2 ** 40 }), (steps, first) => {
        const table = new NumberTable<string>();
        const model = new Map<number, string>();
        let next = first;
        for (const what of steps) {
          const numbers = [...model.keys()];
          const some = what === 'removeNewest' ? numbers.at(-1) : numbers[0];
          if (what === 'set' || some === undefined) {
            model.set(next, `${next}`);
            table.set(next, `${next}`);
            next++;
          } else if (what === 'replace') {
            model.set(some, 'again');
            table.set(some, 'again');
          } else {
            expect(table.remove(some)).toBe(model.get(some));
            model.delete(some);
          }
          expect(table.size).toBe(model.size);
        }
        for (const [number, value] of model) expect(table.get(number)).toBe(value);
        for (const other of [-1, 0, first - 1, next]) {
          if (!model.has(other))
            expect([table.get(other), table.remove(other)]).toEqual([undefined, undefined]);
        }
        expect(table.numbers()).toEqual([...model.keys()]);
        expect(table.size).toBe(model.size);
      }),
    );
  });

  it('one that lives for ever does not make room for all that come after it', () => {
    const table = new NumberTable<number>();
    table.set(3, 3);
    for (let number = 4; number < 100_000; number++) {
      table.set(number, number);
      expect(table.remove(number)).toBe(number);
    }
    expect(table.numbers()).toEqual([3]);
    expect(table.remove(3)).toBe(3);
    expect(table.size).toBe(0);
  });

  it('more at once than there may be slots', () => {
    const table = new NumberTable<number>();
    for (let number = 0; number < 5000; number++) table.set(number, -number);
    expect(table.size).toBe(5000);
    for (let number = 0; number < 5000; number++) expect(table.remove(number)).toBe(-number);
    expect(table.numbers()).toEqual([]);
  });
});
