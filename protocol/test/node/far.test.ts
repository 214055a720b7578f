import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const LIMITS = { routeCountMax: 16, neighborCountMax: 4, sessionCountMax: 12, recordCountMax: 8 };

/** `count` boards in a row, each with room for a few of the others. */
function row(seed: number, count: number): { readonly net: Network; readonly hosts: readonly Host[] } {
  const net = new Network(seed);
  const hosts = Array.from({ length: count }, (_, i) => net.add(`n${i}`, { isBoard: true, limits: LIMITS }));
  for (let i = 1; i < count; i++) net.world.connect(hosts[i - 1] as Host, hosts[i] as Host, PROFILES.serial);
  net.world.runFor(60_000);
  return { net, hosts };
}

describe('nodes that are further than routes and records reach (§8.10)', () => {
  it('answer those who know their id, there and back', () => {
    const { net, hosts } = row(1, 24);
    const [first, last] = [hosts[0] as Host, hosts[23] as Host];
    expect(first.eventsOf('peer').some(({ peer }) => peer.id === net.id('n23'))).toBe(false);
    expect(net.ask(first, net.id('n23'), 'far', 30_000)).toBe('far');
    expect(net.ask(last, net.id('n0'), 'back', 30_000)).toBe('back');
    expect(net.ask(hosts[3] as Host, net.id('n20'), 'between', 30_000)).toBe('between');
  });

  it('are not found when they are not there', () => {
    const { net, hosts } = row(2, 8);
    expect(net.ask(hosts[0] as Host, net.newIdentity().key, 'hello', 30_000)).toBe('failed: unknownPeer');
  });
});
