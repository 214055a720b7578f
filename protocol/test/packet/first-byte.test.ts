import { describe, expect, it } from 'vitest';
import { classify, FIRST_BYTES } from '../../src/packet/first-byte.js';

describe('first bytes (§4.1)', () => {
  it('covers every value once, in order', () => {
    let next = 0;
    for (const range of FIRST_BYTES) {
      expect(range.first).toBe(next);
      expect(range.last).toBeGreaterThanOrEqual(range.first);
      next = range.last + 1;
    }
    expect(next).toBe(256);
  });

  it.each([
    [0x00, undefined],
    [0x03, undefined],
    [0x04, 'beacon'],
    [0x05, 'h1'],
    [0x06, 'h2'],
    [0x07, 'h3'],
    [0x08, 'retry'],
    [0x09, 'probe'],
    [0x0a, 'resume'],
    [0x0b, 'resumeAck'],
    [0x0c, 'resumeFloor'],
    [0x0d, 'unknown'],
    [0x0e, undefined],
    [0x17, undefined],
    [0x18, 'label'],
    [0x3f, 'label'],
    [0x40, undefined],
    [0x60, 'fragment'],
    [0x6f, 'fragment'],
    [0x70, 'byId'],
    [0x71, undefined],
    [0x80, 'session'],
    [0xff, 'session'],
  ] as const)('%i is %s', (byte, kind) => {
    expect(classify(byte)).toBe(kind);
  });
});
