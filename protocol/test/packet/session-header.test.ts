import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/kernel/bytes.js';
import {
  type CounterLength,
  decodeSessionHeader,
  encodeSessionHeader,
  expandCounter,
  type SessionHeader,
} from '../../src/packet/session-header.js';
import vectors from '../../vectors/packet.json' with { type: 'json' };
import { anyConnection, hex } from './bytes.js';

const anyHeader: fc.Arbitrary<SessionHeader> = fc.record({
  phase: fc.constantFrom(0, 1),
  connection: anyConnection,
  counter: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  counterLength: fc.constantFrom(1, 2, 3, 4),
  tagLength: fc.constantFrom(8, 16),
});

describe('session packets (§4.5)', () => {
  for (const vector of vectors.session) {
    it(`is the vector both ways: ${vector.name}`, () => {
      const { phase, connection, counter, counterLength, tagLength } = vector as unknown as SessionHeader;
      const header = hex(...vector.header);
      const sealed = new Uint8Array(tagLength).fill(7);
      expect(encodeSessionHeader({ phase, connection, counter, counterLength, tagLength })).toEqual(header);
      expect(header.length + tagLength).toBe(vector.length);
      expect(decodeSessionHeader(concatBytes(header, sealed))).toEqual({
        kind: 'session',
        phase,
        connection,
        counter: vector.truncated ?? counter,
        counterLength,
        tagLength,
        header,
        sealed,
      });
    });
  }

  it('comes back as it was written, the counter with the help of what is expected', () => {
    fc.assert(
      fc.property(anyHeader, fc.integer({ min: -128, max: 127 }), (header, ahead) => {
        const bytes = concatBytes(encodeSessionHeader(header), new Uint8Array(header.tagLength));
        const decoded = decodeSessionHeader(bytes);
        expect(decoded).toMatchObject({ ...header, counter: header.counter % 256 ** header.counterLength });
        const expected = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, header.counter + ahead));
        if (typeof decoded !== 'object') return;
        expect(expandCounter(decoded.counter, header.counterLength, expected)).toBe(header.counter);
      }),
    );
  });

  it.each([
    ['the extension bit', '81', '05', '01', '00'.repeat(16)],
    ['a three-byte id', 'a0', '050505', '01', '00'.repeat(16)],
    ['a two-byte id that one byte holds', '90', '0005', '01', '00'.repeat(16)],
  ])('is malformed with %s', (_, ...fields) => {
    expect(decodeSessionHeader(hex(...fields))).toBe('malformed');
  });

  it('needs room for its tag', () => {
    expect(decodeSessionHeader(hex('80', '05', '01', '00'.repeat(15)))).toBe('truncated');
    expect(decodeSessionHeader(hex('82', '05', '01', '00'.repeat(7)))).toBe('truncated');
    expect(decodeSessionHeader(new Uint8Array(0))).toBe('empty');
    expect(decodeSessionHeader(hex('7f'))).toBe('unknownType');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(['string', 'object']).toContain(typeof decodeSessionHeader(bytes));
      }),
    );
  });
});

describe('counters (§4.5)', () => {
  it('are the vectors', () => {
    for (const { truncated, counterLength, expected, counter } of vectors.counters) {
      expect(expandCounter(truncated, counterLength as CounterLength, expected)).toBe(counter);
    }
  });
});
