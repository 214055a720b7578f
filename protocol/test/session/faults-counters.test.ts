import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { createIdentity } from '../../src/identity/identity.js';
import { concatBytes, writeU32 } from '../../src/kernel/bytes.js';
import { decodeSessionHeader, encodeSessionHeader, expandCounter } from '../../src/packet/session-header.js';
import { Epoch, HopKeys } from '../../src/routing/hop-keys.js';
import { OpeningKey, SessionKeys } from '../../src/session/keys.js';
import { expandNumber, NumberRing } from '../../src/session/number-ring.js';
import { ReplayWindow } from '../../src/session/replay.js';
import { type Ticket, TicketTable } from '../../src/session/tickets.js';
import { TestRandom } from './duo.js';

const EDGES = [2 ** 8, 2 ** 16, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 40] as const;
const SUITE = nodeSuite();

/** Counters around an edge, each pair of them the wrong way round. */
function around(edge: number): number[] {
  const counters: number[] = [];
  for (let i = -100; i < 100; i += 2) counters.push(edge + i + 1, edge + i);
  return counters;
}

describe('counters across the edges of numbers (§7.4, §7.5)', () => {
  const suites = [
    ['node:crypto', SUITE],
    ['portable', nobleSuite()],
  ] as const;

  it.each(suites)('open each packet once, whatever the length of its counter (%s)', (_, suite) => {
    const key = new Uint8Array(32).fill(7);
    const plain = new Uint8Array([1, 2, 3]);
    for (const edge of EDGES) {
      const window = new ReplayWindow(64);
      window.accept(edge - 120);
      const opening = new OpeningKey(new SessionKeys(suite, [key, key, key, key, key]), window);
      for (const counter of around(edge)) {
        const shape = { phase: 0, connection: 9, counterLength: 2, tagLength: 16 } as const;
        const header = encodeSessionHeader({ ...shape, counter });
        const sealed = suite.seal(key, counter, header, plain, 16);
        const read = decodeSessionHeader(concatBytes(header, sealed));
        if (typeof read === 'string') throw new Error(read);
        const whole = expandCounter(read.counter, read.counterLength, window.highest + 1);
        expect(whole).toBe(counter);
        expect(opening.open(0, 0, whole, header, sealed, 16)).toEqual(plain);
        expect(opening.open(0, 0, whole, header, sealed, 16)).toBe('replay');
      }
    }
  });

  it('never give one nonce to two counters', () => {
    const key = new Uint8Array(32).fill(7);
    for (const [, suite] of suites) {
      const tags = [0, ...EDGES.flatMap((edge) => [edge - 1, edge, edge + 1])].map((counter) =>
        suite.seal(key, counter, new Uint8Array(), new Uint8Array(), 16).join(),
      );
      expect(new Set(tags).size).toBe(tags.length);
    }
  });

  it('of hops are taken once each (§8.4)', () => {
    for (const edge of EDGES) {
      const keys = new HopKeys(2);
      keys.set(1, new Uint8Array(32), new Uint8Array(32), undefined);
      for (const counter of around(edge)) {
        const expected = Math.max(keys.expected(1, Epoch.present), edge - 100);
        expect(expandCounter(counter % 0x1_0000, 2, expected)).toBe(counter);
        expect(keys.accept(1, Epoch.present, counter)).toBe(true);
        expect(keys.accept(1, Epoch.present, counter)).toBe(false);
      }
    }
  });

  it('of hops go on under the former key, and start over under the new one', () => {
    const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const keys = new HopKeys(2);
    keys.set(1, first, first, undefined);
    expect(keys.unlikely(1)).toBeUndefined();
    for (const counter of [0, 1, 70]) expect(keys.accept(1, Epoch.present, counter)).toBe(true);
    keys.takeCounter(1);
    keys.set(1, second, second, first);
    expect(keys.receiveKey(1, Epoch.former)).toEqual(first);
    expect(keys.receiveKey(1, Epoch.present)).toEqual(second);
    expect(keys.takeCounter(1)).toBe(0);
    expect(keys.expected(1, Epoch.former)).toBe(71);
    expect(keys.expected(1, Epoch.present)).toBe(0);
    for (const counter of [1, 70]) expect(keys.accept(1, Epoch.former, counter)).toBe(false);
    expect(keys.accept(1, Epoch.present, 70)).toBe(true);
    expect(keys.likely(1)).toBe(Epoch.present);
    expect(keys.accept(1, Epoch.former, 69)).toBe(true);
    expect([keys.likely(1), keys.unlikely(1)]).toEqual([Epoch.former, Epoch.present]);
    keys.set(1, first, first, undefined);
    expect([keys.likely(1), keys.unlikely(1)]).toEqual([Epoch.present, undefined]);
  });

  it('of units are told apart by their 16 bits', () => {
    for (const edge of EDGES) {
      const ring = new NumberRing<number>();
      for (let number = edge - 100; number < edge + 100; number++) {
        ring.put(number, number, number - 20);
        expect(expandNumber(number & 0xffff, number - 30)).toBe(number);
        expect(ring.get(number)).toBe(number);
        expect(ring.get(number - 20)).toBe(number < edge - 80 ? undefined : number - 20);
        if (number >= edge - 80) ring.remove(number - 20);
      }
    }
  });
});

describe('counters of a ticket (§7.7)', () => {
  const self = createIdentity(SUITE, new TestRandom(1));
  const peer = createIdentity(SUITE, new TestRandom(2));

  /** As it is stored when so many counters are used up. */
  function restoredAt(table: TicketTable, send: number, receive: number): Ticket {
    const { ticket } = table.issue(peer.publicKey, new Uint8Array(32), 0);
    const record = new Uint8Array(table.write(ticket).subarray(0, 77));
    writeU32(record, 65, send);
    writeU32(record, 69, receive);
    const restored = table.restore(concatBytes(record, SUITE.hash(record).subarray(0, 8)));
    if (restored === undefined) throw new Error('the record is whole');
    return restored;
  }

  /** Writes what it is asked to, and gives what a later life would find. */
  function stored(table: TicketTable, ticket: Ticket): { readonly send: number; readonly receive: number } {
    table.write(ticket);
    ticket.confirm();
    return { send: ticket.sendPending, receive: ticket.receivePending };
  }

  it('end with 32 bits: none is sent or accepted twice, in this life or the next', () => {
    const sent = new Set<number>();
    const accepted = new Set<number>();
    let next = { send: 2 ** 32 - 400, receive: 2 ** 32 - 1100 };
    for (let life = 0; life < 8; life++) {
      const table = new TicketTable(SUITE, self, 4);
      const ticket = restoredAt(table, next.send, next.receive);
      next = stored(table, ticket);
      for (let i = 0; i < 100; i++) {
        const counter = table.takeSendCounter(ticket);
        if (counter !== undefined) expect(sent.has(counter)).toBe(false);
        if (counter !== undefined) sent.add(counter);
        for (const offered of [i, 2 ** 32 - 1 - i, ticket.receiveFloor, ticket.receiveFloor + 1]) {
          if (!table.acceptCounter(ticket, offered)) continue;
          expect(accepted.has(offered)).toBe(false);
          accepted.add(offered);
        }
        if (table.needsWrite(ticket)) next = stored(table, ticket);
      }
    }
    expect(Math.min(...sent, ...accepted)).toBeGreaterThan(2 ** 31);
    expect(sent.size).toBeGreaterThan(100);
    expect(accepted.size).toBeGreaterThan(100);
  });
});
