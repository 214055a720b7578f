import { describe, expect, it } from 'vitest';
import * as check from '../src/check.js';
import type { Value } from '../src/index.js';

const reading = check.record({
  celsius: check.number({ min: -50, max: 60 }),
  label: check.optional(check.text({ charactersMax: 5 })),
});

const fits: readonly (readonly [check.Check<unknown>, Value])[] = [
  [check.number(), 1.5],
  [check.number({ min: 0 }), 0],
  [check.integer({ max: 3 }), 3],
  [check.boolean(), false],
  [check.text(), ''],
  [check.bytes({ bytesMax: 2 }), new Uint8Array(2)],
  [check.oneOf('on', 'off', 3), 3],
  [check.nothing(), undefined],
  [check.anything(), undefined],
  [check.optional(check.number()), undefined],
  [check.list(check.number(), { countMax: 2 }), [1, 2]],
  [reading, { celsius: 21 }],
  [reading, { celsius: 21, label: 'north', since: 1 }],
];

const faults: readonly (readonly [check.Check<unknown>, Value, string])[] = [
  [check.number(), 'warm', 'expected a number, got "warm"'],
  [check.number({ min: 1 }), 0, 'expected a number of at least 1, got 0'],
  [check.number(), Number.NaN, 'expected a number, got NaN'],
  [check.integer({ max: 3 }), 1.5, 'expected an integer of at most 3, got 1.5'],
  [check.boolean(), 0, 'expected true or false, got 0'],
  [check.boolean(), undefined, 'expected true or false, got nothing'],
  [check.text({ charactersMax: 2 }), 'abc', 'expected a text of at most 2 characters, got "abc"'],
  [check.bytes(), 'abc', 'expected bytes, got "abc"'],
  [check.bytes({ bytesMax: 1 }), new Uint8Array(2), 'expected at most 1 bytes, got 2 bytes'],
  [check.oneOf('on', 'off'), 'maybe', 'expected one of "on", "off", got "maybe"'],
  [check.nothing(), null, 'expected nothing, got null'],
  [check.list(check.number()), { 0: 1 }, 'expected a list, got an object with 0'],
  [check.list(check.number(), { countMax: 1 }), [1, 2], 'expected a list of at most 1, got a list of 2'],
  [check.list(check.number()), [1, 'x'], '[1] expected a number, got "x"'],
  [reading, [], 'expected an object with celsius, label, got a list of 0'],
  [reading, new Uint8Array(1), 'expected an object with celsius, label, got 1 bytes'],
  [reading, {}, 'celsius: expected a number from -50 to 60, got nothing'],
  [reading, { celsius: 99 }, 'celsius: expected a number from -50 to 60, got 99'],
  [
    reading,
    { celsius: 9, label: 'too long' },
    'label: expected a text of at most 5 characters, got "too long"',
  ],
  [check.record({ constructor: check.text() }), {}, 'constructor: expected a text, got nothing'],
];

describe('a check', () => {
  it.each(fits)('%# accepts what it declares', (each, value) => {
    expect(each.fault(value)).toBeUndefined();
  });

  it.each(faults)('%# says what is wrong and where', (each, value, fault) => {
    expect(each.fault(value)).toBe(fault);
  });
});
