import { encodeUtf8, Framer } from '@fogwisp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeChecksum } from '../../src/node/stream.js';

describe('the checksum of Node', () => {
  it('is CRC-32', () => {
    expect(nodeChecksum.of(encodeUtf8('123456789'))).toBe(0xcbf4_3926);
  });

  it('makes the frames that the protocol makes by itself, and takes them (§2.4)', () => {
    for (const mtu of [256, 16_384]) {
      const packets = fc.uint8Array({ minLength: 1, maxLength: mtu });
      fc.assert(
        fc.property(packets, (packet) => {
          const [own, native] = [new Framer(mtu), new Framer(mtu, nodeChecksum)];
          const frame = own.encodeFrame(packet);
          expect(native.encodeFrame(packet)).toEqual(frame);
          native.push(frame);
          expect(native.shift()).toEqual(packet);
          expect(native.dropped).toBe(0);
        }),
      );
    }
  });
});
