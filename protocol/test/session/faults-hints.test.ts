import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { describe, expect, it } from 'vitest';
import { readU16 } from '../../src/kernel/bytes.js';
import { SECOND_MS } from '../../src/kernel/time.js';
import { encodeUnknown } from '../../src/packet/unknown.js';
import { OpeningKey, SessionKeys } from '../../src/session/keys.js';
import { ReplayWindow } from '../../src/session/replay.js';
import { Duo } from './duo.js';

const SUITE = nodeSuite();
const READING = { kind: 'publish', alias: 1, body: new Uint8Array(20) } as const;

/** Two with a session; what was said until then is forgotten. */
function opened(): Duo {
  const duo = new Duo({ suite: SUITE });
  duo.greet(duo.a, duo.b);
  duo.runFor(2 * SECOND_MS);
  duo.send(duo.a, READING, 'reliable', 1);
  duo.runFor(SECOND_MS);
  duo.a.events.length = 0;
  return duo;
}

/** The id that a writes in packets to b. */
function connectionOf(duo: Duo): number {
  const packet = duo.sent.filter(({ from, bytes }) => from === 'a' && (bytes[0] ?? 0) >= 0x80).at(-1);
  return readU16(packet?.bytes ?? new Uint8Array(3), 1);
}

describe('UNKNOWN, which anybody can forge (§7.4)', () => {
  it('makes the path suspect once in 5 s at most, and ends nothing', () => {
    const duo = opened();
    const forged = encodeUnknown(connectionOf(duo));
    for (let i = 0; i < 300; i++) {
      duo.inject(duo.a, duo.b, forged);
      duo.runFor(100);
    }
    expect(duo.count(duo.a, 'suspect')).toBeGreaterThan(0);
    expect(duo.count(duo.a, 'suspect')).toBeLessThanOrEqual(7);
    expect(duo.count(duo.a, 'closed')).toBe(0);
    duo.send(duo.a, READING, 'reliable', 2);
    duo.runFor(SECOND_MS);
    expect(duo.a.settled).toContainEqual({ tag: 2, ok: true });
  });

  it('means nothing for an id that is not written, nor from where nothing is sent', () => {
    const duo = opened();
    const connection = connectionOf(duo);
    const elsewhere = { kind: 'direct', link: 1, address: 'elsewhere' } as const;
    for (let other = 256; other < 2000; other++) {
      if (other !== connection) duo.inject(duo.a, duo.b, encodeUnknown(other));
    }
    duo.input(duo.a, { kind: 'packet', via: elsewhere, bytes: encodeUnknown(connection), mtu: 1200 });
    expect(duo.count(duo.a, 'suspect')).toBe(0);
  });

  it('answers packets of sessions that are not there ten times a second', () => {
    const duo = opened();
    const stray = Uint8Array.of(0x94, 0x01, 0x00, ...new Uint8Array(30));
    duo.sent.length = 0;
    for (let i = 0; i < 1000; i++) {
      duo.inject(duo.b, duo.a, stray);
      duo.runFor(1);
    }
    const answers = duo.sent.filter(({ from, bytes }) => from === 'b' && bytes[0] === 0x0d);
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.length).toBeLessThanOrEqual(20);
  });
});

describe('short tags that fail (§7.4)', () => {
  const header = new Uint8Array(3);
  const sealed = new Uint8Array(8);

  it('end the use of short tags after 2^20 of them, not that of whole ones', () => {
    let isGenuine = false;
    const suite = { ...SUITE, open: () => (isGenuine ? new Uint8Array(1) : undefined) };
    const keys = new SessionKeys(
      suite,
      Array.from({ length: 5 }, () => new Uint8Array(32)),
    );
    const key = new OpeningKey(keys, new ReplayWindow(64));
    const open = (counter: number, tagLength: 8 | 16) => key.open(0, 0, counter, header, sealed, tagLength);
    for (let i = 0; i < 2 ** 20 - 1; i++) open(0, 8);
    isGenuine = true;
    expect(open(0, 8)).toEqual(new Uint8Array(1));
    isGenuine = false;
    expect(open(1, 8)).toBe('authentication');
    isGenuine = true;
    expect(open(1, 8)).toBe('authentication');
    expect(open(1, 16)).toEqual(new Uint8Array(1));
  });
});
