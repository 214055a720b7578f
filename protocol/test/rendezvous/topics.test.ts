import { describe, expect, it } from 'vitest';
import { signEntry } from '../../src/identity/entry.js';
import { shortBytes } from '../../src/identity/id.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import { keyOf } from '../../src/rendezvous/keys.js';
import { closest } from '../../src/rendezvous/rank.js';
import { lattice } from '../routing/graphs.js';
import { Town } from './town.js';

const WIDTH = 6;
const COUNT = WIDTH * 5;
const HOLDERS = [3, 8, 14, 20, 25];
const LISTENER = 0;
const PUBLISHER = COUNT - 1;

function town(holders: readonly number[] = HOLDERS): Town {
  const made = new Town({ count: COUNT, edges: lattice(WIDTH, 5) });
  for (let i = 0; i < COUNT; i++) made.input(i, { kind: 'beyond', isBeyond: true });
  made.settle(holders);
  made.sent.length = 0;
  return made;
}

function publish(made: Town, index: number, ...published: string[]): void {
  made.input(index, { kind: 'topics', published, wanted: [] });
}

function listen(made: Town, index: number, ...wanted: string[]): void {
  made.input(index, { kind: 'topics', published: [], wanted });
}

function introducedTo(made: Town, index: number): readonly string[] {
  return [...new Set(made.citizen(index).introduced)].sort();
}

function key(made: Town, index: number): string {
  return made.citizen(index).identity.key;
}

describe('topics of whoever publishes them (§9.7)', () => {
  it('a listener is introduced to who published before', () => {
    const made = town();
    publish(made, PUBLISHER, 'door');
    publish(made, 12, 'window');
    made.run(5000);
    listen(made, LISTENER, 'door');
    made.run(5000);
    expect(introducedTo(made, LISTENER)).toEqual([key(made, PUBLISHER)]);
  });

  it('and, within seconds, to who publishes later', () => {
    const made = town();
    listen(made, LISTENER, 'door');
    made.run(200_000);
    publish(made, PUBLISHER, 'door');
    publish(made, 12, 'door');
    made.run(5000);
    expect(introducedTo(made, LISTENER)).toEqual([key(made, 12), key(made, PUBLISHER)].sort());
  });

  it('without anybody who keeps records everybody is asked, and publishers answer', () => {
    const made = town([]);
    publish(made, PUBLISHER, 'door');
    listen(made, LISTENER, 'door');
    made.run(10_000);
    expect(introducedTo(made, LISTENER)).toEqual([key(made, PUBLISHER)]);
  });

  it('also when those who keep it hide it', () => {
    const made = town();
    publish(made, PUBLISHER, 'door');
    made.run(5000);
    const ids = HOLDERS.map((holder) => shortBytes(made.short(holder)));
    const topic = keyOf(made.suite, made.network.key, 'topic', 'door');
    const keepers = closest(topic, ids, 2).map((id) => HOLDERS[ids.indexOf(id)]);
    made.tap = (from, _, message) =>
      message.kind === 'found' && keepers.includes(from) ? { ...message, record: EMPTY } : message;
    listen(made, LISTENER, 'door');
    made.run(10_000);
    expect(introducedTo(made, LISTENER)).toEqual([key(made, PUBLISHER)]);
  });

  it('two keep it, and nobody listens on behalf of others', () => {
    const made = town();
    publish(made, PUBLISHER, 'door');
    made.run(5000);
    const stored = made.sent.filter(({ message }) => message.kind === 'store' && message.subject === 2);
    const to = stored.map(({ message }) => (message.kind === 'store' ? message.holder.join() : ''));
    expect(new Set(to).size).toBe(2);
    expect(introducedTo(made, LISTENER)).toEqual([]);
  });

  it('where everybody is a neighbour nothing is asked', () => {
    const made = town([]);
    for (let i = 0; i < COUNT; i++) made.input(i, { kind: 'beyond', isBeyond: false });
    listen(made, LISTENER, 'door');
    made.run(600_000);
    expect(made.sent).toEqual([]);
  });

  it('who listens no longer is asked and told nothing', () => {
    const made = town();
    listen(made, LISTENER, 'door');
    made.run(30_000);
    listen(made, LISTENER);
    made.sent.length = 0;
    made.run(30 * 60_000);
    const asked = made.sent.filter(({ from, message }) => from === LISTENER && message.kind === 'lookup');
    expect(asked).toEqual([]);
  }, 30_000);

  it('nobody is introduced by a signature of somebody else', () => {
    const made = town();
    listen(made, LISTENER, 'door');
    made.run(5000);
    const topic = keyOf(made.suite, made.network.key, 'topic', 'door');
    const other = keyOf(made.suite, made.network.key, 'topic', 'window');
    const { identity } = made.citizen(PUBLISHER);
    const forged = signEntry(made.suite, identity, { boot: 1, subject: 2, key: topic });
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    const records = [
      forged,
      signEntry(made.suite, identity, { boot: 1, subject: 2, key: other }),
      signEntry(made.suite, identity, { boot: 1, subject: 3, key: topic }),
    ];
    const source = shortBytes(made.short(LISTENER));
    for (const record of records) {
      const message = { kind: 'found', subject: 2, key: topic, source, where: EMPTY, record } as const;
      made.input(LISTENER, { kind: 'message', neighbor: 1, message });
    }
    expect(introducedTo(made, LISTENER)).toEqual([]);
    expect(made.citizen(LISTENER).dropped.slice(-3)).toEqual(['authentication', 'malformed', 'malformed']);
  });
});
