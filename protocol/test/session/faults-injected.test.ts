import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Duo, type End } from './duo.js';
import { Intruder } from './intruder.js';

const SUITE = nodeSuite();
const ROUGH = { delayMs: 10, jitterMs: 15, loss: 0.02, duplication: 0.02 };

/** Both ends talk, reliably and not, while an intruder strikes after each `everyMs`. */
function talk(duo: Duo, intruder: Intruder, [from, to]: readonly [number, number], act: () => void): void {
  for (let i = from; i < to; i++) {
    for (const end of [duo.a, duo.b]) {
      duo.send(end, { kind: 'publish', alias: i, body: new Uint8Array(20) }, 'reliable');
      if (i % 3 === 0) duo.send(end, { kind: 'cancel', id: i }, 'datagram');
    }
    for (let ms = 0; ms < 40; ms += 4) {
      duo.runFor(4);
      intruder.listen();
      act();
    }
  }
}

/**
 * The handshake under 200 strikes a second: it must succeed before the initiator has gone through its steps.
 */
function open(duo: Duo, intruder: Intruder): void {
  duo.greet(duo.a, duo.b);
  for (let ms = 0; ms < 3500 && duo.count(duo.a, 'attached') + duo.count(duo.b, 'attached') < 2; ms++) {
    duo.runFor(1);
    intruder.listen();
    if (ms % 5 === 0) intruder.strike();
  }
}

function aliases(end: End): number[] {
  return end.messages.flatMap((message) => (message.kind === 'publish' ? [message.alias] : []));
}

function expectWhole(duo: Duo, count: number): void {
  const all = Array.from({ length: count }, (_, i) => i);
  for (const end of [duo.a, duo.b]) {
    expect(aliases(end)).toEqual(all);
    const ids = end.messages.flatMap((message) => (message.kind === 'cancel' ? [message.id] : []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(end.events.filter(({ kind }) => kind === 'closed')).toEqual([]);
  }
}

describe('mutated packets (§1.2, §7)', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('change nothing, whenever they come (seed %i)', (seed) => {
    const duo = new Duo({ seed, wire: ROUGH, suite: SUITE });
    const intruder = new Intruder(duo, new Prng(seed));
    open(duo, intruder);
    talk(duo, intruder, [0, 40], () => {
      for (let i = 0; i < 4; i++) intruder.strike();
    });
    duo.runFor(5000);
    expectWhole(duo, 40);
    expect(duo.count(duo.a, 'opened')).toBe(1);
    expect(duo.count(duo.b, 'opened')).toBe(1);
  });
});

describe('replayed packets (§7.5)', () => {
  it.each([1, 2, 3, 4, 5, 6])('are taken once, in this life and the next (seed %i)', (seed) => {
    // What was lost, or came before its H3, is no replay.
    const duo = new Duo({ seed, suite: SUITE });
    const intruder = new Intruder(duo, new Prng(seed));
    const replay = (): void => {
      for (let i = 0; i < 4; i++) intruder.replay(200);
    };
    open(duo, intruder);
    duo.wire = { ...duo.wire, ...ROUGH, loss: 0 };
    for (let life = 0; life < 4; life++) {
      talk(duo, intruder, [life * 15, life * 15 + 15], replay);
      duo.runFor(4000);
      if (life === 3) break;
      for (const end of [[duo.a], [duo.b], [duo.a, duo.b]][life] ?? []) duo.restart(end);
      for (let i = 0; i < 200; i++) intruder.replay(200);
      duo.open(life === 1 ? duo.b : duo.a, life === 1 ? duo.a : duo.b);
      for (let ms = 0; ms < 2000; ms += 4) {
        duo.runFor(4);
        intruder.listen();
        replay();
      }
    }
    expectWhole(duo, 60);
    expect(duo.count(duo.a, 'opened')).toBe(4);
    expect(duo.count(duo.b, 'opened')).toBe(4);
    expect(intruder.struck.get('session')).toBeGreaterThan(1000);
    expect(intruder.struck.get('resume')).toBeGreaterThan(10);
  });
});
