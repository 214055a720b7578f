import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/packet/message.js';
import { RouteList } from '../../src/packet/route-list.js';
import { Receiver } from '../../src/session/receiver.js';
import { Duo } from './duo.js';

function numbered(i: number, size = 20): Message {
  const body = new Uint8Array(size);
  body[0] = i >> 8;
  body[1] = i;
  return { kind: 'publish', alias: 1, body };
}

function numbersOf(messages: readonly Message[]): number[] {
  return messages
    .filter((message) => message.kind === 'publish')
    .map(({ body }) => ((body[0] as number) << 8) | (body[1] as number));
}

const ROUTES: Message = {
  kind: 'routes',
  entries: [{ destination: new Uint8Array(8), boot: 1, sequence: 1, metric: 9, hops: 1, mtu: 500, flags: 0 }],
};

function opened(options: ConstructorParameters<typeof Duo>[0]): Duo {
  const duo = new Duo(options);
  duo.acquaint();
  duo.open(duo.a, duo.b);
  duo.runFor(20_000);
  return duo;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

const PUNCH: Message = {
  kind: 'punch',
  attempt: new Uint8Array(3),
  nat: 0,
  step: 0,
  roundTripMs: 0,
  endpoints: new Uint8Array(),
};

describe('reliable delivery (§7.9)', () => {
  for (const loss of [0, 0.1, 0.3]) {
    it(`brings 300 messages once and in order at ${loss * 100} % loss, duplication and reordering`, () => {
      const duo = opened({ seed: 3, wire: { loss, duplication: 0.2, jitterMs: 30 } });
      for (let i = 0; i < 300; i++) {
        duo.send(duo.a, numbered(i), 'reliable', i);
        duo.runFor(7);
      }
      duo.runFor(100_000);
      expect(numbersOf(duo.b.messages)).toEqual(upTo(300));
      expect(duo.a.settled.every(({ ok }) => ok)).toBe(true);
      expect(duo.a.settled).toHaveLength(300);
    });
  }

  it('goes on across new keys: what was acknowledged does not come again, what was not does', () => {
    const duo = opened({ seed: 5, wire: { loss: 0.2, jitterMs: 10 } });
    for (let i = 0; i < 200; i++) {
      duo.send(duo.a, numbered(i), 'reliable', i);
      duo.runFor(20);
      if (i % 40 === 39) duo.open(i % 80 === 39 ? duo.a : duo.b, i % 80 === 39 ? duo.b : duo.a);
    }
    duo.runFor(100_000);
    expect(duo.count(duo.b, 'opened')).toBeGreaterThan(3);
    expect(numbersOf(duo.b.messages)).toEqual(upTo(200));
  });

  it('fails what waited for a receiver that restarted meanwhile, and delivers what comes after', () => {
    const duo = opened({ seed: 6 });
    for (let i = 0; i < 5; i++) duo.send(duo.a, numbered(i), 'reliable', i);
    duo.runFor(1000);
    duo.filter = () => false;
    for (let i = 5; i < 10; i++) duo.send(duo.a, numbered(i), 'reliable', i);
    duo.send(duo.a, numbered(10), 'datagram');
    duo.runFor(1000);
    duo.restart(duo.b);
    duo.filter = () => true;
    duo.input(duo.b, { kind: 'learn', publicKey: duo.a.identity.publicKey });
    duo.open(duo.b, duo.a);
    duo.runFor(20_000);
    for (let i = 11; i < 15; i++) duo.send(duo.a, numbered(i), 'reliable', i);
    duo.runFor(20_000);
    expect(numbersOf(duo.b.messages)).toEqual([0, 1, 2, 3, 4, 11, 12, 13, 14]);
    expect(duo.a.settled.filter(({ ok }) => !ok).map(({ tag }) => tag)).toEqual([5, 6, 7, 8, 9]);
    const attached = duo.a.events.filter((event) => event.kind === 'attached');
    expect(attached.map(({ isFresh }) => isFresh)).toEqual([true, true]);
  });

  it('gives up after two minutes, says so, and works again afterwards', () => {
    const duo = opened({ seed: 8 });
    duo.filter = () => false;
    duo.send(duo.a, numbered(0), 'reliable', 0);
    duo.runFor(150_000);
    expect(duo.a.settled).toEqual([{ tag: 0, ok: false }]);
    duo.filter = () => true;
    duo.send(duo.a, numbered(1), 'reliable', 1);
    duo.runFor(10_000);
    expect(numbersOf(duo.b.messages)).toEqual([1]);
    expect(duo.a.settled[1]).toEqual({ tag: 1, ok: true });
  });

  it('refuses more than its queue holds, at once', () => {
    const duo = opened({ seed: 9, limits: { sendQueueMax: 4 } });
    duo.filter = () => false;
    for (let i = 0; i < 6; i++) duo.send(duo.a, numbered(i), 'reliable', i);
    expect(duo.a.settled).toEqual([
      { tag: 4, ok: false },
      { tag: 5, ok: false },
    ]);
  });

  it('brings no routes late that were retracted, and all else as before', () => {
    const duo = opened({ seed: 16 });
    duo.filter = () => false;
    duo.send(duo.a, numbered(0), 'reliable', 0);
    duo.send(duo.a, ROUTES, 'reliable', 1);
    duo.send(duo.a, numbered(1), 'reliable', 2);
    duo.input(duo.a, { kind: 'path', session: 1, via: undefined, mtu: 0 });
    duo.send(duo.a, ROUTES, 'reliable', 3);
    duo.send(duo.a, numbered(2), 'reliable', 4);
    duo.input(duo.a, { kind: 'retractRoutes', peer: duo.b.identity.key });
    expect(duo.a.settled).toEqual([
      { tag: 3, ok: false },
      { tag: 1, ok: false },
    ]);
    duo.filter = () => true;
    duo.input(duo.a, { kind: 'path', session: 1, via: duo.via(duo.b), mtu: duo.wire.mtu });
    duo.runFor(5000);
    expect(numbersOf(duo.b.messages)).toEqual([0, 1, 2]);
    const told = duo.b.messages.flatMap((message) => (message.kind === 'routes' ? [...message.entries] : []));
    expect(told).toEqual([]);
    expect(duo.a.settled.slice(2).map(({ tag }) => tag)).toEqual([0, 2, 4]);
  });

  it('does not let out routes that waited for a gap when they were retracted, and all else in order', () => {
    for (const isRetracted of [true, false]) {
      const duo = opened({ seed: 17 });
      duo.filter = () => false;
      duo.send(duo.a, numbered(0), 'reliable', 0);
      duo.filter = () => true;
      duo.send(duo.a, ROUTES, 'reliable', 1);
      duo.send(duo.a, numbered(1), 'reliable', 2);
      duo.runFor(duo.wire.delayMs);
      if (isRetracted) duo.input(duo.b, { kind: 'retractRoutes', peer: duo.a.identity.key });
      duo.runFor(5000);
      expect(numbersOf(duo.b.messages)).toEqual([0, 1]);
      const told = duo.b.messages.flatMap((message) =>
        message.kind === 'routes' ? [...message.entries] : [],
      );
      expect(told).toHaveLength(isRetracted ? 0 : 1);
    }
  });

  it.each([
    ['what belongs to neighbors and paths alone', PUNCH, 0],
    ['anything else: the control', numbered(0), 1],
  ])('looks for a peer that is gone because of %s: %#', (_, message, count) => {
    const duo = opened({ seed: 18 });
    duo.filter = () => false;
    duo.send(duo.a, ROUTES, 'reliable', 0);
    duo.send(duo.a, message, 'datagram');
    duo.input(duo.a, { kind: 'path', session: 1, via: undefined, mtu: 0 });
    duo.runFor(900);
    expect(duo.a.events.filter(({ kind }) => kind === 'wanted')).toHaveLength(count);
  });

  it('keeps no more units than its window while one is missing, however far they are ahead', () => {
    for (const [limit, window] of [
      [8, 8],
      [9999, 256],
    ] as const) {
      const receiver = new Receiver(limit, 1000);
      for (let number = 0x7fff; number > 0; number--) receiver.take(0, number, numbered(number));
      receiver.take(0, 0, numbered(0));
      const taken: Message[] = [];
      for (let next = receiver.next(); next !== undefined; next = receiver.next()) taken.push(next);
      expect(taken).toHaveLength(1 + window);
    }
  });

  it('keeps to the number of messages that a packet may hold, however small they are', () => {
    for (const delivery of ['datagram', 'reliable'] as const) {
      const duo = opened({ seed: 14, wire: { mtu: 16_384 } });
      duo.input(duo.a, { kind: 'path', session: 1, via: undefined, mtu: 0 });
      for (let id = 0; id < 700; id++) duo.send(duo.a, { kind: 'cancel', id }, delivery);
      duo.input(duo.a, { kind: 'path', session: 1, via: duo.via(duo.b), mtu: duo.wire.mtu });
      duo.runFor(20_000);
      expect(duo.b.dropped).toEqual([]);
      expect(duo.b.messages).toHaveLength(700);
    }
  });

  it('repeats a unit in a packet of its own rather than in one larger than the path', () => {
    const duo = opened({ seed: 15 });
    duo.filter = () => false;
    duo.send(duo.a, numbered(0, 900), 'reliable');
    duo.filter = () => true;
    duo.now += 1000;
    const datagram = { kind: 'send', message: numbered(1, 500), delivery: 'datagram' } as const;
    duo.a.table.handleInput(duo.now, { ...datagram, peer: duo.b.identity.key });
    duo.sent.length = 0;
    duo.input(duo.a, { kind: 'timeout' });
    expect(duo.sent.map(({ bytes }) => bytes.length)).toEqual([526, 928]);
    duo.runFor(100);
    expect(numbersOf(duo.b.messages)).toEqual([1, 0]);
  });

  it('costs 48 + 25 bytes for a 20-byte reading and its acknowledgement', () => {
    const duo = opened({ seed: 10 });
    for (let i = 0; i < 300; i++) {
      duo.send(duo.a, numbered(i), 'reliable', i);
      duo.runFor(1000);
    }
    const last = duo.sent.slice(-2).map(({ bytes }) => bytes.length);
    expect(last).toEqual([48, 25]);
  });
});

describe('routes (§7.9)', () => {
  const routes = (): Message => ({ kind: 'routes', entries: new RouteList() });
  const packetsOf = (duo: Duo, name: string) => duo.sent.filter(({ from }) => from === name).length;

  it('are acknowledged after 50 ms', () => {
    const duo = opened({ seed: 14 });
    duo.sent.length = 0;
    duo.send(duo.a, routes(), 'reliable', 1);
    duo.runFor(5 + 49);
    expect(packetsOf(duo, 'b')).toBe(0);
    duo.runFor(1);
    expect(packetsOf(duo, 'b')).toBe(1);
    duo.runFor(5);
    expect(duo.a.settled).toContainEqual({ tag: 1, ok: true });
    duo.runFor(1000);
    expect(duo.sent).toHaveLength(2);
  });

  it('are acknowledged with what goes the other way, and eight together', () => {
    const duo = opened({ seed: 15 });
    duo.sent.length = 0;
    duo.send(duo.a, routes(), 'reliable', 1);
    duo.runFor(20);
    duo.send(duo.b, routes(), 'reliable', 2);
    duo.runFor(1000);
    expect([packetsOf(duo, 'a'), packetsOf(duo, 'b')]).toEqual([2, 1]);
    duo.sent.length = 0;
    for (let tag = 3; tag < 11; tag++) {
      duo.send(duo.a, routes(), 'reliable', tag);
      duo.runFor(1);
    }
    duo.runFor(5);
    expect([packetsOf(duo, 'a'), packetsOf(duo, 'b')]).toEqual([8, 1]);
  });

  it('leave the round trip as it is', () => {
    const duo = opened({ seed: 16 });
    duo.send(duo.a, numbered(1), 'reliable', 1);
    duo.runFor(1000);
    duo.a.events.length = 0;
    for (let tag = 2; tag < 12; tag++) {
      duo.send(duo.a, routes(), 'reliable', tag);
      duo.runFor(1000);
    }
    expect(duo.a.settled).toHaveLength(11);
    expect(duo.a.events.filter(({ kind }) => kind === 'roundTrip')).toEqual([]);
  });
});

describe('transfers (§7.10)', () => {
  for (const mtu of [64, 127, 250, 500, 1200]) {
    it(`carries 64 KiB over an MTU of ${mtu}, with small messages between`, () => {
      const duo = opened({ seed: 11, wire: { mtu, loss: 0.02, jitterMs: 2 } });
      const big = numbered(7777, 65_536);
      (big as { body: Uint8Array }).body.fill(0x5a, 2);
      duo.send(duo.a, big, 'reliable', 1);
      for (let i = 0; i < 20; i++) duo.send(duo.a, numbered(i), 'reliable', 100 + i);
      duo.runFor(200);
      expect(numbersOf(duo.b.messages).length, 'small ones do not wait for the big one').toBeGreaterThan(5);
      duo.runFor(119_000);
      const numbers = numbersOf(duo.b.messages);
      expect(numbers).toHaveLength(21);
      expect(numbers).toContain(7777);
      const arrived = duo.b.messages.find(
        (message) => message.kind === 'publish' && message.body.length === 65_536,
      );
      expect(arrived).toEqual(big);
      expect(
        duo.sent
          .filter(({ bytes }) => (bytes[0] as number) >= 0x80)
          .every(({ bytes }) => bytes.length <= mtu),
      ).toBe(true);
      expect(duo.a.settled.find(({ tag }) => tag === 1)).toEqual({ tag: 1, ok: true });
    });
  }

  it('is acknowledged by one packet for eight parts, and at once at its end', () => {
    const duo = opened({ seed: 13 });
    const packetsOf = (name: string) => duo.sent.filter(({ from }) => from === name).length;
    duo.sent.length = 0;
    duo.send(duo.a, numbered(1, 60_000), 'reliable', 1);
    duo.runFor(5000);
    expect(duo.a.settled).toEqual([{ tag: 1, ok: true }]);
    expect(packetsOf('a')).toBe(52);
    expect(packetsOf('b')).toBeLessThanOrEqual(Math.ceil(52 / 8) + 2);
    expect(packetsOf('b')).toBeGreaterThanOrEqual(Math.ceil(52 / 8));
  });

  it('is acknowledged 5 ms after a part that no other follows', () => {
    const duo = opened({ seed: 13 });
    let count = 0;
    duo.filter = (from) => from === duo.b || ++count <= 1;
    duo.sent.length = 0;
    duo.send(duo.a, numbered(1, 60_000), 'reliable', 1);
    duo.runFor(9);
    expect(duo.sent.some(({ from }) => from === 'b')).toBe(false);
    duo.runFor(2);
    expect(duo.sent.filter(({ from }) => from === 'b')).toHaveLength(1);
  });

  it('is refused by a receiver with less memory, and only that message fails', () => {
    const duo = opened({ seed: 12, limits: { messageBytesMax: 4096 } });
    duo.send(duo.a, numbered(1, 60_000), 'reliable', 1);
    duo.send(duo.a, numbered(2), 'reliable', 2);
    duo.runFor(5000);
    expect(duo.a.settled).toContainEqual({ tag: 1, ok: false });
    expect(duo.a.settled).toContainEqual({ tag: 2, ok: true });
    duo.send(duo.a, numbered(3, 4096), 'reliable', 3);
    duo.runFor(5000);
    expect(numbersOf(duo.b.messages)).toEqual([2, 3]);
  });

  it('is taken with the longest body and the longest path', () => {
    const limits = { messageBytesMax: 4096 };
    const duo = opened({ seed: 13, limits });
    const body = new Uint8Array(limits.messageBytesMax);
    const [id, alias, path] = [0xffff_ffff, 0xffff, 'x'.repeat(128)];
    duo.send(duo.a, { kind: 'request', id, alias, path, body }, 'reliable', 1);
    duo.runFor(5000);
    expect(duo.a.settled).toEqual([{ tag: 1, ok: true }]);
  });

  it('is what a datagram becomes that the path has no room for, also when that widens before it goes', () => {
    const duo = opened({ seed: 14, wire: { mtu: 64 } });
    duo.filter = (from) => from === duo.a;
    for (let i = 0; i < 20; i++) duo.send(duo.a, numbered(i), 'reliable', i);
    const witness = { kind: 'witness', destination: new Uint8Array(8), observed: 'x'.repeat(64) } as const;
    duo.send(duo.a, witness, 'datagram');
    duo.runFor(50);
    duo.filter = () => true;
    duo.wire = { ...duo.wire, mtu: 1200 };
    duo.input(duo.b, { kind: 'path', session: 1, via: duo.via(duo.a), mtu: 1200 });
    duo.input(duo.a, { kind: 'path', session: 1, via: duo.via(duo.b), mtu: 1200 });
    duo.runFor(5000);
    expect(duo.b.dropped).not.toContain('malformed');
    expect(duo.b.messages).toContainEqual(witness);
    expect(duo.a.settled).toHaveLength(20);
  });

  it('does not take an hour that the sender slept for a round trip', () => {
    const duo = opened({ seed: 6 });
    duo.send(duo.a, numbered(0), 'reliable', 0);
    duo.runFor(7);
    duo.now += 3_600_000; // the acknowledgement waits for it
    duo.runFor(1);
    expect(duo.a.settled).toEqual([{ tag: 0, ok: true }]);
    duo.filter = () => false;
    duo.sent.length = 0;
    duo.send(duo.a, numbered(1), 'reliable', 1);
    duo.runFor(10_000);
    expect(duo.sent.length).toBeGreaterThanOrEqual(4);
  });

  it('goes on after the sender slept for an hour with units under way', () => {
    const duo = opened({ seed: 5 });
    duo.filter = () => false;
    for (let i = 0; i < 3; i++) duo.send(duo.a, numbered(i), 'reliable', i);
    duo.runFor(300);
    duo.now += 3_600_000;
    duo.runFor(1);
    duo.filter = () => true;
    duo.runFor(5000);
    expect(numbersOf(duo.b.messages)).toEqual(upTo(3));
    expect(duo.a.settled).toEqual(upTo(3).map((tag) => ({ tag, ok: true })));
  });
});
