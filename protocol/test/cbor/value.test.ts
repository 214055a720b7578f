import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CborValue, decodeValue, encodeValue } from '../../src/cbor/value.js';
import { concatBytes, toHex } from '../../src/kernel/bytes.js';
import { UsageError } from '../../src/kernel/fault.js';
import { hex, readVectors } from '../support/vectors.js';

interface AppendixVector {
  readonly hex: string;
  readonly decoded?: CborValue;
  readonly diagnostic?: string;
  readonly excluded?: string;
}

/**
 * An independent codec; set as a wire format needs it, not by its defaults (int64AsNumber is not in its
 * types).
 */
const ORACLE = { useRecords: false, variableMapSize: true, tagUint8Array: false, int64AsNumber: true };
const oracle = new Encoder(ORACLE);

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('__proto__', 'constructor', ''),
);
const scalar: fc.Arbitrary<CborValue> = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.double(),
  fc.float(),
  fc.constantFrom(-0, 2 ** 53, -(2 ** 53), 65_504, 65_519, 2 ** -24, 2 ** -14, 2 ** -25),
  fc.string({ unit: 'grapheme' }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }),
);
const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 7 },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

function decoded(bytes: Uint8Array): CborValue {
  const result = decodeValue(bytes);
  if (!result.ok) throw new Error(`refused ${toHex(bytes)}`);
  return result.value;
}

function isRefused(text: string): boolean {
  return !decodeValue(hex(text)).ok;
}

describe('RFC 8949 appendix A', () => {
  const vectors = readVectors<AppendixVector>('rfc8949-appendix-a.json');

  it('is read and written back where the subset allows', () => {
    for (const vector of vectors.filter(({ excluded }) => excluded === undefined)) {
      const value = decoded(hex(vector.hex));
      expect(value, vector.hex).toEqual(meaningOf(vector));
      expect(toHex(encodeValue(value))).toBe(vector.hex);
    }
  });

  it('is refused where it does not', () => {
    for (const { hex: text, excluded } of vectors.filter((vector) => vector.excluded !== undefined)) {
      expect(isRefused(text), `${text}: ${excluded}`).toBe(true);
    }
  });
});

describe('values (SPEC §2.3)', () => {
  it('come back as they were', () => {
    const same = fc.property(anyValue, (value) => {
      expect(decoded(encodeValue(value))).toEqual(value);
    });
    fc.assert(same, { numRuns: 400 });
  });

  it('mean the same to an independent codec', () => {
    const alike = fc.property(anyValue, (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__')); // which cbor-x renames
      expect(oracle.decode(encodeValue(value))).toEqual(value);
    });
    fc.assert(alike, { numRuns: 400 });
  });

  it('of the shapes that the other codec writes alike are the same bytes', () => {
    const item = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
      fc.string({ unit: 'grapheme' }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), (items) => {
        expect(toHex(encodeValue(items))).toBe(toHex(oracle.encode(items)));
      }),
    );
  });

  it('have one encoding: what is read is written back byte for byte', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.tuple(anyValue, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([value, at, flip]) => {
        const mutated = encodeValue(value);
        mutated[at % mutated.length] = (mutated[at % mutated.length] ?? 0) ^ flip;
        return mutated;
      }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const result = decodeValue(input);
        if (result.ok) expect(toHex(encodeValue(result.value))).toBe(toHex(input));
      }),
      { numRuns: 3000 },
    );
  });

  it('are refused when cut or followed by more', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, at) => {
        const bytes = encodeValue(value);
        expect(decodeValue(bytes.subarray(0, at % bytes.length)).ok).toBe(false);
        expect(decodeValue(concatBytes(bytes, bytes)).ok).toBe(false);
      }),
    );
  });

  it('own their bytes', () => {
    const input = encodeValue(new Uint8Array([1, 2, 3]));
    const value = decoded(input);
    input.fill(0);
    expect(value).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('sort map keys by their encoding: shorter first, then by bytes', () => {
    expect(toHex(encodeValue({ b: 1, aa: 2, a: 3 }))).toBe('a3616103616201626161' + '02');
    expect(isRefused('a2616201616103'), 'out of order').toBe(true);
    expect(isRefused('a2616101616103'), 'twice').toBe(true);
    expect(isRefused('a2616101616203'), 'in order').toBe(false);
  });

  it('keep a key named __proto__ an ordinary key', () => {
    const value = decoded(hex('a1695f5f70726f746f5f5fa1616101')) as { [key: string]: CborValue };
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect((value as { a?: unknown }).a).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('are refused in every longer form', () => {
    const longer = [
      '1817',
      '190017',
      '1a00000017',
      '1b0000000000000017',
      '3817',
      '580161',
      '7800',
      '9800',
      'b800',
    ];
    const floats = [
      'fa3fc00000',
      'fb3ff8000000000000',
      'fa7fc00001',
      'f97e01',
      'f9fe00',
      'fb7ff8000000000001',
    ];
    const beyond = ['1b0020000000000000', '3b001fffffffffffff', '3b0020000000000000'];
    const broken = [
      '',
      '1c',
      '1f',
      '3e',
      '5d',
      '7f',
      'f817',
      'f9',
      'fa0000',
      'fc',
      'ff',
      '62c328',
      '61ff',
      '6261',
    ];
    for (const text of [...longer, ...floats, ...beyond, ...broken]) expect(isRefused(text), text).toBe(true);
  });
});

describe('CBOR bombs', () => {
  it('of depth end at eight levels', () => {
    expect(isRefused(`${'81'.repeat(8)}00`)).toBe(false);
    expect(isRefused(`${'81'.repeat(9)}00`)).toBe(true);
    expect(isRefused('81'.repeat(100_000))).toBe(true);
    expect(isRefused('a16161'.repeat(100_000))).toBe(true);
  });

  it('of declared sizes are refused before anything is allocated', () => {
    const lengths = [
      '5b001fffffffffffff',
      '7a7fffffff',
      '9b001fffffffffffff',
      '9a7fffffff',
      'ba7fffffff',
      '59ffff',
    ];
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1000; i++) {
      for (const text of lengths) expect(decodeValue(hex(`${text}00`)).ok).toBe(false);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });

  it('of many items end at 1024', () => {
    const zeros = (count: number) => `99${count.toString(16).padStart(4, '0')}${'00'.repeat(count)}`;
    expect(isRefused(zeros(1023))).toBe(false);
    expect(isRefused(zeros(1024))).toBe(true);
    expect(isRefused(`98${'40'}${`98${'20'}${'00'.repeat(32)}`.repeat(64)}`)).toBe(true);
  });

  it('of any bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeValue(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is no value', () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const cases: readonly [string, unknown][] = [
    ['undefined', undefined],
    ['undefined inside', { a: undefined }],
    ['a hole', new Array(1)],
    ['a function', () => 0],
    ['a bigint', 1n],
    ['a symbol', Symbol.iterator],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['another view', new Uint16Array(1)],
    ['a cycle', cycle],
    ['nine levels', [[[[[[[[[]]]]]]]]]],
    ['1025 items', new Array(1024).fill(0)],
    ['half a surrogate pair', '\ud800'],
    ['half a surrogate pair as a key', { '\udc00': 1 }],
  ];
  it.each(cases)('%s: notEncodable', (_, value) => {
    const attempt = () => encodeValue(value as CborValue);
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'notEncodable' }));
  });
});

function meaningOf({ decoded: value, diagnostic }: AppendixVector): CborValue {
  if (value !== undefined) return value;
  const bytes = /^h'([0-9a-f]*)'$/.exec(diagnostic ?? '');
  return bytes === null ? Number(diagnostic) : hex(bytes[1] ?? '');
}
