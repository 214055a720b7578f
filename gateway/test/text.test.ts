import { describe, expect, it } from 'vitest';
import { paintFor, plainPaint } from '../src/text/style.js';
import { editDistance, nearest } from '../src/text/suggest.js';
import { cell, renderTable } from '../src/text/table.js';
import { formatAge, formatClock, parseDuration } from '../src/text/units.js';

describe('a table', () => {
  it('is as wide as its widest cells, and ends its lines without spaces', () => {
    const columns = [{ title: 'PEER' }, { title: 'RTT', align: 'right' as const }, { title: 'WHY' }];
    const rows = [
      [cell('attic'), cell('4 ms'), cell('')],
      [cell('uno'), cell('11 ms'), cell('no link reaches both')],
    ];
    expect(renderTable(columns, rows, plainPaint)).toEqual([
      'PEER     RTT  WHY',
      'attic   4 ms',
      'uno    11 ms  no link reaches both',
    ]);
  });

  it('shortens its last column to fit the terminal', () => {
    const lines = renderTable(
      [{ title: 'A' }, { title: 'B' }],
      [[cell('one'), cell('two three four')]],
      plainPaint,
      10,
    );
    expect(lines).toEqual(['A    B', 'one  two …']);
  });
});

describe('color', () => {
  it('is for terminals that want it', () => {
    const red = '\u001b[31mx\u001b[0m';
    expect(paintFor({ isTTY: true }, {})('bad', 'x')).toBe(red);
    expect(paintFor({ isTTY: true }, { NO_COLOR: '' })('bad', 'x')).toBe(red);
    expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })('bad', 'x')).toBe('x');
    expect(paintFor({ isTTY: true }, { TERM: 'dumb' })('bad', 'x')).toBe('x');
    expect(paintFor({ isTTY: true }, {}, false)('bad', 'x')).toBe('x');
    expect(paintFor({}, {})('bad', 'x')).toBe('x');
  });
});

describe('times', () => {
  it('are read with and without a unit', () => {
    expect(['30s', '500ms', '2m', '1h', '5', '1.5s'].map(parseDuration)).toEqual([
      30_000, 500, 120_000, 3_600_000, 5000, 1500,
    ]);
    expect(['', 's', '5 parsecs', '-1s', '1e3'].map(parseDuration)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('are told in the unit that says enough', () => {
    expect([0, 1600, 59_400, 61_000, 7_300_000, 200_000_000].map(formatAge)).toEqual([
      '0 s',
      '2 s',
      '59 s',
      '1 m',
      '2 h',
      '2 d',
    ]);
    expect([0, 42_000, 3_789_000].map(formatClock)).toEqual(['0:00', '0:42', '1:03:09']);
  });
});

describe('a suggestion', () => {
  it('is the nearest word, when it is near', () => {
    expect(nearest('serail', ['lan', 'udp', 'serial'])).toBe('serial');
    expect(nearest('atic', ['attic', 'shed'])).toBe('attic');
    expect(nearest('zebra', ['attic', 'shed'])).toBeUndefined();
  });

  it('counts a swap as one change', () => {
    expect([editDistance('ab', 'ba'), editDistance('abc', 'abc'), editDistance('', 'abc')]).toEqual([
      1, 0, 3,
    ]);
  });
});
