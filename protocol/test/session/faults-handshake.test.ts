import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { describe, expect, it } from 'vitest';
import { copyBytes } from '../../src/kernel/bytes.js';
import { countingSuite } from '../node/counting-suite.js';
import { Duo, type DuoOptions, type End } from './duo.js';

const SUITE = nodeSuite();
const RECORD = { kind: 'publish', alias: 1, body: new Uint8Array(20) } as const;
const [H1, H2, H3, RETRY, RESUME, RESUME_ACK] = [0x05, 0x06, 0x07, 0x08, 0x0a, 0x0b];

function duoOf(options: DuoOptions = {}): Duo {
  return new Duo({ suite: SUITE, ...options });
}

/** The last packet of a kind that went over the wire. */
function last(duo: Duo, type: number | undefined): Uint8Array {
  const packet = duo.sent.filter(({ bytes }) => bytes[0] === type).at(-1)?.bytes;
  if (packet === undefined) throw new Error(`no packet of type ${type}`);
  return packet;
}

function spoiled(packet: Uint8Array, at = packet.length - 1): Uint8Array {
  const bytes = copyBytes(packet);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** Both ends are attached to each other, and what they say arrives. */
function expectTalk(duo: Duo): void {
  for (const [end, tag] of [
    [duo.a, 71],
    [duo.b, 72],
  ] as const) {
    duo.send(end, RECORD, 'reliable', tag);
    duo.runFor(1500);
    expect(end.settled).toContainEqual({ tag, ok: true });
  }
}

describe('forged handshake packets (§7.2)', () => {
  it('a forged H3 does not end the handshake that it is for', () => {
    const duo = duoOf();
    let held: Uint8Array | undefined;
    duo.filter = (_, bytes) => {
      if (bytes[0] !== H3 || held !== undefined) return true;
      held = bytes;
      return false;
    };
    duo.greet(duo.a, duo.b);
    duo.runFor(12);
    expect(held).toBeDefined();
    for (let at = 4; at < 68; at += 7) duo.inject(duo.b, duo.a, spoiled(held ?? new Uint8Array(68), at));
    duo.inject(duo.b, duo.a, held ?? new Uint8Array());
    duo.runFor(1000);
    expectTalk(duo);
  });

  it.each(['XX', 'IK'])('forged H2s do not end the %s step that they are for', (pattern) => {
    const duo = duoOf();
    const held: Uint8Array[] = [];
    duo.filter = (_, bytes) => {
      if (bytes[0] !== H2 || held.length > 0) return true;
      held.push(bytes);
      return false;
    };
    if (pattern === 'XX') duo.greet(duo.a, duo.b);
    else duo.input(duo.a, { kind: 'learn', publicKey: duo.b.identity.publicKey });
    if (pattern === 'IK') duo.open(duo.a, duo.b);
    duo.runFor(20);
    const h2 = held[0] ?? new Uint8Array();
    for (let i = 0; i < 40; i++) duo.inject(duo.a, duo.b, spoiled(h2, 7 + i));
    // The repetition of H1 brings the same H2 again, and that one is looked at.
    duo.runFor(400);
    expect(last(duo, H2)).toEqual(h2);
    expectTalk(duo);
    expect(duo.sent.filter(({ bytes }) => bytes[0] === H1)).toHaveLength(2);
  });

  it('of forged H2s eight are looked at, then none before H1 goes out again', () => {
    const suite = countingSuite(SUITE);
    const duo = new Duo({ suite });
    duo.filter = (_, bytes) => bytes[0] !== H2;
    duo.greet(duo.a, duo.b);
    duo.runFor(20);
    const h2 = last(duo, H2);
    const before = suite.counts.dh;
    for (let i = 0; i < 100; i++) duo.inject(duo.a, duo.b, spoiled(h2));
    expect(suite.counts.dh - before).toBeGreaterThanOrEqual(8);
    expect(suite.counts.dh - before).toBeLessThanOrEqual(8 * 2);
  });

  it.each(['RESUME', 'RESUME-ACK'])('nothing comes of a forged %s, wherever it was spoiled', (name) => {
    const duo = duoOf();
    duo.greet(duo.a, duo.b);
    duo.runFor(2000);
    for (const end of [duo.a, duo.b]) duo.restart(end);
    const [type, to, from] = name === 'RESUME' ? [RESUME, duo.b, duo.a] : [RESUME_ACK, duo.a, duo.b];
    const held: Uint8Array[] = [];
    duo.filter = (_, bytes) => bytes[0] !== type || held.push(bytes) > 1;
    const opened = duo.count(to, 'opened');
    duo.open(duo.a, duo.b);
    for (let ms = 0; ms < 300 && held.length === 0; ms++) duo.runFor(1);
    const genuine = held[0] ?? new Uint8Array();
    const before = duo.sent.length;
    for (let at = 0; at < genuine.length; at++) duo.inject(to, from, spoiled(genuine, at));
    expect(duo.sent.length).toBe(before);
    expect(duo.count(to, 'opened')).toBe(opened);
    duo.inject(to, from, genuine);
    duo.runFor(2000);
    expect(duo.count(to, 'opened')).toBe(opened + 1);
    expectTalk(duo);
  });

  it('a forged RETRY does not spoil an opening', () => {
    const duo = duoOf();
    duo.filter = (from, bytes) => !(from === duo.b && bytes[0] === H2 && duo.now < 1100);
    duo.greet(duo.a, duo.b);
    const connection = last(duo, H1).subarray(2, 5);
    const forged = (n: number): Uint8Array =>
      new Uint8Array([0x08, ...connection, n, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (let n = 0; n < 20; n++) {
      duo.inject(duo.a, duo.b, forged(n));
      duo.runFor(2);
    }
    duo.runFor(660);
    expect(duo.sent.filter(({ bytes }) => bytes[0] === H1).length).toBeLessThanOrEqual(3);
    expectTalk(duo);
  });

  it('a forged RETRY before the genuine one costs a repetition, no more', () => {
    const duo = duoOf({ limits: { dhPerSecondMax: 5 } });
    const stranger = duoOf({ seed: 7 });
    stranger.greet(stranger.a, stranger.b);
    duo.inject(duo.b, duo.a, last(stranger, H1));
    duo.greet(duo.a, duo.b);
    const connection = last(duo, H1).subarray(2, 5);
    duo.inject(duo.a, duo.b, new Uint8Array([0x08, ...connection, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
    duo.runFor(900);
    expect(duo.sent.some(({ bytes }) => bytes[0] === RETRY)).toBe(true);
    expectTalk(duo);
  });
});

describe('replayed handshake packets (§7.1)', () => {
  it('an H1 of an earlier time does not end an opening that is under way', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const duo = duoOf({ seed });
      duo.acquaint();
      duo.open(duo.b, duo.a);
      const old = last(duo, H1);
      duo.runFor(2000);
      duo.input(duo.b, { kind: 'close', peer: duo.a.identity.key, code: 0 });
      for (const end of [duo.a, duo.b]) end.store.clear();
      for (const end of [duo.a, duo.b]) duo.restart(end);
      duo.acquaint();
      duo.open(duo.a, duo.b);
      for (let i = 0; i < 30; i++) {
        duo.inject(duo.a, duo.b, old);
        duo.runFor(50);
      }
      expect(duo.count(duo.a, 'attached')).toBe(2);
      expectTalk(duo);
    }
  });

  it('ends that both resume at once agree, also when packets are lost', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const duo = duoOf({ seed, wire: { jitterMs: seed % 2 === 0 ? 0 : 5 } });
      duo.greet(duo.a, duo.b);
      duo.runFor(2000);
      for (const end of [duo.a, duo.b]) duo.restart(end);
      duo.wire = { ...duo.wire, loss: 0.3 };
      duo.open(duo.a, duo.b);
      duo.open(duo.b, duo.a);
      duo.runFor(8000);
      duo.wire = { ...duo.wire, loss: 0 };
      duo.runFor(2000);
      expectTalk(duo);
    }
  });
});

describe('packets of the session before (§7.2)', () => {
  /** Both ends have a second session; `late` is what `from` sent last in the first one, not yet delivered. */
  function moved(say: (duo: Duo, from: End) => void): { duo: Duo; late: Uint8Array } {
    const duo = duoOf();
    duo.greet(duo.a, duo.b);
    duo.runFor(2000);
    let late: Uint8Array | undefined;
    duo.filter = (from, bytes) => {
      if (from !== duo.a || late !== undefined) return true;
      late = bytes;
      return false;
    };
    say(duo, duo.a);
    duo.filter = () => true;
    duo.open(duo.b, duo.a);
    duo.runFor(2000);
    expect(duo.count(duo.b, 'opened')).toBe(2);
    return { duo, late: late ?? new Uint8Array() };
  }

  it('a goodbye of the one before does not end the present one', () => {
    const { duo, late } = moved((one, from) => {
      one.send(from, { kind: 'close', code: 0 }, 'datagram');
    });
    duo.inject(duo.b, duo.a, late);
    expect(duo.count(duo.b, 'closed')).toBe(0);
    expectTalk(duo);
  });

  it('connection ids of the one before are not written in the present one', () => {
    const connections = [0x7001, 0x7002, 0x7003, 0x7004];
    const { duo, late } = moved((one, from) => {
      one.send(from, { kind: 'spareConnections', connections }, 'datagram');
    });
    duo.inject(duo.b, duo.a, late);
    const { mtu } = duo.wire;
    duo.input(duo.b, { kind: 'path', session: 1, via: { kind: 'direct', link: 2, address: 'x' }, mtu });
    expectTalk(duo);
  });
});
