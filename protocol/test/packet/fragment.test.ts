import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/kernel/bytes.js';
import {
  DATAGRAM_BYTES_MAX,
  FRAGMENT_COUNT_MAX,
  type FragmentSource,
  fragmentLifetimeMs,
  fragmentPacket,
  Reassembler,
} from '../../src/packet/fragment.js';
import vectors from '../../vectors/packet.json' with { type: 'json' };
import { hex } from './bytes.js';

const neighbor: FragmentSource = { link: 1, address: 'a', isAuthenticated: true, lifetimeMs: 2000 };

function packetOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i === 0 ? 0x80 : i * 7));
}

function piecesOf(packet: Uint8Array, mtu: number, tag = 1): readonly Uint8Array[] {
  const pieces = fragmentPacket(packet, mtu, tag);
  if (pieces === undefined) throw new Error('the packet can be fragmented');
  return pieces;
}

function pushAll(reassembler: Reassembler, source: FragmentSource, pieces: readonly Uint8Array[], now = 0) {
  return pieces.map((piece) => reassembler.push(now, source, piece));
}

describe('fragments (§4.7)', () => {
  it('are the vectors both ways', () => {
    for (const vector of vectors.fragments) {
      const pieces = vector.fragments.map((fields) => hex(...fields));
      expect(fragmentPacket(hex(vector.packet), vector.mtu, vector.tag)).toEqual(pieces);
      expect(pushAll(new Reassembler(), neighbor, pieces).at(-1)).toEqual(hex(vector.packet));
    }
  });

  it('come together in any order', () => {
    const cases = fc.record({
      length: fc.integer({ min: 2, max: DATAGRAM_BYTES_MAX }),
      mtu: fc.integer({ min: 48, max: 300 }),
      tag: fc.nat(0xfff),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ length, mtu, tag, seed }) => {
        const packet = packetOf(length);
        const pieces = [...piecesOf(packet, mtu, tag)];
        if (length <= mtu) {
          expect(pieces).toEqual([packet]);
          return;
        }
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(mtu);
        for (
          let i = pieces.length - 1, state = seed;
          i > 0;
          i--, state = (state * 69_069 + 1) % 0x1_0000_0000
        ) {
          const j = state % (i + 1);
          [pieces[i], pieces[j]] = [pieces[j] as Uint8Array, pieces[i] as Uint8Array];
        }
        const results = pushAll(new Reassembler(), neighbor, pieces);
        expect(results.slice(0, -1)).toEqual(pieces.slice(1).map(() => undefined));
        expect(results.at(-1)).toEqual(packet);
      }),
    );
  });

  it('carry 1,280 bytes over an MTU of 64, and no more', () => {
    expect(piecesOf(packetOf(1280), 64).length).toBe(21);
    expect(fragmentPacket(packetOf(1281), 64, 1)).toBeUndefined();
    expect(fragmentPacket(packetOf(1280), 40, 1)).toBeUndefined();
    expect(fragmentPacket(packetOf(10), 4, 1)).toBeUndefined();
  });

  it('carry every handshake of strangers over an MTU of 64', () => {
    const stranger = { ...neighbor, isAuthenticated: false };
    for (const length of [53, 62, 103, 267, 320]) {
      const packet = packetOf(length);
      expect(pushAll(new Reassembler(), stranger, length > 64 ? piecesOf(packet, 64) : []).at(-1)).toEqual(
        length > 64 ? packet : undefined,
      );
    }
    expect(pushAll(new Reassembler(), stranger, piecesOf(packetOf(321), 64)).at(-1)).toBe('oversize');
  });

  it('that come twice drop the whole packet', () => {
    const reassembler = new Reassembler();
    const [first, second, third] = piecesOf(packetOf(150), 64) as [Uint8Array, Uint8Array, Uint8Array];
    expect(pushAll(reassembler, neighbor, [first, second, second, third])).toEqual([
      undefined,
      undefined,
      'malformed',
      undefined,
    ]);
    expect(reassembler.expire(1999)).toBe(0);
    expect(reassembler.expire(2000)).toBe(1); // what the third one had opened
  });

  it('beyond the announced count drop the whole packet', () => {
    const reassembler = new Reassembler();
    expect(reassembler.push(0, neighbor, hex('60', '01', '05', 'aa'))).toBeUndefined();
    expect(reassembler.push(0, neighbor, hex('60', '01', '00', '03', '80'))).toBe('malformed');
  });

  it.each([
    ['empty', ''],
    ['unknownType', '70010000'],
    ['truncated', '6001'],
    ['truncated', '600101'],
    ['truncated', '60010002'],
    ['malformed', '6001000180'],
    ['malformed', '6001002180'],
    ['malformed', '60012080'],
  ])('are %s: %s', (reason, text) => {
    expect(new Reassembler().push(0, neighbor, hex(text))).toBe(reason);
  });

  it('never hold fragments', () => {
    const inner = concatBytes(hex('60'), packetOf(99));
    expect(pushAll(new Reassembler(), neighbor, piecesOf(inner, 64)).at(-1)).toBe('malformed');
  });

  it('are given up when the next one takes longer than the lifetime', () => {
    const reassembler = new Reassembler();
    const [first, second, third] = piecesOf(packetOf(150), 64) as [Uint8Array, Uint8Array, Uint8Array];
    expect(reassembler.push(0, neighbor, first)).toBeUndefined();
    expect(reassembler.push(1999, neighbor, second)).toBeUndefined();
    expect(reassembler.push(3999, neighbor, third)).toBeUndefined(); // too late: the others are gone
    expect(reassembler.push(4000, neighbor, second)).toBeUndefined();
    expect(reassembler.push(4001, neighbor, first)).toEqual(packetOf(150));
  });

  it('live 2 s, longer on slow links', () => {
    expect(fragmentLifetimeMs(64, 0)).toBe(2000);
    expect(fragmentLifetimeMs(64, 115_200)).toBe(2000);
    expect(fragmentLifetimeMs(64, 1000)).toBe(4096);
  });
});

describe('bounds of reassembly (§4.7)', () => {
  const packet = packetOf(100);
  const halves = (tag: number) => piecesOf(packet, 64, tag) as [Uint8Array, Uint8Array];
  const sourceOf = (address: string, isAuthenticated = true) => ({ ...neighbor, address, isAuthenticated });

  it('two per source: the third pushes out the first', () => {
    const reassembler = new Reassembler();
    for (const tag of [1, 2, 3]) reassembler.push(0, neighbor, halves(tag)[0]);
    expect(reassembler.push(0, neighbor, halves(2)[1])).toEqual(packet);
    expect(reassembler.push(0, neighbor, halves(3)[1])).toEqual(packet);
    expect(reassembler.push(0, neighbor, halves(1)[1])).toBeUndefined();
  });

  it('strangers push out strangers, never neighbors', () => {
    const reassembler = new Reassembler();
    for (const name of ['a', 'b', 'c', 'd', 'e']) reassembler.push(0, sourceOf(name), halves(1)[0]);
    for (const name of ['v', 'w', 'x', 'y', 'z']) reassembler.push(0, sourceOf(name, false), halves(1)[0]);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      expect(reassembler.push(0, sourceOf(name), halves(1)[1])).toEqual(packet);
    }
    expect(reassembler.push(0, sourceOf('z', false), halves(1)[1])).toEqual(packet);
  });

  it('strangers have four places in all, however many are free', () => {
    const reassembler = new Reassembler();
    for (const name of ['v', 'w', 'x', 'y', 'z']) reassembler.push(0, sourceOf(name, false), halves(1)[0]);
    expect(reassembler.push(0, sourceOf('w', false), halves(1)[1])).toEqual(packet);
    expect(reassembler.push(0, sourceOf('v', false), halves(1)[1])).toBeUndefined();
  });

  it('refuses a stranger when neighbors use every place', () => {
    const reassembler = new Reassembler();
    for (let i = 0; i < 8; i++) reassembler.push(0, sourceOf(`n${i}`), halves(1)[0]);
    expect(reassembler.push(0, sourceOf('x', false), halves(1)[0])).toBe('overLimit');
    expect(reassembler.push(0, sourceOf('n0'), halves(1)[1])).toEqual(packet);
  });

  it('a link that went down takes its packets along', () => {
    const reassembler = new Reassembler();
    reassembler.push(0, neighbor, halves(1)[0]);
    reassembler.closeLink(1);
    expect(reassembler.push(0, neighbor, halves(1)[1])).toBeUndefined();
  });

  it('never throws and never gives more than a packet', () => {
    const anyFragment = fc
      .tuple(fc.nat(3), fc.nat(40), fc.nat(33), fc.uint8Array({ maxLength: 90 }))
      .map(
        ([tag, index, count, rest]) =>
          new Uint8Array([0x60, tag, index, ...(index === 0 ? [count] : []), ...rest]),
      );
    const steps = fc.array(fc.tuple(anyFragment, fc.nat(9), fc.boolean(), fc.nat(800)), { maxLength: 80 });
    fc.assert(
      fc.property(steps, (list) => {
        const reassembler = new Reassembler();
        let now = 0;
        for (const [fragment, address, isAuthenticated, waitMs] of list) {
          now += waitMs;
          const result = reassembler.push(now, sourceOf(`${address}`, isAuthenticated), fragment);
          if (result instanceof Uint8Array) expect(result.length).toBeLessThanOrEqual(DATAGRAM_BYTES_MAX);
        }
      }),
    );
    expect(FRAGMENT_COUNT_MAX).toBe(32);
  });
});
