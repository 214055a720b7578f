import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/packet/message.js';
import { Duo } from './duo.js';

const READING: Message = { kind: 'publish', alias: 1, body: new Uint8Array(20) };

function opened(options: ConstructorParameters<typeof Duo>[0] = {}): Duo {
  const duo = new Duo(options);
  duo.acquaint();
  duo.open(duo.a, duo.b);
  duo.runFor(2000);
  duo.sent.length = 0;
  return duo;
}

describe('transport packets (§7.4)', () => {
  it('add 21 bytes to a message, and 11 on a short link', () => {
    const wide = opened();
    wide.send(wide.a, READING, 'datagram');
    expect(wide.sent.map(({ bytes }) => bytes.length)).toEqual([23 + 21]);
    const short = opened({ wire: { mtu: 250 } });
    short.send(short.a, READING, 'datagram');
    expect(short.sent.map(({ bytes }) => bytes.length)).toEqual([23 + 11]);
    short.runFor(100);
    expect(short.b.messages).toHaveLength(1);
  });

  it('refuse a short tag that comes over a wide link', () => {
    const duo = opened({ wire: { mtu: 250 } });
    duo.filter = () => false;
    duo.send(duo.a, READING, 'datagram');
    const packet = duo.sent[0]?.bytes as Uint8Array;
    duo.input(duo.b, { kind: 'packet', via: duo.via(duo.a), bytes: packet, mtu: 1200 });
    expect(duo.b.dropped).toEqual(['authentication']);
    duo.input(duo.b, { kind: 'packet', via: duo.via(duo.a), bytes: packet, mtu: 250 });
    expect(duo.b.messages).toHaveLength(1);
  });

  it('are heard again after 100,000 of them were lost in one direction', () => {
    for (const mtu of [250, 1200]) {
      const duo = opened({ wire: { mtu } });
      duo.filter = () => false;
      for (let i = 0; i < 100_000; i++) {
        duo.send(duo.a, READING, 'datagram');
        duo.sent.length = 0;
      }
      duo.filter = () => true;
      duo.send(duo.a, READING, 'datagram');
      duo.runFor(100);
      expect(duo.b.messages).toHaveLength(1);
    }
  });
});

describe('PINGs and challenges (§7.8)', () => {
  it('are answered four to a packet, however many are in it', () => {
    const duo = opened();
    const ping: Message = { kind: 'ping', token: 1, sentAt: 0 };
    const challenge: Message = { kind: 'pathChallenge', token: new Uint8Array(8) };
    for (const message of [ping, challenge]) {
      duo.sent.length = 0;
      duo.input(duo.a, { kind: 'path', session: 1, via: undefined, mtu: 0 });
      duo.input(duo.b, { kind: 'path', session: 1, via: undefined, mtu: 0 });
      for (let i = 0; i < 50; i++) duo.send(duo.a, message, 'datagram');
      duo.input(duo.a, { kind: 'path', session: 1, via: duo.via(duo.b), mtu: 1200 });
      duo.runFor(8);
      const sealed = duo.sent.filter(({ bytes }) => (bytes[0] as number) >= 0x80);
      expect(sealed.map(({ from }) => from).join('')).toBe('abbbb');
      duo.runFor(5000);
    }
  });
});

describe('times in messages (§6.3)', () => {
  it('are cut to 32 bits, however long a node has been running', () => {
    const duo = new Duo();
    duo.now = 2 ** 32 - 1000;
    duo.acquaint();
    duo.open(duo.a, duo.b);
    duo.runFor(2000);
    const message = { kind: 'ping', token: 7, sentAt: 0 } as const;
    duo.input(duo.a, { kind: 'sendVia', session: 1, via: duo.via(duo.b), message, mtu: 1200 });
    duo.runFor(10);
    expect(duo.a.messages).toMatchObject([{ kind: 'pong', receivedAt: 1005 }]);
  });
});

describe('replay and mutation (§7.5)', () => {
  it('takes each packet once, also out of order, and none that was changed', () => {
    const duo = opened();
    duo.filter = () => false;
    for (let i = 0; i < 50; i++) duo.send(duo.a, READING, 'datagram');
    const packets = duo.sent.map(({ bytes }) => bytes);
    for (const packet of [...packets].reverse()) {
      for (let at = 0; at < packet.length; at++) {
        const mutated = new Uint8Array(packet);
        mutated[at] = (mutated[at] as number) ^ (1 << (at % 8));
        duo.inject(duo.b, duo.a, mutated);
      }
      duo.inject(duo.b, duo.a, packet);
      duo.inject(duo.b, duo.a, packet);
    }
    expect(duo.b.messages).toHaveLength(50);
  });

  it('takes none that is older than the window, though it never came', () => {
    const duo = opened({ limits: { receiveWindow: 64 } });
    duo.filter = () => false;
    for (let i = 0; i < 200; i++) duo.send(duo.a, READING, 'datagram');
    const packets = duo.sent.map(({ bytes }) => bytes);
    const inject = (i: number): void => duo.inject(duo.b, duo.a, packets[i] as Uint8Array);
    inject(199);
    inject(199 - 63);
    expect([duo.b.messages.length, duo.b.dropped]).toEqual([2, []]);
    for (let i = 0; i <= 199 - 64; i++) inject(i);
    expect(duo.b.messages).toHaveLength(2);
    expect(new Set(duo.b.dropped)).toEqual(new Set(['replay']));
  });

  it('drops every truncation and takes the whole packet afterwards', () => {
    const duo = opened();
    duo.filter = () => false;
    duo.send(duo.a, READING, 'datagram');
    const packet = duo.sent[0]?.bytes as Uint8Array;
    for (let length = 0; length < packet.length; length++)
      duo.inject(duo.b, duo.a, packet.subarray(0, length));
    expect(duo.b.messages).toHaveLength(0);
    expect(duo.b.dropped).toHaveLength(packet.length);
    duo.inject(duo.b, duo.a, packet);
    expect(duo.b.messages).toHaveLength(1);
  });
});

describe('rekey (§7.6)', () => {
  it('changes keys after a day, both ways, without a lost or refused packet', () => {
    const duo = opened();
    for (let day = 0; day < 5; day++) {
      for (let i = 0; i < 3; i++) {
        duo.send(duo.a, READING, 'reliable', day * 10 + i);
        duo.send(duo.b, READING, 'reliable', 500 + day * 10 + i);
        duo.runFor(1000);
      }
      duo.runFor(24 * 3600_000);
    }
    expect(duo.a.settled.filter(({ ok }) => ok)).toHaveLength(15);
    expect(duo.b.settled.filter(({ ok }) => ok)).toHaveLength(15);
    expect([...duo.a.dropped, ...duo.b.dropped]).toEqual([]);
    const phases = new Set(duo.sent.map(({ from, bytes }) => `${from}${((bytes[0] as number) >> 6) & 1}`));
    expect([...phases].sort()).toEqual(['a0', 'a1', 'b0', 'b1']);
  });

  it('still opens what the key before sealed, for ten seconds', () => {
    const duo = opened();
    duo.runFor(24 * 3600_000);
    duo.filter = () => false;
    // Sealed before the flip is seen by b: the first packet after a day flips, the one before it does not.
    const early = opened();
    expect(early.b.dropped).toEqual([]);
    duo.send(duo.a, READING, 'datagram');
    duo.send(duo.a, READING, 'datagram');
    const [first, second] = duo.sent.map(({ bytes }) => bytes) as [Uint8Array, Uint8Array];
    duo.inject(duo.b, duo.a, second);
    duo.inject(duo.b, duo.a, first);
    expect(duo.b.messages).toHaveLength(2);
  });
});

describe('a week of one session (§7.6)', () => {
  it('gets its keys from a new Diffie-Hellman, and nothing waiting is lost', () => {
    const duo = opened();
    const before = duo.count(duo.b, 'opened');
    for (let day = 0; day < 15; day++) {
      duo.send(duo.a, READING, 'reliable', day);
      duo.runFor(24 * 3600_000);
    }
    duo.runFor(3 * 3600_000);
    expect(duo.count(duo.b, 'opened') - before).toBe(2);
    expect(duo.sent.filter(({ bytes }) => bytes[0] === 0x05)).toHaveLength(2);
    expect(duo.a.settled.filter(({ ok }) => ok)).toHaveLength(15);
    expect(duo.b.messages.filter(({ kind }) => kind === 'publish')).toHaveLength(15);
  });
});
