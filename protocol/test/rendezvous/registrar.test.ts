import { describe, expect, it } from 'vitest';
import { EMPTY } from '../../src/kernel/bytes.js';
import { Subject } from '../../src/packet/message.js';
import { closest } from '../../src/rendezvous/rank.js';
import { LATE_MS, RENEW_MS, Registrar } from '../../src/rendezvous/registrar.js';

const key = id(9);
const HOLDERS = closest(key, [1, 2, 3, 4, 5, 6].map(id), 6);
const WHERE = Uint8Array.of(...id(21), ...id(22));

function id(number: number): Uint8Array {
  return new Uint8Array(8).fill(number);
}

function begun(): Registrar {
  const registrar = new Registrar();
  registrar.deposit(0, { subject: Subject.id, key, holderCount: 3 });
  expect(toldBy(registrar, 0)).toEqual(HOLDERS.slice(0, 3));
  return registrar;
}

/** Whom it tells then; without some of those that keep records. */
function toldBy(registrar: Registrar, now: number, gone: readonly number[] = [], where: Uint8Array = WHERE) {
  registrar.review(now);
  const left = HOLDERS.filter((_, place) => !gone.includes(place));
  return registrar.take(now, left, where).map(({ holder }) => holder);
}

describe('what others keep for a node (SPEC §9.6)', () => {
  it('is told at once to whoever comes next when less than two have it', () => {
    expect(toldBy(begun(), 10, [0, 1])).toEqual(HOLDERS.slice(3, 5));
  });

  it('is told two minutes later while two have it, unless the third is back by then', () => {
    const registrar = begun();
    expect(toldBy(registrar, 10, [0])).toEqual([]);
    expect(registrar.wakeAt).toBe(10 + LATE_MS);
    expect(toldBy(registrar, 9 + LATE_MS, [0])).toEqual([]);
    expect(toldBy(registrar, 10 + LATE_MS, [0])).toEqual([HOLDERS[3]]);

    const other = begun();
    toldBy(other, 10, [0]);
    expect(toldBy(other, 1000)).toEqual([]);
    expect(other.wakeAt).toBe(RENEW_MS);
    expect(toldBy(other, LATE_MS, [0])).toEqual([]);
    expect(toldBy(other, 2 * LATE_MS - 1, [0])).toEqual([]);
  });

  it('is told anew when all that were named as near are gone, and not because of one', () => {
    const registrar = begun();
    expect(toldBy(registrar, 10, [], Uint8Array.of(...id(23), ...id(22)))).toEqual([]);
    expect(toldBy(registrar, 20, [], EMPTY)).toEqual([]);
    expect(toldBy(registrar, 30, [], id(23))).toEqual(HOLDERS.slice(0, 3));
    expect(toldBy(registrar, 40, [], id(23))).toEqual([]);
  });

  it('is told anew before it is over', () => {
    const registrar = begun();
    expect(toldBy(registrar, RENEW_MS - 1)).toEqual([]);
    expect(toldBy(registrar, RENEW_MS)).toEqual(HOLDERS.slice(0, 3));
    expect(registrar.wakeAt).toBe(2 * RENEW_MS);
  });
});
