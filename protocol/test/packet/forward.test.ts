import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/kernel/bytes.js';
import {
  BY_ID_FRAME_BYTES,
  decodeForward,
  encodeForward,
  type ForwardFrame,
  isForwardAuthentic,
  LABEL_FRAME_BYTES,
} from '../../src/packet/forward.js';
import vectors from '../../vectors/packet.json' with { type: 'json' };
import { bytesOf, hex, mutationOf } from './bytes.js';
import { packetSuite } from './suite.js';

const suite = packetSuite();

function frameOf(vector: (typeof vectors.forward)[number]): ForwardFrame {
  const packet = hex(vector.packet);
  if (vector.kind === 'label') {
    return { kind: 'label', hopsLeft: vector.hopsLeft ?? 0, label: vector.label ?? 0, packet };
  }
  const destination = hex(vector.destination ?? '');
  return { kind: 'byId', ttl: vector.ttl ?? 0, destination, source: hex(vector.source ?? ''), packet };
}

describe('forward frames (§4.6)', () => {
  vectors.forward.forEach((vector, i) => {
    it(`is vector ${i} both ways: ${vector.kind}`, () => {
      const frame = frameOf(vector);
      const bytes = hex(...vector.hex);
      const key = hex(vector.hopKey);
      expect(encodeForward(suite, key, vector.counter, frame)).toEqual(bytes);
      expect(decodeForward(bytes)).toEqual({ ...frame, counter: vector.counter % 0x1_0000 });
      expect(isForwardAuthentic(suite, key, vector.counter, bytes)).toBe(true);
      expect(isForwardAuthentic(suite, key, vector.counter + 0x1_0000, bytes)).toBe(false);
      expect(isForwardAuthentic(suite, hex(vectors.networkKey), vector.counter, bytes)).toBe(false);
    });

    it(`whatever changes in vector ${i} breaks the MIC`, () => {
      const key = hex(vector.hopKey);
      fc.assert(
        fc.property(mutationOf(hex(...vector.hex)), (bytes) => {
          const frame = decodeForward(bytes);
          return typeof frame === 'string' || !isForwardAuthentic(suite, key, vector.counter, bytes);
        }),
      );
    });
  });

  it('costs 9 bytes with a label and 24 by id', () => {
    expect(LABEL_FRAME_BYTES).toBe(9);
    expect(BY_ID_FRAME_BYTES).toBe(24);
    for (const vector of vectors.forward) {
      const cost = hex(...vector.hex).length - hex(vector.packet).length;
      expect(cost).toBe(vector.kind === 'label' ? 9 : 24);
    }
  });

  it('comes back as it was written', () => {
    const label = fc.record({
      kind: fc.constant('label' as const),
      hopsLeft: fc.nat(39),
      label: fc.nat(65_535),
      packet: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    const byId = fc.record({
      kind: fc.constant('byId' as const),
      ttl: fc.nat(255),
      destination: bytesOf(8),
      source: bytesOf(8),
      packet: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.oneof(label, byId), fc.nat({ max: 2 ** 32 - 1 }), bytesOf(32), (frame, counter, key) => {
        const bytes = encodeForward(suite, key, counter, frame);
        expect(decodeForward(bytes)).toEqual({ ...frame, counter: counter % 0x1_0000 });
        expect(isForwardAuthentic(suite, key, counter, bytes)).toBe(true);
      }),
    );
  });

  it('is dropped when it is something else, cut short or empty inside', () => {
    expect(decodeForward(new Uint8Array(0))).toBe('empty');
    expect(decodeForward(hex('17', '00'.repeat(30)))).toBe('unknownType');
    expect(decodeForward(hex('40', '00'.repeat(30)))).toBe('unknownType');
    expect(decodeForward(hex('71', '00'.repeat(30)))).toBe('unknownType');
    for (const vector of vectors.forward) {
      const head = vector.kind === 'label' ? 9 : 24;
      expect(decodeForward(concatBytes(hex(...vector.hex)).subarray(0, head))).toBe('truncated');
    }
  });
});
