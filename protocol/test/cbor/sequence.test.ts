import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CborReader } from '../../src/cbor/reader.js';
import { CborWriter } from '../../src/cbor/writer.js';
import { toHex } from '../../src/kernel/bytes.js';
import { hex } from '../support/vectors.js';

describe('CBOR sequences (RFC 8742)', () => {
  it('are read item by item as they were written', () => {
    const written = new CborWriter(1)
      .uint(9_007_199_254_740_991)
      .int(-25)
      .bytes(new Uint8Array([7]))
      .text('ab')
      .text('é'.repeat(40))
      .array(2)
      .map(1)
      .boolean(true)
      .nothing()
      .float(1)
      .float(0.1)
      .raw(hex('1864'));
    const bytes = written.finish();
    expect(written.length).toBe(bytes.length);
    const reader = new CborReader(bytes);
    expect(reader.uint()).toBe(9_007_199_254_740_991);
    expect(reader.peekMajor()).toBe(1);
    expect(reader.int()).toBe(-25);
    expect(reader.bytes()).toEqual(new Uint8Array([7]));
    expect(reader.text()).toBe('ab');
    expect(reader.text()).toBe('é'.repeat(40));
    expect(reader.array()).toBe(2);
    expect(reader.map()).toBe(1);
    expect(reader.peekMajor()).toBe(7);
    expect(reader.boolean()).toBe(true);
    reader.nothing();
    expect(reader.float()).toBe(1);
    expect(reader.float()).toBe(0.1);
    expect(reader.isAtEnd).toBe(false);
    expect(reader.remaining).toBe(2);
    expect(reader.int()).toBe(100);
    expect(reader.isAtEnd).toBe(true);
    expect(reader.position).toBe(bytes.length);
    expect(reader.peekMajor()).toBe(-1);
    expect(reader.failed).toBe(false);
  });

  it('take the shortest float that is exact', () => {
    const cases: readonly [number, string][] = [
      [0, 'f90000'],
      [-0, 'f98000'],
      [65_504, 'f97bff'],
      [65_505, 'fa477fe100'],
      [2 ** -24, 'f90001'],
      [2 ** -25, 'fa33000000'],
      [2 ** -14, 'f90400'],
      [1023 * 2 ** -24, 'f903ff'],
      [1.5 * 2 ** -24, 'fa33c00000'],
      [2 ** -149, 'fa00000001'],
      [2 ** -1074, 'fb0000000000000001'],
      [1.1, 'fb3ff199999999999a'],
      [Number.NaN, 'f97e00'],
      [Number.POSITIVE_INFINITY, 'f97c00'],
    ];
    for (const [value, text] of cases) {
      expect(toHex(new CborWriter().float(value).finish()), `${value}`).toBe(text);
      expect(new CborReader(hex(text)).float(), text).toBe(value);
    }
  });

  it('have every one of the 65536 short floats in one form', () => {
    for (let half = 0; half < 0x1_0000; half++) {
      const bytes = new Uint8Array([0xf9, half >> 8, half]);
      const reader = new CborReader(bytes);
      const value = reader.float();
      if (reader.failed) expect((half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0, `${half}`).toBe(true);
      else if (toHex(new CborWriter().float(value).finish()) !== toHex(bytes)) expect.fail(`${half}`);
    }
  });

  it('cannot be written with a number that is not whole and safe', () => {
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => new CborWriter().uint(bad)).toThrow();
    expect(() => new CborWriter().int(-(2 ** 53) - 2)).toThrow();
  });

  it('are taken out of a writer that goes on with others, whatever their size', () => {
    const writer = new CborWriter();
    const taken: Uint8Array[] = [];
    const sizes = [0, 1, 60, 2000, 2100, 5000, 70_000, 3, 4000, 4001, 65_536, 10];
    for (const size of sizes) taken.push(writer.bytes(new Uint8Array(size).fill(size)).take());
    for (const [i, size] of sizes.entries()) {
      const alone = new CborWriter().bytes(new Uint8Array(size).fill(size));
      expect(taken[i]).toEqual(alone.finish());
      expect(alone.written).toEqual(taken[i]);
      alone.clear();
      expect(alone.uint(7).written).toEqual(Uint8Array.of(7));
    }
  });

  it('of any bytes give nothing after the first failure, and end', () => {
    const reads = fc.array(
      fc.constantFrom('uint', 'int', 'bytes', 'text', 'array', 'map', 'boolean', 'float'),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), reads, (bytes, names) => {
        const reader = new CborReader(bytes);
        for (const name of names as ('uint' | 'text' | 'bytes' | 'boolean')[]) {
          const value = reader[name]();
          if (!reader.failed) continue;
          expect([0, '', false]).toContain(value instanceof Uint8Array ? value.length : value);
          expect(reader.isAtEnd).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('hold lengths and counts against the caller and the bytes that are left', () => {
    const fails = (text: string, read: (reader: CborReader) => unknown): boolean => {
      const reader = new CborReader(hex(text));
      read(reader);
      return reader.failed;
    };
    expect(fails('1818', (reader) => reader.uint(23))).toBe(true);
    expect(fails('1818', (reader) => reader.uint(24))).toBe(false);
    expect(fails('420102', (reader) => reader.bytes(1))).toBe(true);
    expect(fails('626162', (reader) => reader.text(1))).toBe(true);
    expect(fails('820102', (reader) => reader.array(1))).toBe(true);
    expect(fails('830102', (reader) => reader.array())).toBe(true);
    expect(fails('a2010203', (reader) => reader.map())).toBe(true);
    expect(fails('a20102', (reader) => reader.map(1))).toBe(true);
  });
});
