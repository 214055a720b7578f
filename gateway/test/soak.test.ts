import { describe, expect, it } from 'vitest';
import { Ledger } from '../tools/soak/ledger.js';
import type { Life } from '../tools/soak/peer-process.js';
import { complaintsOf, type LifeSample, type SoakFigures } from '../tools/soak/verdict.js';
import type { Note } from '../tools/soak/wire.js';

type Ended = Extract<Note, { kind: 'ended' }>;

const LIVES: Readonly<Record<string, readonly Life[]>> = {
  near: [{ bornAt: 0, diedAt: undefined }],
  far: [
    { bornAt: 0, diedAt: 10_000 },
    { bornAt: 12_000, diedAt: undefined },
  ],
};

function ledger(): Ledger {
  return new Ledger((name) => LIVES[name] ?? []);
}

function ended(to: string, at: number, end: Ended['end'] = 'taken'): Ended {
  return { kind: 'ended', stream: 'qos1', to, number: 1, at, endedAt: at + 5, end };
}

const SEEN = { kind: 'seen', stream: 'qos1', from: 'ash', life: 0, number: 1 } as const;

describe('the ledger of a soak', () => {
  it('counts what was acknowledged and never seen by somebody who lived on', () => {
    const book = ledger();
    book.onEnded('ash', 0, ended('near', 100), 100);
    book.close();
    expect(book.tallies.qos1).toMatchObject({ sent: 1, delivered: 0, lost: 1 });
    expect(book.misses).toEqual(['qos1 ash/0 > near #1 was acknowledged after 5 ms and never seen']);
  });

  it('does not blame the network for a receiver that was killed', () => {
    const book = ledger();
    book.onEnded('ash', 0, ended('far', 9000), 9000);
    book.close();
    expect(book.tallies.qos1).toMatchObject({ sent: 1, lost: 0, receiverDied: 1 });
  });

  it('what was given up, or had no subscriber, is not counted as sent', () => {
    const book = ledger();
    book.onEnded('ash', 0, ended('near', 100, 'lost'), 100);
    book.onEnded('ash', 1, ended('near', 100, 'absent'), 100);
    book.close();
    expect(book.tallies.qos1).toMatchObject({ sent: 0, unconfirmed: 1, absent: 1 });
  });

  it('tells what came twice to one life from what came again after a restart', () => {
    const book = ledger();
    book.onSeen('far', 0, { ...SEEN, isForFormerLife: false }, 100);
    book.onSeen('far', 1, { ...SEEN, isForFormerLife: true }, 12_500);
    book.onSeen('far', 1, { ...SEEN, isForFormerLife: true }, 12_600);
    expect(book.tallies.qos1).toMatchObject({ duplicated: 0, againAfterRestart: 2 });
    book.onSeen('far', 1, { ...SEEN, isForFormerLife: false }, 13_000);
    expect(book.tallies.qos1.duplicated).toBe(1);
    expect(book.misses).toEqual(['qos1 ash/0 > far #1 was seen twice in life 1, again after 500 ms']);
  });

  it('counts the same whether it forgets on the way or not', () => {
    const book = ledger();
    book.onEnded('ash', 0, ended('near', 100), 100);
    book.onSeen('near', 0, { ...SEEN, isForFormerLife: false }, 101);
    book.sweep(200);
    expect(book.openCount).toBe(1);
    book.sweep(1_000_000);
    expect(book.openCount).toBe(0);
    expect(book.tallies.qos1).toMatchObject({ sent: 1, delivered: 1 });
  });
});

function figures(...samples: readonly LifeSample[]): SoakFigures {
  const { tallies } = ledger();
  for (const tally of Object.values(tallies)) tally.delivered = 1;
  return {
    seed: 1,
    minutes: 1,
    cable: 'pty',
    troubles: {},
    tallies,
    peers: [{ name: 'ash', lives: 2, samples }],
    unreached: [],
    open: 0,
    isBrokerFed: undefined,
    misses: [],
  };
}

function sample(life: number, more: Partial<LifeSample> = {}): LifeSample {
  return { life, ageMs: 200_000, rssBytes: 60e6, heapBytes: 9e6, handles: 20, ...more };
}

describe('the verdict on a soak', () => {
  it('is good when nothing is wrong', () => {
    expect(complaintsOf(figures(sample(0), sample(0), sample(0)))).toEqual([]);
  });

  it('names each thing that grew within one life, and does not compare two lives', () => {
    const grown = { rssBytes: 200e6, heapBytes: 30e6, handles: 30 };
    expect(complaintsOf(figures(sample(0), sample(1, grown)))).toEqual([]);
    expect(complaintsOf(figures(sample(1), sample(1, grown)))).toEqual([
      'ash: memory grew from 60000000 to 200000000',
      'ash: the heap grew from 9000000 to 30000000',
      'ash: handles grew from 20 to 30',
    ]);
  });

  it('compares with nothing that a process held when it was just born', () => {
    const grown = { heapBytes: 30e6 };
    expect(complaintsOf(figures(sample(1, { ageMs: 1000 }), sample(1, grown)))).toEqual([]);
    const settled = sample(1, { ageMs: 60_000 });
    expect(complaintsOf(figures(sample(1, { ageMs: 1000 }), settled, sample(1, grown)))).toEqual([
      'ash: the heap grew from 9000000 to 30000000',
    ]);
  });

  it('is bad when a message was lost, came twice, or never came at all', () => {
    const bad = figures();
    bad.tallies.qos1.lost = 2;
    bad.tallies.request.duplicated = 1;
    bad.tallies.qos0.delivered = 0;
    expect(complaintsOf({ ...bad, unreached: ['ash > elm'], open: 3, isBrokerFed: false })).toEqual([
      'nothing was delivered: qos0',
      'qos 1: 2 lost',
      'requests: 1 seen twice',
      'unreached at the end: ash > elm',
      '3 calls never ended',
      'the bridge did not find the broker again',
    ]);
  });
});
