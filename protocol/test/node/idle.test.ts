import { type Host, type MediumOptions, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const SECOND_MS = 1000;
const SETTLE_MS = 60 * SECOND_MS;
const WATCHED_MS = 600 * SECOND_MS;
/** Both ends together. */
const IDLE_BYTES_PER_10S_MAX = 60;

interface Pair {
  readonly net: Network;
  readonly ends: readonly [Host, Host];
}

function pair(seed: number, medium: MediumOptions): Pair {
  const net = new Network(seed);
  const isDialled = medium.cast === 'address';
  const onBoot = (host: Host) => {
    if (isDialled) host.command({ kind: 'connect', link: 1, address: 'b' });
  };
  const a = net.add('a', { onBoot });
  const b = net.add('b');
  net.world.join([a, b], medium);
  expect(net.ask(a, 'b')).toBe('hello');
  net.world.runFor(SETTLE_MS);
  return { net, ends: [a, b] };
}

/** What the two put on the wire, beacons and heartbeats included, per 10 s. */
function bytesPer10s({ net, ends }: Pair, eachSecond: (host: Host) => void = () => undefined): number {
  const sent = () => ends.reduce((sum, { counters }) => sum + counters.sentBytes, 0);
  const before = sent();
  for (let ms = 0; ms < WATCHED_MS; ms += SECOND_MS) {
    for (const host of ends) eachSecond(host);
    net.world.runFor(SECOND_MS);
  }
  return ((sent() - before) * 10 * SECOND_MS) / WATCHED_MS;
}

describe('two peers at rest (§8.1, §8.2)', () => {
  const media: readonly (readonly [string, MediumOptions])[] = [
    ['UDP', PROFILES.udp],
    ['LAN', PROFILES.lan],
  ];

  it.each(media)(`over %s say at most ${IDLE_BYTES_PER_10S_MAX} bytes in 10 s`, (_, medium) => {
    for (const seed of [1, 2, 3]) {
      const idle = pair(seed, medium);
      const bytes = bytesPer10s(idle);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThanOrEqual(IDLE_BYTES_PER_10S_MAX);
      const [a] = idle.ends;
      expect(idle.net.ask(a, 'b')).toBe('hello');
    }
  });

  it.each(media)('over %s, a sign of life every second would be more than that', (_, medium) => {
    const ping = (host: Host) => {
      const to = host.name === 'a' ? 'b' : 'a';
      host.command({ kind: 'ping', to, deadlineMs: SECOND_MS });
    };
    expect(bytesPer10s(pair(4, medium), ping)).toBeGreaterThan(IDLE_BYTES_PER_10S_MAX);
  });
});
