import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../src/kernel/fault.js';
import type { Message } from '../../src/packet/message.js';
import { Duo, type End } from './duo.js';

const RUNS = 40;
const STEPS = 120;
/** Longer than anything is repeated (SPEC §7.9), and than each try to reach the other. */
const SETTLED_MS = 400_000;

function numbered(number: number): Message {
  return { kind: 'publish', alias: 1, body: new Uint8Array([number >> 8, number]) };
}

/** What it saw, for each incarnation that it had for the other. */
function seenBy(end: End): number[][] {
  const seen: number[][] = [[]];
  for (const event of end.events) {
    if (event.kind === 'attached' && event.isFresh) seen.push([]);
    if (event.kind !== 'message' || event.message.kind !== 'publish') continue;
    const { body } = event.message;
    seen.at(-1)?.push(((body[0] as number) << 8) | (body[1] as number));
  }
  return seen;
}

/** Two ends that send, open sessions, lose packets, restart and forget each other, as the seed has it. */
function livesOf(seed: number): Duo {
  const duo = new Duo({ seed, wire: { loss: 0.2, duplication: 0.1, jitterMs: 60 } });
  duo.acquaint();
  const below = (n: number) => Math.floor(duo.random.next() * n);
  for (let step = 0, number = 0; step < STEPS; step++) {
    const [end, other] = below(2) === 0 ? [duo.a, duo.b] : [duo.b, duo.a];
    const act = below(20);
    if (act < 14) duo.send(end, numbered(number), 'reliable', number++);
    else if (act < 17) duo.open(end, other);
    else if (act === 17) {
      duo.restart(end);
      duo.input(end, { kind: 'learn', publicKey: other.identity.publicKey });
    } else {
      duo.filter = () => act === 19; // its goodbye may be lost
      duo.input(end, { kind: 'close', peer: other.identity.key, code: CloseCode.idle });
      duo.filter = () => true;
    }
    duo.runFor(below(400));
  }
  duo.wire = { ...duo.wire, loss: 0 };
  duo.open(duo.a, duo.b);
  duo.runFor(SETTLED_MS);
  return duo;
}

describe('reliable delivery over the lives of both ends (§7.9)', () => {
  it('brings a message once to one that remembers, and each that was acknowledged', () => {
    let acknowledged = 0;
    let failed = 0;
    for (let seed = 1; seed <= RUNS; seed++) {
      const duo = livesOf(seed);
      for (const [from, to] of [
        [duo.a, duo.b],
        [duo.b, duo.a],
      ] as const) {
        const seen = seenBy(to);
        for (const once of seen) expect([...new Set(once)], `seed ${seed}`).toEqual(once);
        const sure = from.settled.filter(({ ok }) => ok).map(({ tag }) => tag);
        expect(
          sure.filter((tag) => !seen.flat().includes(tag)),
          `seed ${seed}`,
        ).toEqual([]);
        acknowledged += sure.length;
        failed += from.settled.length - sure.length;
      }
    }
    // Neither of the two is empty.
    expect(acknowledged).toBeGreaterThan(RUNS * 10);
    expect(failed).toBeGreaterThan(RUNS);
  });
});

describe('an ATTACH that speaks to a former life (§7.9)', () => {
  it('brings nothing that was meant for that one', () => {
    const duo = new Duo();
    const { a, b } = duo;
    duo.acquaint();
    duo.open(a, b);
    duo.runFor(2000);
    duo.filter = (from) => from !== b;
    duo.send(b, numbered(1), 'reliable', 1);
    duo.runFor(100);
    duo.restart(a);
    duo.input(a, { kind: 'learn', publicKey: b.identity.publicKey });
    duo.filter = () => true;
    // The one that does not know of the restart opens: its first packet carries what waits.
    duo.open(b, a);
    duo.runFor(3000);
    expect([a.messages, b.settled]).toEqual([[], [{ tag: 1, ok: false }]]);
    duo.send(b, numbered(2), 'reliable', 2);
    duo.runFor(1000);
    expect(a.messages).toEqual([numbered(2)]);
  });
});

describe('an ATTACH that comes late (§7.9)', () => {
  it('of a former life of the peer ends nothing of the present one', () => {
    const duo = new Duo();
    const { a, b } = duo;
    let late: Uint8Array | undefined;
    duo.filter = (from, bytes) => {
      if (from !== b || late !== undefined || (bytes[0] as number) < 0x80) return true;
      late = bytes;
      return false;
    };
    duo.acquaint();
    duo.open(a, b);
    duo.runFor(2000);
    duo.restart(b);
    duo.input(b, { kind: 'learn', publicKey: a.identity.publicKey });
    duo.open(b, a);
    duo.runFor(2000);
    const attached = duo.count(a, 'attached');
    expect([late === undefined, attached]).toEqual([false, 2]);
    duo.inject(a, b, late ?? new Uint8Array());
    duo.send(b, numbered(1), 'reliable', 1);
    duo.send(a, numbered(2), 'reliable', 2);
    duo.runFor(100);
    expect([a.settled, b.settled]).toEqual([[{ tag: 2, ok: true }], [{ tag: 1, ok: true }]]);
    expect(duo.count(a, 'attached')).toBe(attached);
  });
});

describe('an answer about the path (§7.9)', () => {
  /** What a hears of that while b has not said which life it is in. */
  function answersTo(message: Message): readonly Message[] {
    const duo = new Duo();
    duo.acquaint();
    duo.open(duo.a, duo.b);
    while (duo.count(duo.a, 'opened') === 0) duo.runFor(1);
    // The first thing that b says is which life it is in.
    let lost = 0;
    duo.filter = (from) => from !== duo.b || lost++ > 0;
    duo.runFor(11);
    expect([lost, duo.count(duo.a, 'attached')]).toEqual([1, 0]);
    duo.input(duo.a, { kind: 'sendVia', session: 1, via: duo.via(duo.b), message, mtu: 1200 });
    duo.runFor(11);
    expect(duo.count(duo.a, 'attached')).toBe(0);
    return duo.a.messages;
  }

  it('is heard before the peer has said which life it is in: it answers this one', () => {
    const pongs = answersTo({ kind: 'ping', token: 7, sentAt: 0 });
    expect(pongs).toMatchObject([{ kind: 'pong', token: 7, observed: 'a' }]);
    const token = new Uint8Array(8).fill(7);
    expect(answersTo({ kind: 'pathChallenge', token })).toEqual([{ kind: 'pathResponse', token }]);
  });
});

describe('sessions that both ends open at once after a restart (§7.9)', () => {
  it('carry messages both ways, whichever of the two each end takes for the newer', () => {
    const duo = new Duo();
    const { a, b } = duo;
    duo.acquaint();
    duo.open(a, b);
    duo.runFor(1000);
    duo.restart(b);
    duo.input(b, { kind: 'learn', publicKey: a.identity.publicKey });
    const held: { readonly from: End; readonly bytes: Uint8Array }[] = [];
    duo.filter = (from, bytes) => {
      if (((bytes[0] as number) & 0x80) === 0) return true;
      held.push({ from, bytes });
      return false;
    };
    for (const [end, other] of [[a, b] as const, [b, a] as const]) {
      const opened = duo.count(end, 'opened');
      duo.open(end, other);
      while (duo.count(end, 'opened') === opened) duo.runFor(1);
    }
    duo.filter = () => true;
    // The one that b opened comes first, so a takes it for the newer, and b the other one.
    for (const { from, bytes } of held.filter((one) => one.from === b)) duo.inject(a, from, bytes);
    for (const { from, bytes } of held.filter((one) => one.from === a)) duo.inject(b, from, bytes);
    duo.runFor(100);
    const before = [a.messages.length, b.messages.length];
    duo.send(b, numbered(1), 'reliable');
    duo.send(a, numbered(2), 'reliable');
    duo.send(b, numbered(3), 'datagram');
    duo.send(a, numbered(4), 'datagram');
    duo.runFor(500);
    expect([a.messages.length, b.messages.length].map((count, i) => count - (before[i] ?? 0))).toEqual([
      2, 2,
    ]);
  });
});

describe('the first packets of a session (§7.9)', () => {
  /** The two, with what b sends in its first packets held back. */
  function answering(answers: number) {
    const duo = new Duo();
    const { a, b } = duo;
    duo.acquaint();
    duo.open(a, b);
    const held: Uint8Array[] = [];
    duo.filter = (from, bytes) => {
      if (from !== b || ((bytes[0] as number) & 0x80) === 0) return true;
      held.push(bytes);
      return false;
    };
    duo.runFor(50);
    for (let i = 0; i < answers; i++) duo.send(b, numbered(i), 'datagram');
    duo.filter = () => true;
    return { duo, held };
  }

  it('are heard each by itself, whichever comes first', () => {
    const { duo, held } = answering(1);
    expect(held.length).toBe(2);
    duo.inject(duo.a, duo.b, held[1] as Uint8Array);
    expect(duo.a.messages).toEqual([numbered(0)]);
    duo.inject(duo.a, duo.b, held[0] as Uint8Array);
    expect([duo.a.messages.length, duo.count(duo.a, 'attached')]).toEqual([1, 1]);
  });

  it('carry ATTACH three times, and what comes after a second does not', () => {
    const { held } = answering(5);
    const [, second = 0, third = 0, fourth = 0, fifth = 0] = held.map(({ length }) => length);
    expect([second - fourth, fifth]).toEqual([third - fourth, fourth]);
    expect(second - fourth).toBeGreaterThan(10);

    const duo = new Duo();
    const late: Uint8Array[] = [];
    duo.acquaint();
    duo.open(duo.a, duo.b);
    duo.runFor(1100);
    duo.filter = (from, bytes) => from !== duo.b || late.push(bytes) === 0;
    duo.send(duo.b, numbered(0), 'datagram');
    expect(late.map(({ length }) => length)).toEqual([fourth]);
  });

  it('go without it where both do not fit', () => {
    const { duo } = answering(0);
    const held: number[] = [];
    duo.filter = (from, { length }) => from !== duo.b || held.push(length) === 0;
    duo.input(duo.b, { kind: 'path', session: 1, via: duo.via(duo.a), mtu: 64 });
    duo.send(duo.b, { kind: 'publish', alias: 1, body: new Uint8Array(36) }, 'datagram');
    expect(held).toEqual([52]);
  });
});
