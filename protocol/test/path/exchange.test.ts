import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import type { Introduce } from '../../src/packet/message.js';
import { decodePlaces, encodePlaces } from '../../src/packet/place.js';
import { AcquaintanceRows } from '../../src/path/acquaintance-rows.js';
import { Exchange } from '../../src/path/exchange.js';
import { testRandom } from '../support/random.js';

const SELF = '5e1f'.padEnd(32, '0');
const ASKER = 'a5'.padEnd(32, '0');
const QUESTION: Introduce = { kind: 'introduce', flags: 1, places: EMPTY };

function exchange(neighborAt: string) {
  const rows = new AcquaintanceRows(nobleSuite(), undefined);
  const machine = new Exchange(SELF, testRandom(1), rows);
  const via = { kind: 'direct', link: 1, address: neighborAt } as const;
  machine.met(0, { session: 1, peer: ASKER, via }, true, true);
  return { rows, machine };
}

function fill(rows: AcquaintanceRows, isOpen: boolean, address: (i: number) => string, count = 12): void {
  for (let i = 0; i < count; i++) {
    const peer = `${i}`.padStart(16, 'b').padEnd(32, '0');
    rows.met({ peer, address: address(i), isOpen, isLan: false, seenAt: 0 });
  }
}

function told(answer: Introduce | undefined): string[] {
  return (decodePlaces(answer?.places ?? EMPTY) ?? []).map(({ address }) => address);
}

function places(...addresses: string[]): Introduce {
  const list = addresses.map((address, i) => ({ short: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, i), address }));
  return { kind: 'introduce', flags: 0, places: encodePlaces(list) };
}

describe('peer exchange (SPEC §8.1)', () => {
  it('tells a neighbor eight open addresses, once a minute', () => {
    const { rows, machine } = exchange('203.0.113.1:4747');
    expect(machine.answer(0, 1, QUESTION)).toBeUndefined();
    fill(rows, true, (i) => `198.51.${i}.1:4747`);
    const first = told(machine.answer(1000, 1, QUESTION));
    expect(first).toHaveLength(8);
    expect(new Set(first).size).toBe(8);
    expect(machine.answer(59_000, 1, QUESTION)).toBeUndefined();
    expect(told(machine.answer(62_000, 1, QUESTION))).toHaveLength(8);
  });

  it('tells strangers nothing, and nobody of who is not reached unasked, or of hearsay', () => {
    const { rows, machine } = exchange('203.0.113.1:4747');
    fill(rows, false, (i) => `198.51.${i}.1:4747`);
    rows.heard('00000000000000cc', '192.0.2.1:4747');
    expect(machine.answer(0, 1, QUESTION)).toBeUndefined();
    fill(rows, true, (i) => `198.51.${i}.1:4747`, 1);
    expect(told(machine.answer(0, 1, QUESTION))).toEqual(['198.51.0.1:4747']);
    expect(machine.answer(0, 2, QUESTION)).toBeUndefined();
    expect(machine.answer(0, 1, { ...QUESTION, flags: 0 })).toBeUndefined();
  });

  it('keeps private addresses next door, both ways', () => {
    const far = exchange('203.0.113.1:4747');
    fill(far.rows, true, (i) => `10.0.${i}.1:4747`);
    expect(far.machine.answer(0, 1, QUESTION)).toBeUndefined();
    far.machine.onTimeout(5000, true);
    const offered = places('10.0.0.1:4747', '192.0.2.7:4747');
    expect(far.machine.told(6000, 1, offered).map(({ address }) => address)).toEqual(['192.0.2.7:4747']);
    const near = exchange('10.0.99.1:4747');
    fill(near.rows, true, (i) => `10.0.${i}.1:4747`);
    expect(told(near.machine.answer(0, 1, QUESTION))).toHaveLength(8);
    near.machine.onTimeout(5000, true);
    expect(near.machine.told(6000, 1, offered)).toHaveLength(2);
  });

  it('takes only what it asked for, once, within ten seconds, and no more than four', () => {
    const { machine } = exchange('203.0.113.1:4747');
    const many = places(...Array.from({ length: 11 }, (_, i) => `192.0.2.${i + 1}:4747`));
    expect(machine.told(0, 1, many)).toEqual([]);
    expect(machine.onTimeout(5000, true)).toHaveLength(1);
    expect(machine.told(16_000, 1, many)).toEqual([]);
    machine.askSomebody(20_000);
    expect(machine.onTimeout(20_000, true)).toHaveLength(1);
    expect(machine.told(21_000, 1, many)).toHaveLength(4);
    expect(machine.told(21_000, 1, many)).toEqual([]);
  });

  it('takes nothing malformed, and no address of this node or of a neighbor', () => {
    const { machine } = exchange('203.0.113.1:4747');
    const own = encodePlaces([
      { short: Uint8Array.of(0x5e, 0x1f, 0, 0, 0, 0, 0, 0), address: '192.0.2.1:1' },
    ]);
    const cut = own.subarray(0, own.length - 1);
    const withOwnBit = new Uint8Array(own);
    withOwnBit[8] = 0x14;
    for (const bytes of [own, cut, withOwnBit, places('203.0.113.1:4747').places, Uint8Array.of(1)]) {
      machine.askSomebody(0);
      machine.onTimeout(10_000, true);
      expect(machine.told(10_000, 1, { kind: 'introduce', flags: 0, places: bytes })).toEqual([]);
    }
  });

  it.each([0x04, 0x06])('takes no place that is an own or a mapped address (§6.4): kind %i', (family) => {
    const packed = (kind: number) => Uint8Array.of(...Array(8).fill(1), kind, ...rest);
    const rest = [...(family === 0x04 ? [192, 0, 2] : Array(15).fill(0x20)), 1, 0x12, 0x34];
    expect(decodePlaces(packed(family))).toHaveLength(1);
    for (const bits of [0x10, 0x20, 0x30, 0x40]) expect(decodePlaces(packed(family + bits))).toBeUndefined();
  });

  it('says once that strangers reach this node, and believes it of a neighbor where that is', () => {
    const { rows, machine } = exchange('203.0.113.1:4747');
    machine.onTimeout(5000, false);
    machine.setReachable(6000, 1, true);
    machine.setReachable(6001, 1, true);
    expect(machine.onTimeout(9000, false)).toMatchObject([{ session: 1, message: { flags: 2 } }]);
    expect(machine.onTimeout(9000, false)).toEqual([]);
    rows.met({ peer: ASKER, address: '203.0.113.1:4747', isOpen: false, isLan: false, seenAt: 0 });
    expect(machine.opened(2, { ...QUESTION, flags: 2 })).toBe(false);
    expect(machine.opened(1, { ...QUESTION, flags: 2 })).toBe(true);
    expect(rows.row(0).isOpen).toBe(true);
  });
});
