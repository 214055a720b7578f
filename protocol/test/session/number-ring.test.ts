import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandNumber, NumberRing } from '../../src/session/number-ring.js';

describe('numbers of units (§7.9)', () => {
  it('find what was put under them, while the span of what is alive moves on', () => {
    const moves = fc.array(fc.tuple(fc.nat(255), fc.nat(3), fc.boolean()), { maxLength: 300 });
    fc.assert(
      fc.property(moves, fc.nat(2 ** 40), (steps, start) => {
        const ring = new NumberRing<number>();
        const model = new Map<number, number>();
        let oldest = start;
        for (const [ahead, advance, isRemoved] of steps) {
          ring.put(oldest + ahead, ahead, oldest);
          model.set(oldest + ahead, ahead);
          if (isRemoved) {
            ring.remove(oldest + ahead);
            model.delete(oldest + ahead);
          }
          for (let i = 0; i < advance; i++) {
            ring.remove(oldest);
            model.delete(oldest++);
          }
          const span = Math.max(0, ...[...model.keys()].map((number) => number - oldest));
          for (let i = 0; i <= span; i++) expect(ring.get(oldest + i)).toBe(model.get(oldest + i));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('expand from 16 bits to the nearest', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 45), fc.integer({ min: -0x7fff, max: 0x7fff }), (expected, away) => {
        const number = expected + away;
        if (number >= 0) expect(expandNumber(number & 0xffff, expected)).toBe(number);
      }),
    );
  });
});
