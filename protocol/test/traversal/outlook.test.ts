import { describe, expect, it } from 'vitest';
import type { LinkAddress, LinkInfo } from '../../src/kernel/link.js';
import { Outbox } from '../../src/kernel/machine.js';
import { messageBytes } from '../../src/packet/codec.js';
import { decodeEndpoints } from '../../src/packet/endpoint.js';
import { SessionKeys } from '../../src/session/keys.js';
import type { TraversalOutput } from '../../src/traversal/doors.js';
import { Outlook } from '../../src/traversal/outlook.js';
import { newTraversalPeer } from '../../src/traversal/peer.js';
import { SUITE } from '../node/network.js';
import { Pair } from './pair.js';

const KEYS = new SessionKeys(
  SUITE,
  Array.from({ length: 5 }, () => new Uint8Array(32)),
);
const PEER = newTraversalPeer(1, '11'.repeat(16), KEYS, undefined);
const LINK = 1;

function infoOf(addresses: readonly LinkAddress[]): LinkInfo {
  return {
    ...{ kind: 'udp', name: 'udp', mtu: 1200, flow: 'datagram', cast: 'address' },
    ...{ reliable: false, bitrate: 0 },
    addresses,
  };
}

function outlook(addresses: readonly LinkAddress[]): Outlook {
  const made = new Outlook(new Map([[1, PEER]]), new Outbox<TraversalOutput>());
  made.add(LINK, infoOf(addresses));
  return made;
}

function note(view: Outlook, observer: LinkAddress, observed: LinkAddress, link = LINK): void {
  view.note(0, PEER, { kind: 'direct', link, address: observer }, observed);
}

describe('addresses that a node tells of itself (§7.11)', () => {
  it('are those observed, and two of its own', () => {
    const view = outlook(['192.168.1.10:4000', '10.0.0.5:4000', '172.16.0.5:4000']);
    note(view, '198.51.100.1:7000', '203.0.113.10:5000');
    expect(view.side().endpoints).toEqual([
      { address: '203.0.113.10:5000', isOwn: false },
      { address: '192.168.1.10:4000', isOwn: true },
      { address: '10.0.0.5:4000', isOwn: true },
    ]);
  });

  it('are the mapped ones while others observe it at the same IP address, not at that very port', () => {
    const view = outlook([]);
    view.setMapped(LINK, ['203.0.113.10:6000', '198.51.100.9:6000', '203.0.113.10:6001']);
    expect(view.side().endpoints).toEqual([]);
    note(view, '198.51.100.1:7000', '203.0.113.10:5000');
    const observed = { address: '203.0.113.10:5000', isOwn: false };
    expect(view.side().endpoints).toEqual([
      observed,
      { address: '203.0.113.10:6000', isOwn: false, isMapped: true },
    ]);
    view.setMapped(LINK, ['203.0.113.10:5000']);
    expect(view.side().endpoints).toEqual([observed]);
  });

  it('are none of the machine to itself (§6.4), which means another one to others', () => {
    const view = outlook(['127.0.0.1:4000', '192.168.1.10:4000']);
    note(view, '198.51.100.1:7000', '203.0.113.10:5000');
    expect(view.side().endpoints.map(({ address }) => address)).toEqual([
      '203.0.113.10:5000',
      '192.168.1.10:4000',
    ]);
  });

  it('nor when a peer on the same machine observes it there', () => {
    const view = outlook(['127.0.0.1:4000']);
    note(view, '127.0.0.1:7000', '127.0.0.1:4000');
    expect(view.mappingTo({ kind: 'direct', link: LINK, address: '127.0.0.1:7000' })?.kind).toBe('none');
    expect(view.side().endpoints).toEqual([]);
  });

  it('are as many as a PUNCH has room for: of each link the observed one first, own ones last', () => {
    const pair = new Pair();
    const { machine } = pair.a;
    const links = [11, 12, 13];
    for (const link of links) {
      const own = ['[2001:db8::1]:4000', '[2001:db8::2]:4000'].map((each) => each.replace('db8', `${link}`));
      machine.handleInput(0, { kind: 'linkUp', link, info: infoOf(own) });
      const via = { kind: 'direct', link, address: '[2001:db8::9]:7000' } as const;
      const observed = `[2001:db8::${link}]:5000`;
      machine.handleInput(0, { kind: 'pong', session: 1, via, token: 0, observed });
    }
    pair.observe('a');
    pair.runTo(1000);
    const sent = pair.a.sent.flatMap((output) => (output.kind === 'send' ? [output.message] : []));
    const punch = sent.find(({ kind }) => kind === 'punch');
    if (punch?.kind !== 'punch') throw new Error('a leads');
    expect(() => messageBytes(punch)).not.toThrow();
    const told = decodeEndpoints(punch.endpoints)?.filter(({ isOwn }) => !isOwn) ?? [];
    expect(told.map(({ address }) => address).sort()).toEqual(
      ['203.0.113.10:4000', ...links.map((link) => `[2001:db8::${link}]:5000`)].sort(),
    );
  });
});
