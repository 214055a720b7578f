import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/packet/message.js';
import { Duo } from './duo.js';

const READING: Message = { kind: 'publish', alias: 1, body: new Uint8Array(20) };

function opened(seed = 1): Duo {
  const duo = new Duo({ seed });
  duo.greet(duo.a, duo.b);
  duo.runFor(2000);
  duo.sent.length = 0;
  return duo;
}

function sizes(duo: Duo): string[] {
  return duo.sent
    .filter(({ bytes }) => (bytes[0] as number) < 0x18)
    .map(({ from, bytes }) => `${from}${bytes.length}`);
}

describe('resumption (§7.7)', () => {
  it('takes 27 + 29 bytes after a restart of either end, and of both', () => {
    for (const who of ['a', 'b', 'both']) {
      const duo = opened();
      if (who !== 'b') duo.restart(duo.a);
      if (who !== 'a') duo.restart(duo.b);
      duo.open(duo.a, duo.b);
      duo.runFor(1000);
      // A receiver that restarted has moved its floor: one RESUME-FLOOR, and the next counter is accepted.
      expect(sizes(duo).at(-1)).toBe('b29');
      expect(sizes(duo).every((size) => ['a27', 'b29', 'b17'].includes(size))).toBe(true);
      duo.send(duo.a, READING, 'reliable', 1);
      duo.runFor(1000);
      expect(duo.a.settled).toEqual([{ tag: 1, ok: true }]);
    }
  });

  it('accepts no RESUME twice, not even after a restart with the store of before', () => {
    const duo = opened();
    duo.open(duo.a, duo.b);
    duo.runFor(1000);
    const resume = duo.sent.find(({ bytes }) => bytes[0] === 0x0a)?.bytes as Uint8Array;
    expect(resume).toBeDefined();
    const before = duo.count(duo.b, 'opened');
    for (let i = 0; i < 5; i++) {
      duo.inject(duo.b, duo.a, resume);
      duo.restart(duo.b);
      duo.inject(duo.b, duo.a, resume);
      duo.runFor(6000);
    }
    expect(duo.count(duo.b, 'opened')).toBe(before);
    expect(duo.sent.filter(({ from, bytes }) => from === 'b' && bytes[0] === 0x0b)).toHaveLength(1);
  });

  it('accepts no RESUME twice while its session is not there yet, in this life and the next', () => {
    const duo = opened();
    // Nothing that the answerer says arrives, so the ticket stays the same.
    duo.filter = (from) => from === duo.a;
    duo.open(duo.a, duo.b);
    duo.runFor(100);
    const resume = duo.sent.find(({ bytes }) => bytes[0] === 0x0a)?.bytes as Uint8Array;
    duo.restart(duo.a);
    for (let life = 0; life < 5; life++) {
      for (let i = 0; i < 5; i++) {
        duo.inject(duo.b, duo.a, resume);
        duo.runFor(1500);
      }
      duo.restart(duo.b);
    }
    const answers = duo.sent.filter(({ from }) => from === 'b').map(({ bytes }) => bytes[0]);
    expect(answers.filter((type) => type === 0x0b)).toHaveLength(1);
    expect(answers.filter((type) => type === 0x0c).length).toBeGreaterThan(5);
    expect(duo.b.dropped.every((reason) => reason === 'replay')).toBe(true);
  });

  it('deletes a damaged ticket and opens in full', () => {
    for (let at = 0; at < 85; at += 7) {
      const duo = opened();
      for (const [key, value] of duo.a.store) {
        const damaged = new Uint8Array(value);
        damaged[at] = (damaged[at] as number) ^ 1;
        duo.a.store.set(key, damaged);
      }
      duo.restart(duo.a);
      expect(duo.a.store.size).toBe(0);
      duo.greet(duo.a, duo.b);
      duo.runFor(1000);
      expect(sizes(duo)).toEqual(['a53', 'b103', 'a68']);
    }
  });

  it('is over after seven days by the clock', () => {
    const duo = new Duo();
    for (const end of [duo.a, duo.b]) duo.input(end, { kind: 'wallClock', unixMs: 1_800_000_000_000 });
    duo.greet(duo.a, duo.b);
    duo.runFor(2000);
    duo.sent.length = 0;
    duo.input(duo.a, { kind: 'wallClock', unixMs: 1_800_000_000_000 + 8 * 24 * 3600_000 });
    duo.open(duo.a, duo.b);
    duo.runFor(1000);
    expect(sizes(duo)).toEqual(['a58', 'b55']);
  });

  it('is over after seven days by the clock of who is asked, too', () => {
    const duo = new Duo();
    duo.input(duo.b, { kind: 'wallClock', unixMs: 1_800_000_000_000 });
    duo.greet(duo.a, duo.b);
    duo.runFor(2000);
    duo.sent.length = 0;
    duo.input(duo.b, { kind: 'wallClock', unixMs: 1_800_000_000_000 + 8 * 24 * 3600_000 });
    duo.open(duo.a, duo.b);
    duo.runFor(2000);
    expect(sizes(duo)).toEqual(['a27', 'a27', 'a58', 'b55']);
  });

  it('goes on with reliable delivery where it was', () => {
    const duo = opened();
    duo.send(duo.a, READING, 'reliable', 1);
    duo.runFor(1000);
    duo.filter = (from) => from === duo.a;
    duo.send(duo.a, READING, 'reliable', 2);
    duo.runFor(100);
    // b has it, its acknowledgement is lost; then new keys.
    expect(duo.b.messages).toHaveLength(2);
    duo.filter = () => true;
    duo.open(duo.a, duo.b);
    duo.runFor(5000);
    expect(sizes(duo)).toEqual(['a27', 'b29']);
    expect(duo.b.messages).toHaveLength(2);
    expect(duo.a.settled).toEqual([
      { tag: 1, ok: true },
      { tag: 2, ok: true },
    ]);
  });
});
