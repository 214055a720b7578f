import { describe, expect, it } from 'vitest';
import { Trail } from '../../src/rendezvous/trail.js';
import { lattice } from '../routing/graphs.js';
import { Town } from './town.js';

const QUESTION = { subject: 1, key: new Uint8Array(8).fill(1), source: new Uint8Array(8).fill(2) };
const MARK = 0xfedc_ba98;

describe('the ways back of answers (§9.6)', () => {
  it('are the first neighbor, and another that brought the question as far or one hop less', () => {
    const trail = new Trail(4);
    trail.note(0, QUESTION, 5, 8);
    expect(trail.waysBack(0, QUESTION, 0)).toEqual([5]);
    expect(trail.note(0, QUESTION, 6, 6)).toBe('repeated');
    expect(trail.waysBack(0, QUESTION, 0)).toEqual([5]);
    expect(trail.note(0, QUESTION, 7, 7)).toBe('repeated');
    expect(trail.waysBack(0, QUESTION, 0)).toEqual([5, 7]);
    expect(trail.note(0, QUESTION, 8, 8)).toBe('repeated');
    expect(trail.waysBack(0, QUESTION, 0)).toEqual([5, 7]);
  });

  it('take each answer once, until the question comes again with a larger hop limit', () => {
    const trail = new Trail(4);
    trail.note(0, QUESTION, 5, 8);
    expect(trail.waysBack(0, QUESTION, MARK)).toEqual([5]);
    expect(trail.waysBack(0, QUESTION, MARK)).toEqual([]);
    expect(trail.waysBack(0, QUESTION, MARK - 1)).toEqual([5]);
    expect(trail.note(0, QUESTION, 6, 16)).toBe('noted');
    expect(trail.waysBack(0, QUESTION, MARK - 1)).toEqual([6]);
  });

  it('are forgotten after 20 s, and none is noted when all rows are taken', () => {
    const trail = new Trail(1);
    trail.note(0, QUESTION, 5, 8);
    const other = { ...QUESTION, subject: 0 };
    expect(trail.note(19_999, other, 5, 8)).toBe('full');
    expect(trail.note(20_000, other, 5, 8)).toBe('noted');
    expect(trail.waysBack(20_000, QUESTION, 0)).toBeUndefined();
  });

  it.each([7, 13, 14, 20, 21, 27])(
    'one node on the way that swallows answers hides nothing (%i)',
    (hostile) => {
      const [width, height] = [6, 6];
      const made = new Town({ count: width * height, edges: lattice(width, height) });
      made.settle([]);
      made.tap = (from, _, message) => (message.kind === 'found' && from === hostile ? undefined : message);
      const owner = width * height - 1;
      for (const asker of [0, 6, 12]) {
        made.input(asker, { kind: 'seekName', name: `n${owner}`, until: made.now + 9000 });
      }
      made.run(9000);
      for (const asker of [0, 6, 12]) expect(made.namesFound(asker)).toEqual([made.short(owner)]);
    },
  );
});
