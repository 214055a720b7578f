import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const BYTES_PER_SECOND = 4096;

/** A relay that both others have as their only neighbor. */
function chain(willingness: number): { readonly net: Network; readonly west: Host } {
  const net = new Network(1);
  const limits = { relayBytesPerSecondMax: BYTES_PER_SECOND };
  const [west, relay, east] = [net.add('west'), net.add('relay', { willingness, limits }), net.add('east')];
  net.world.join([west, relay], PROFILES.lan);
  net.world.join([relay, east], PROFILES.lan);
  net.world.runFor(60_000);
  expect(net.ask(west, net.id('east'))).toBe('hello');
  net.world.runFor(10_000);
  return { net, west };
}

const pathTo = (net: Network, from: Host, to: string) =>
  from
    .eventsOf('peer')
    .filter(({ peer }) => peer.id === net.id(to))
    .at(-1)?.peer.path;

describe('limits of a relay (§8.8)', () => {
  it('are told with the path that begins with it, and not with the direct one to it', () => {
    const { net, west } = chain(7);
    const limited = { bytesPerMinute: 60 * BYTES_PER_SECOND, frameMax: PROFILES.lan.mtu };
    expect(pathTo(net, west, 'east')).toMatchObject({ kind: 'relayed', limited });
    expect(pathTo(net, west, 'relay')).toMatchObject({ kind: 'direct' });
    expect(pathTo(net, west, 'relay')?.limited).toBeUndefined();
    const [supernode] = west.eventsOf('role').at(-1)?.role.supernodes ?? [];
    expect(supernode?.bytesPerMinute).toBe(limited.bytesPerMinute);
  });

  it('are not known of one that serves nobody, and forwards all the same', () => {
    const { net, west } = chain(0);

    expect(pathTo(net, west, 'east')).toMatchObject({ kind: 'relayed' });
    expect(pathTo(net, west, 'east')?.limited).toBeUndefined();
  });
});
