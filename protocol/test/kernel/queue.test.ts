import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/kernel/queue.js';

describe('a queue', () => {
  it('does what an array does, in any order of pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -40, max: 60 }), { maxLength: 40 }), (moves) => {
        const queue = new Queue<number>();
        const model: number[] = [];
        let next = 0;
        for (const move of moves) {
          for (let i = 0; i < move; i++) {
            queue.push(next);
            model.push(next++);
          }
          for (let i = 0; i < -move; i++) expect(queue.shift()).toBe(model.shift());
          expect(queue.length).toBe(model.length);
          expect(queue.first).toBe(model[0]);
        }
        while (model.length > 0) expect(queue.shift()).toBe(model.shift());
        expect([queue.length, queue.first, queue.shift()]).toEqual([0, undefined, undefined]);
      }),
    );
  });
});
