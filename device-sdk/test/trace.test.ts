import { describe, expect, it } from 'vitest';
import { hopTowards, type PeerReport } from '../src/index.js';
import { FakeNetwork } from './fake-network.js';

const direct: PeerReport = {
  id: 'aa',
  name: 'attic',
  status: 'online',
  heardAt: 900,
  path: {
    kind: 'direct',
    link: { id: 1, kind: 'udp', name: ':4747' },
    since: 0,
    roundTripMs: 4,
    verifiedAt: 900,
  },
};
const relayed: PeerReport = {
  ...direct,
  id: 'bb',
  name: 'bench',
  path: { kind: 'relayed', via: [{ id: 'aa', name: 'attic' }], hops: 2, since: 0, roundTripMs: 30 },
};

describe('the next hop', () => {
  it('is the peer itself, or the neighbor that forwards, with the link to that one', () => {
    const hop = { id: 'aa', name: 'attic', link: 'udp', linkName: ':4747', roundTripMs: 4, ageMs: 100 };
    expect(hopTowards([direct, relayed], 1000, 'aa')).toEqual(hop);
    expect(hopTowards([direct, relayed], 1000, 'bb')).toEqual(hop);
    expect(hopTowards([relayed], 1000, 'bb')).toEqual({ id: 'aa', name: 'attic' });
    const unknown: PeerReport = { ...direct, path: { kind: 'unknown', since: 0, reason: 'notContacted' } };
    expect(hopTowards([unknown], 1000, 'aa')).toBeUndefined();
    expect(hopTowards([], 1000, 'aa')).toBeUndefined();
  });

  it('is answered by every device, on a path that is not listed', async () => {
    const network = new FakeNetwork();
    const attic = network.device('attic');
    const cellar = network.device('cellar');
    const asked = Promise.all([
      cellar.request('attic', '$trace'),
      cellar.request('attic', '$trace', attic.id),
      cellar.request('attic', '$services'),
    ]);
    await network.advance(0);
    const [own, self, services] = await asked;
    expect(own).toMatchObject({ next: null });
    expect(self).toMatchObject({ next: null });
    expect(services).toEqual([]);
  });

  it('is tried out for others: the round trip to a peer, and the path', async () => {
    const network = new FakeNetwork();
    network.device('attic');
    const cellar = network.device('cellar');
    network.device('shed');
    const asked = Promise.all([
      cellar.request('attic', '$ping', 'shed'),
      cellar.request('attic', '$ping', 1),
      cellar.request('attic', '$ping', 'nobody'),
    ]);
    await network.advance(0);
    await network.advance(2000);
    const path = { kind: 'direct', link: 'fake', via: [], reason: null };
    expect(await asked).toMatchObject([{ roundTripMs: expect.any(Number), ...path }, null, null]);
  });

  it('names that start with ~ work, and are not listed', async () => {
    const network = new FakeNetwork();
    const attic = network.device('attic');
    const cellar = network.device('cellar');
    attic.serve('~plan', () => 1);
    void attic.publish('~beat', 1);
    await network.advance(0);
    const asked = Promise.all([
      cellar.request('attic', '~plan'),
      cellar.request('attic', '$services'),
      cellar.request('attic', '$topics'),
    ]);
    await network.advance(0);
    expect(await asked).toEqual([1, [], []]);
  });
});
