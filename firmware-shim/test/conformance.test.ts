import { describe, expect, it } from 'vitest';
import {
  type ConformanceCase,
  collectCases,
  cryptoConformance,
  linkConformance,
  storeConformance,
} from '../src/conformance/index.js';
import { type Link, type LinkSink, MemoryMedium, MemoryStore, type Store } from '../src/index.js';
import { nodeSuite } from '../src/node/index.js';
import { conform } from './conform.js';

async function brokenPromises(cases: readonly ConformanceCase[]): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const each of cases) {
    try {
      await each.run();
    } catch (error) {
      broken.push(error instanceof Error ? error.message : String(error));
    }
  }
  return broken;
}

/** A link in memory with one thing wrong about it. */
function faultyMemory(spoil: (link: Link) => Partial<Link>): readonly ConformanceCase[] {
  return linkConformance(() => {
    const medium = new MemoryMedium();
    const make = (address: string): Link => {
      const link = medium.link(address);
      const whole: Link = {
        open: (sink) => link.open(sink),
        send: (to, bytes) => link.send(to, bytes),
        close: () => link.close(),
      };
      return { ...whole, ...spoil(link) };
    };
    return { near: make('near'), far: make('far'), farAddress: () => 'far', patienceMs: 50 };
  });
}

/** Changes what the sink of a link hears. */
function spoiledSink(sink: LinkSink, packet: LinkSink['packet']): LinkSink {
  return { up: (info) => sink.up(info), packet, down: (reason) => sink.down(reason) };
}

const BAD_LINKS: readonly (readonly [string, string, (link: Link) => Partial<Link>])[] = [
  [
    'cuts packets short',
    'as it was sent',
    (link) => ({
      open: (sink) =>
        link.open(spoiledSink(sink, (from, bytes) => sink.packet(from, bytes.subarray(0, bytes.length - 1)))),
    }),
  ],
  [
    'delivers twice',
    'once',
    (link) => ({
      open: (sink) =>
        link.open(
          spoiledSink(sink, (from, bytes) => {
            sink.packet(from, bytes);
            sink.packet(from, bytes);
          }),
        ),
    }),
  ],
  [
    'tells a wrong sender',
    'where one came from is taken',
    (link) => ({
      open: (sink) => link.open(spoiledSink(sink, (_, bytes) => sink.packet('elsewhere', bytes))),
    }),
  ],
  [
    'takes everything',
    'refused',
    (link) => ({
      send: (to, bytes) => {
        link.send(to, bytes);
        return true;
      },
    }),
  ],
  [
    'throws',
    'full',
    (link) => ({
      send: (to, bytes) => {
        if (!link.send(to, bytes)) throw new Error('full');
        return true;
      },
    }),
  ],
  ['speaks after close', 'after close', () => ({ close: () => {} })],
  [
    'comes up inside open',
    'open returns before the sink is called',
    (link) => ({
      open: (sink) => {
        sink.notice?.('here I am');
        link.open(sink);
      },
    }),
  ],
];

describe('the suite for links', () => {
  it.each(BAD_LINKS)('finds one that %s', async (_, complaint, spoil) => {
    const broken = await brokenPromises(faultyMemory(spoil));
    expect(broken.join('\n')).toContain(complaint);
  });
});

const BAD_STORES: readonly (readonly [string, (store: MemoryStore) => Partial<Store>])[] = [
  ['forgets deletions', (store) => ({ write: async (key, value) => value && store.write(key, value) })],
  ['mixes keys of other case', (store) => ({ write: (key, value) => store.write(key.toLowerCase(), value) })],
  [
    'takes values of any size',
    (store) => ({ write: (key, value) => store.write(key, value?.subarray(0, 4096)) }),
  ],
  ['takes any key', (store) => ({ write: (key, value) => store.write(key.trim() || 'x', value) })],
  [
    'takes an empty value for none',
    (store) => ({ write: (key, value) => store.write(key, value?.length ? value : undefined) }),
  ],
];

describe('the suite for stores', () => {
  it.each(BAD_STORES)('finds one that %s', async (_, spoil) => {
    const cases = storeConformance(() => {
      const store = new MemoryStore();
      const whole: Store = {
        load: () => store.load(),
        write: (key, value) => store.write(key, value),
      };
      return { open: async () => ({ ...whole, ...spoil(store) }) };
    });
    expect(await brokenPromises(cases)).not.toEqual([]);
  });
});

conform(
  'suites written as blocks are cases too',
  collectCases((register) => cryptoConformance(nodeSuite, register)),
);
