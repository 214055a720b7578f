import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { describe, expect, it } from 'vitest';
import { LateTraversal } from '../../src/node/late-traversal.js';
import { PeerBook } from '../../src/node/peer-book.js';
import { SessionKeys } from '../../src/session/keys.js';
import type { TraversalOutput } from '../../src/traversal/doors.js';

const PEER = '22'.repeat(16);
const VIA = { kind: 'direct', link: 1, address: '192.0.2.7:7' } as const;
const INFO = { kind: 'udp', name: 'udp', mtu: 1200, flow: 'datagram', reliable: false, bitrate: 0 } as const;
const PONG = { kind: 'pong', session: 5, via: VIA, token: 1, observed: '198.51.100.1:9' } as const;

function bookOfOne(): PeerBook {
  const keys = new SessionKeys(
    nodeSuite(),
    [0, 1, 2, 3, 4].map(() => new Uint8Array(32)),
  );
  const book = new PeerBook();
  book.add({
    ...{ session: 5, key: PEER, short: PEER.substring(0, 16), keys, formerKeys: undefined },
    ...{ via: VIA, link: undefined, allowance: undefined },
    ...{ isNeighbor: true, isMissed: false, isAttached: true, isConfirmed: true, isUp: true },
  });
  return book;
}

function observers(traversal: LateTraversal): readonly string[] {
  const found: string[] = [];
  for (
    let o: TraversalOutput | undefined = traversal.pollOutput();
    o !== undefined;
    o = traversal.pollOutput()
  ) {
    if (o.kind !== 'event' || o.event.kind !== 'reachability') continue;
    for (const { observer } of o.event.reachability.evidence) found.push(observer);
  }
  return found;
}

describe('traversal that is made late', () => {
  const random = { fill: (bytes: Uint8Array) => bytes.fill(1) };
  const options = { self: '11'.repeat(16), suite: nodeSuite(), random };

  it('is not there for links that it is not for', () => {
    const traversal = new LateTraversal(options, bookOfOne());
    traversal.handleInput(1, { kind: 'linkUp', link: 1, info: { ...INFO, cast: 'broadcast' } });
    traversal.handleInput(2, PONG);
    expect(observers(traversal)).toEqual([]);
    expect(traversal.pollTimeout()).toBeUndefined();
    expect(traversal.refusal(new Uint8Array(0))).toBeDefined();
  });

  it('knows the peers that were there before it', () => {
    const traversal = new LateTraversal(options, bookOfOne());
    traversal.handleInput(1, { kind: 'linkUp', link: 1, info: { ...INFO, cast: 'address' } });
    traversal.handleInput(2, PONG);
    expect(observers(traversal)).toEqual([PEER]);
    expect(traversal.refusal(new Uint8Array(0))).toBeUndefined();
  });
});
