import { describe, expect, it } from 'vitest';
import { IdPool } from '../../src/service/id-pool.js';

describe('ids (§9.1)', () => {
  it('are the lowest that are free and out of quarantine', () => {
    const pool = new IdPool(0xffff);
    expect([pool.take(0), pool.take(0), pool.take(0)]).toEqual([0, 1, 2]);
    pool.give(10, 1);
    expect(pool.take(60_009)).toBe(3);
    expect(pool.take(60_010)).toBe(1);
  });

  it('run on under load, never meet one in use, and start over after a quiet minute', () => {
    const pool = new IdPool(200);
    for (let i = 0; i < 64; i++) expect(pool.take(0)).toBe(i);
    expect(pool.take(0)).toBe(64);
    for (let i = 65; i <= 200; i++) {
      expect(pool.take(0)).toBe(i);
      pool.give(0, i);
    }
    expect(pool.take(0)).toBe(65);
    pool.give(0, 64);
    pool.give(5, 65);
    expect(pool.take(60_004)).toBe(66);
    pool.give(60_004, 66);
    expect(pool.take(120_004)).toBe(64);
  });

  it('are given back once', () => {
    const pool = new IdPool(200);
    pool.give(0, pool.take(0));
    expect(() => pool.give(0, 0)).toThrow('given back once');
    expect(() => pool.give(0, 99)).toThrow('given back once');
  });
});
