import { encodeValue } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const BYTES_PER_SECOND = 2000;
const FLOOD = 200;

interface Chain {
  readonly net: Network;
  readonly west: Host;
  readonly east: Host;
}

/** Two relays between the ends; the one next to `east` has little to give. */
function chain(bytesPerSecond: number): Chain {
  const net = new Network(1);
  const limits = { relayBytesPerSecondMax: bytesPerSecond };
  const [west, near, far, east] = [
    net.add('west'),
    net.add('near'),
    net.add('far', { limits }),
    net.add('east'),
  ];
  net.world.join([west, near], PROFILES.lan);
  net.world.join([near, far], PROFILES.lan);
  net.world.join([far, east], PROFILES.lan);
  net.world.runFor(60_000);
  expect(net.ask(west, net.id('east'))).toBe('hello');
  net.world.runFor(5000);
  return { net, west, east };
}

/** So many requests at once, and how they ended. */
function ask({ net, west }: Chain, count: number, deadlineMs: number) {
  const body = encodeValue('x'.repeat(200));
  const to = net.id('east');
  const askedAt = net.world.now;
  const ids = Array.from({ length: count }, () =>
    west.command({ kind: 'request', to, path: 'echo', body, deadlineMs }),
  );
  net.world.runFor(deadlineMs + 1000);
  return ids.map((id) => {
    const at = west.events.findIndex((event) => 'command' in event && event.command === id);
    return { event: west.events[at], ms: (west.eventTimes[at] ?? 0) - askedAt };
  });
}

describe('a relay that forwards no more (§8.7)', () => {
  it('is named, with the time to wait, long before the deadline', () => {
    const set = chain(BYTES_PER_SECOND);
    const ends = ask(set, FLOOD, 30_000);
    const failed = ends.filter(({ event }) => event?.kind === 'failed');
    expect(failed.length).toBeGreaterThan(FLOOD / 4);
    const relay = { id: set.net.id('far'), name: 'far' };
    for (const { event, ms } of failed) {
      expect(event).toMatchObject({ code: 'relayBusy', refusal: { relay, retryMs: 1000 } });
      expect(ms).toBeLessThan(15_000);
    }
    expect(ends.some(({ event }) => event?.kind === 'response')).toBe(true);
  });

  it('refuses nobody who keeps to his share', () => {
    const set = chain(1_000_000);
    const ends = ask(set, FLOOD, 30_000);
    expect(ends.every(({ event }) => event?.kind === 'response')).toBe(true);
  });

  it('delays messages with qos 1, and loses none', () => {
    const { net, west, east } = chain(BYTES_PER_SECOND);
    east.command({ kind: 'subscribe', pattern: 'west/load', qos: 1 });
    net.world.runFor(5000);
    const body = encodeValue('x'.repeat(200));
    for (let i = 0; i < 40; i++) west.command({ kind: 'publish', topic: 'load', body, qos: 1 });
    net.world.runFor(100_000);
    const ended = west.eventsOf('published');
    expect(ended).toHaveLength(40);
    expect(ended.filter(({ subscribers, lost }) => subscribers !== 1 || lost > 0)).toEqual([]);
    expect(east.eventsOf('message')).toHaveLength(40);
  });
});
