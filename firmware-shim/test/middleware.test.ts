import { describe, expect, it } from 'vitest';
import { linkConformance, storeConformance } from '../src/conformance/index.js';
import {
  Capture,
  capturedLink,
  type Faults,
  FaultyLink,
  MemoryMedium,
  MemoryStore,
  readCapture,
  type TraceEntry,
  tracedLink,
} from '../src/index.js';
import { conform } from './conform.js';
import { bytesOf, TestSink } from './sink.js';
import { TOY_MEDIUM, ToyLink, turn } from './toy.js';

/** Bytes of a small generator: the same each time. */
function seeded(seed: number) {
  let state = seed;
  return {
    fill(bytes: Uint8Array): void {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        bytes[i] = state >>> 24;
      }
    },
  };
}

function faulty(faults: { sent?: Partial<Faults>; received?: Partial<Faults> }) {
  const inner = new ToyLink();
  const waiting: { readonly delayMs: number; readonly run: () => void }[] = [];
  const later = (delayMs: number, run: () => void) => void waiting.push({ delayMs, run });
  const link = new FaultyLink(inner, { random: seeded(5), later, ...faults });
  const sink = new TestSink();
  link.open(sink);
  inner.sink?.up(TOY_MEDIUM);
  return { inner, link, sink, waiting };
}

describe('a faulty link', () => {
  it('loses the share that it is told to lose, without telling', () => {
    const { inner, link, sink } = faulty({ sent: { lossPerMille: 300 }, received: { lossPerMille: 700 } });
    for (let i = 0; i < 1000; i++) {
      expect(link.send('b', bytesOf('x'))).toBe(true);
      inner.sink?.packet('b', bytesOf('y'));
    }
    expect(Math.abs(inner.sent.length - 700)).toBeLessThan(60);
    expect(Math.abs(sink.packets.length - 300)).toBeLessThan(60);
  });

  it('doubles packets, each copy with bytes of its own', () => {
    const { inner, link, sink } = faulty({
      sent: { duplicatePerMille: 1000 },
      received: { duplicatePerMille: 1000 },
    });
    link.send('b', bytesOf('x'));
    inner.sink?.packet('b', bytesOf('y'));
    expect(inner.sent.length).toBe(2);
    expect(inner.sent[0]?.bytes).not.toBe(inner.sent[1]?.bytes);
    expect(sink.packets.length).toBe(2);
  });

  it('delays within its bounds, and keeps what it borrowed', () => {
    const delays = { delayMsMin: 5, delayMsMax: 20 };
    const { inner, link, sink, waiting } = faulty({ sent: delays, received: delays });
    for (let i = 0; i < 50; i++) link.send('b', bytesOf('x'));
    const borrowed = bytesOf('y');
    inner.sink?.packet('b', borrowed);
    borrowed.fill(0);
    expect(inner.sent).toEqual([]);
    expect(waiting.every(({ delayMs }) => delayMs >= 5 && delayMs <= 20)).toBe(true);
    expect(new Set(waiting.map(({ delayMs }) => delayMs)).size).toBeGreaterThan(5);
    for (const { run } of waiting) run();
    expect(inner.sent.length).toBe(50);
    expect(sink.has('y')).toBe(true);
  });

  it('carries nothing while cut, and nothing that was under way', () => {
    const { inner, link, sink, waiting } = faulty({});
    link.set({ sent: { delayMsMin: 5, delayMsMax: 5 } });
    link.send('b', bytesOf('x'));
    link.cut();
    for (const { run } of waiting) run();
    link.set({ sent: { delayMsMin: 0, delayMsMax: 0 } });
    expect(link.send('b', bytesOf('x'))).toBe(true);
    inner.sink?.packet('b', bytesOf('y'));
    expect([inner.sent, sink.packets]).toEqual([[], []]);
    link.heal();
    link.send('b', bytesOf('x'));
    inner.sink?.packet('b', bytesOf('y'));
    expect([inner.sent.length, sink.packets.length]).toEqual([1, 1]);
  });

  it('passes on what the link tells', () => {
    const { inner, link, sink } = faulty({ received: { lossPerMille: 1000 } });
    inner.sink?.notice?.('hm');
    inner.sink?.down('gone');
    link.close();
    expect([sink.ups.length, sink.notices, sink.downs.length, inner.isClosed]).toEqual([1, ['hm'], 1, true]);
  });
});

describe('a capture', () => {
  it('is a file from which the packets are read back', async () => {
    const medium = new MemoryMedium();
    let now = 1234;
    const capture = new Capture({ now: () => now++ });
    const near = capturedLink(medium.link('near'), capture);
    const far = medium.link('far');
    const sink = new TestSink();
    near.open(sink);
    far.open(new TestSink());
    await turn();
    near.send('far', bytesOf('question'));
    far.send('near', bytesOf('answer'));
    near.send('nobody', bytesOf('lost'));
    await turn();
    const packets = readCapture(capture.bytes());
    expect(packets?.map(({ at, direction, address }) => ({ at, direction, address }))).toEqual([
      { at: 1234, direction: 'sent', address: 'far' },
      { at: 1235, direction: 'sent', address: 'nobody' },
      { at: 1236, direction: 'received', address: 'far' },
    ]);
    expect(packets?.[0]?.bytes).toEqual(bytesOf('question'));
  });

  it('keeps the newest packets within its bound', () => {
    const capture = new Capture({ now: () => 0, bytesMax: 1000 });
    for (let i = 0; i < 100; i++) capture.add('sent', 'b', Uint8Array.of(i));
    const packets = readCapture(capture.bytes());
    expect(packets?.at(-1)?.bytes).toEqual(Uint8Array.of(99));
    expect(capture.forgotten + (packets?.length ?? 0)).toBe(100);
    expect(capture.bytes().length).toBeLessThanOrEqual(1024);
  });

  it('that is cut or is something else is not read', () => {
    const capture = new Capture({ now: () => 0 });
    capture.add('sent', 'b', bytesOf('hello'));
    const file = capture.bytes();
    for (let length = 0; length < file.length; length++) {
      if (length !== 24) expect(readCapture(file.subarray(0, length))).toBeUndefined();
    }
    expect(readCapture(new Uint8Array(100))).toBeUndefined();
  });
});

describe('a traced link', () => {
  it('tells everything that passes', () => {
    const entries: TraceEntry[] = [];
    const inner = new ToyLink();
    const link = tracedLink(inner, (entry) => entries.push(entry));
    const sink = new TestSink();
    link.open(sink);
    inner.sink?.up(TOY_MEDIUM);
    inner.sink?.packet('b', bytesOf('x'));
    inner.takes = false;
    link.send('b', bytesOf('y'));
    inner.sink?.notice?.('hm');
    inner.sink?.down('gone');
    expect(entries.map((entry) => entry.kind)).toEqual(['up', 'received', 'sent', 'notice', 'down']);
    expect(entries[2]).toMatchObject({ to: 'b', isTaken: false });
    expect([sink.ups.length, sink.packets.length, sink.notices, sink.downs.length]).toEqual([
      1,
      1,
      ['hm'],
      1,
    ]);
  });
});

function memoryPair() {
  const medium = new MemoryMedium();
  return { near: medium.link(), far: medium.link('far'), farAddress: () => 'far' };
}

conform('a medium in memory', linkConformance(memoryPair));

conform(
  'all middleware at once',
  linkConformance(() => {
    const pair = memoryPair();
    const options = {
      random: seeded(1),
      later: (delayMs: number, run: () => void) => void setTimeout(run, delayMs),
      received: { delayMsMin: 1, delayMsMax: 1 },
    };
    const near = capturedLink(new FaultyLink(pair.near, options), new Capture({ now: () => 0 }));
    return { ...pair, near: tracedLink(near, () => {}), far: new FaultyLink(pair.far, options) };
  }),
);

conform(
  'a store in memory',
  storeConformance(() => {
    let store = new MemoryStore();
    return {
      open: async () => {
        store = new MemoryStore(await store.load());
        return store;
      },
    };
  }),
);
