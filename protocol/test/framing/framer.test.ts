import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cobsDecode, cobsEncode, cobsLengthMax } from '../../src/framing/cobs.js';
import { Crc32 } from '../../src/framing/crc32.js';
import { FRAME_BYTES_MAX, Framer } from '../../src/framing/framer.js';
import { concatBytes, toHex } from '../../src/kernel/bytes.js';
import { encodeUtf8 } from '../../src/kernel/utf8.js';
import { hex } from '../support/vectors.js';

/** Bytes with many zeros, with none, and runs around the 254 bytes where COBS changes. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ min: 0, max: 2, maxLength: 40 }),
  fc.uint8Array({ min: 1, minLength: 250, maxLength: 260 }),
  fc
    .array(fc.uint8Array({ min: 1, minLength: 252, maxLength: 256 }), { maxLength: 3 })
    .map((runs) => concatBytes(...runs)),
  fc.array(fc.constantFrom(253, 254, 255), { maxLength: 3 }).map((runs) => {
    return concatBytes(...runs.map((length) => new Uint8Array(length + 1).fill(7, 0, length)));
  }),
);
const packet = bytes.filter(({ length }) => length > 0);

function stuffed(plain: Uint8Array): Uint8Array {
  const out = new Uint8Array(cobsLengthMax(plain.length));
  return out.subarray(0, cobsEncode(plain, out, 0));
}

function unstuffed(encoded: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(encoded.length);
  const length = cobsDecode(encoded, out);
  return length === undefined ? undefined : out.subarray(0, length);
}

function drained(framer: Framer): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let next = framer.shift(); next !== undefined; next = framer.shift()) packets.push(next);
  return packets;
}

/** What a fresh framer makes of the stream when it comes in these pieces. */
function received(
  pieces: readonly Uint8Array[],
  frameBytesMax?: number,
): { packets: string[]; dropped: number } {
  const framer = new Framer(frameBytesMax);
  const packets: string[] = [];
  for (const piece of pieces) {
    framer.push(piece);
    packets.push(...drained(framer).map(toHex));
  }
  return { packets, dropped: framer.dropped };
}

function piecesOf(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const sorted = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return sorted.slice(1).map((end, i) => stream.subarray(sorted[i], end));
}

describe('COBS', () => {
  it('has the forms of the published examples', () => {
    const oneTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => i + first);
    const cases: readonly [number[], number[]][] = [
      [[], [1]],
      [[0], [1, 1]],
      [
        [0, 0],
        [1, 1, 1],
      ],
      [
        [0, 0x11, 0],
        [1, 2, 0x11, 1],
      ],
      [
        [0x11, 0x22, 0, 0x33],
        [3, 0x11, 0x22, 2, 0x33],
      ],
      [
        [0x11, 0, 0, 0],
        [2, 0x11, 1, 1, 1],
      ],
      [oneTo(254), [255, ...oneTo(254)]],
      [
        [0, ...oneTo(254)],
        [1, 255, ...oneTo(254)],
      ],
      [oneTo(255), [255, ...oneTo(254), 2, 255]],
      [
        [...oneTo(255, 2), 0],
        [255, ...oneTo(255, 2), 1, 1],
      ],
      [
        [...oneTo(255, 3), 0, 1],
        [254, ...oneTo(255, 3), 2, 1],
      ],
    ];
    for (const [plain, encoded] of cases) {
      expect([...stuffed(new Uint8Array(plain))]).toEqual(encoded);
      expect([...(unstuffed(new Uint8Array(encoded)) ?? [])]).toEqual(plain);
    }
  });

  it('comes back, has no zero in it and is no longer than said', () => {
    fc.assert(
      fc.property(bytes, (plain) => {
        const encoded = stuffed(plain);
        expect(encoded.includes(0)).toBe(false);
        expect(encoded.length).toBeLessThanOrEqual(cobsLengthMax(plain.length));
        expect(unstuffed(encoded)).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a run that goes beyond the end, and a zero', () => {
    for (const bad of ['05010203', 'ff01', '0100', '00']) expect(unstuffed(hex(bad)), bad).toBeUndefined();
  });
});

describe('CRC-32', () => {
  it('has the known check values', () => {
    for (const crc of [new Crc32('small'), new Crc32('fast')]) {
      expect(crc.of(encodeUtf8('123456789'))).toBe(0xcbf43926);
      expect(crc.of(encodeUtf8('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339);
      expect(crc.of(new Uint8Array(0))).toBe(0);
      expect(crc.of(new Uint8Array(32))).toBe(0x190a55ad);
    }
  });

  it('is the same from either table', () => {
    const [small, fast] = [new Crc32('small'), new Crc32('fast')];
    fc.assert(
      fc.property(bytes, (input) => {
        expect(fast.of(input)).toBe(small.of(input));
      }),
    );
  });
});

describe('frames (SPEC §2.4)', () => {
  it('are the stuffed packet and checksum, and a zero', () => {
    expect(toHex(new Framer().encodeFrame(encodeUtf8('123456789')))).toBe('0e313233343536373839cbf4392600');
  });

  it('give every packet once, in any pieces, also byte by byte', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (packets, cuts) => {
          const sender = new Framer();
          const stream = concatBytes(...packets.map((each) => sender.encodeFrame(each)));
          const expected = { packets: packets.map(toHex), dropped: 0 };
          expect(received([stream])).toEqual(expected);
          expect(received(piecesOf(stream, cuts))).toEqual(expected);
          expect(received([...stream].map((byte) => new Uint8Array([byte])))).toEqual(expected);
        },
      ),
    );
  });

  it('of any stream at all do not depend on how it is cut', () => {
    const sender = new Framer();
    const part = fc.oneof(
      bytes,
      fc.constant(new Uint8Array(1)),
      packet.map((each) => sender.encodeFrame(each)),
    );
    const stream = fc.array(part, { maxLength: 8 }).map((parts) => concatBytes(...parts));
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.integer({ min: 1, max: 300 }),
        (all, cuts, max) => {
          const whole = received([all], max);
          expect(received(piecesOf(all, cuts), max)).toEqual(whole);
          expect(
            received(
              [...all].map((byte) => new Uint8Array([byte])),
              max,
            ),
          ).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are found again after noise: the first whole one behind a zero', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), packet, (noise, last) => {
        const sender = new Framer();
        const stream = concatBytes(...noise, new Uint8Array(1), sender.encodeFrame(last));
        expect(received([stream]).packets.at(-1)).toBe(toHex(last));
      }),
    );
  });

  it('that were changed are dropped and counted, and the next one is good', () => {
    fc.assert(
      fc.property(packet, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, at, flip) => {
        const sender = new Framer();
        const frame = sender.encodeFrame(body);
        const changed = new Uint8Array(frame);
        const place = at % (frame.length - 1);
        changed[place] = (changed[place] ?? 0) ^ flip;
        const { packets, dropped } = received([changed, frame]);
        expect(packets).toEqual([toHex(body)]);
        expect(dropped).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('may follow idle zeros, which count as nothing', () => {
    const frame = new Framer().encodeFrame(encodeUtf8('hello'));
    expect(received([concatBytes(new Uint8Array(5), frame, new Uint8Array(3))])).toEqual({
      packets: [toHex(encodeUtf8('hello'))],
      dropped: 0,
    });
  });

  it('of no packet are dropped, and cannot be made', () => {
    expect(received([hex('010101010100')]).dropped).toBe(1);
    expect(() => new Framer().encodeFrame(new Uint8Array(0))).toThrow();
    expect(() => new Framer().encodeFrame(new Uint8Array(FRAME_BYTES_MAX + 1))).toThrow();
  });

  it('that never end hold no more than one frame, and are dropped once', () => {
    const framer = new Framer(500);
    const flood = new Uint8Array(65_536).fill(0x41);
    framer.push(new Uint8Array(1));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1000; i++) framer.push(flood);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    framer.push(concatBytes(new Uint8Array(1), framer.encodeFrame(encodeUtf8('still there'))));
    expect(drained(framer)).toEqual([encodeUtf8('still there')]);
    expect(framer.dropped).toBe(1);
  });

  it('of the largest packet pass, in whatever bytes', () => {
    for (const fill of [0, 1]) {
      const largest = new Uint8Array(300).fill(fill);
      const frame = new Framer(300).encodeFrame(largest);
      expect(received([frame], 300)).toEqual({ packets: [toHex(largest)], dropped: 0 });
      expect(received([frame.subarray(0, 100), frame.subarray(100)], 299)).toEqual({
        packets: [],
        dropped: 1,
      });
    }
  });

  it('hand out packets that later pushes do not touch', () => {
    const framer = new Framer();
    const frame = framer.encodeFrame(encodeUtf8('mine'));
    for (const byte of frame) framer.push(new Uint8Array([byte]));
    const [mine] = drained(framer);
    framer.push(framer.encodeFrame(encodeUtf8('next')));
    frame.fill(0);
    expect(mine).toEqual(encodeUtf8('mine'));
  });
});
