import { describe, expect, it } from 'vitest';
import type { LinkInfo } from '../../src/kernel/link.js';
import { BEACON_BYTES } from '../../src/packet/beacon.js';
import { Discovery, type DiscoveryOutput } from '../../src/path/discovery.js';
import { testRandom } from '../support/random.js';

const SELF = '11'.padEnd(32, '0');
const PEER = '22'.padEnd(32, '0');
const OTHER = '33'.padEnd(32, '0');
const LAN: LinkInfo = {
  kind: 'lan',
  name: 'eth0',
  mtu: 1400,
  flow: 'datagram',
  cast: 'broadcast',
  reliable: false,
  bitrate: 0,
};

/** Somebody who only listens to beacons; `PEER` has a session at 'p'. */
class Listener {
  readonly discovery = new Discovery(SELF, testRandom(1));
  now = 1000;

  constructor() {
    this.discovery.handleInput(0, { kind: 'linkUp', link: 1, info: LAN });
    this.hear('p', PEER, 7);
    this.discovery.handleInput(this.now, { kind: 'present', link: 1, address: 'p', peer: PEER });
  }

  /** What comes of a beacon, whoever wrote it. */
  hear(address: string, peer: string, boot: number): readonly DiscoveryOutput[] {
    const beacon = { kind: 'beacon', link: 1, address, peer, boot, knownBoot: undefined } as const;
    this.discovery.handleInput(this.now, beacon);
    const outputs: DiscoveryOutput[] = [];
    for (let o = this.discovery.pollOutput(); o !== undefined; o = this.discovery.pollOutput()) {
      if (o.kind !== 'beacon') outputs.push(o);
    }
    return outputs;
  }
}

describe('beacons that anybody in the network can write, or repeat (§8.1)', () => {
  it('of an older boot make a path suspect once in 5 s, and no more', () => {
    const listener = new Listener();
    let doubts = 0;
    for (; listener.now < 61_000; listener.now += 100) {
      for (const output of listener.hear('p', PEER, 6)) {
        expect(output.kind).toBe('doubted');
        doubts++;
      }
    }
    expect(doubts).toBe(12);
  });

  it('do not take the place of one who has a session there', () => {
    const listener = new Listener();
    for (let boot = 0; boot < 50; boot++) {
      const outputs = listener.hear('p', OTHER, boot);
      expect(outputs).toEqual([{ kind: 'found', link: 1, address: 'p', peer: OTHER, isRestarted: false }]);
      expect(listener.discovery.peerAt(1, 'p')).toBe(PEER);
    }
    // Its own beacons say what they said before: nothing.
    expect(listener.hear('p', PEER, 7)).toEqual([]);
  });

  it('fill a table of 64, in which those with a session stay', () => {
    const listener = new Listener();
    for (let i = 0; i < 1000; i++) listener.hear(`x${i}`, OTHER, 1);
    const known = Array.from({ length: 1000 }, (_, i) => listener.discovery.peerAt(1, `x${i}`));
    expect(known.filter((peer) => peer !== undefined)).toHaveLength(63);
    expect(listener.discovery.peerAt(1, 'p')).toBe(PEER);
  });

  it('pay for three times their bytes, of which 1024 are saved up', () => {
    const { discovery, ...listener } = new Listener();
    const spend = (): number => {
      let bytes = 0;
      while (discovery.spend(1, 'v', 1)) bytes++;
      return bytes;
    };
    const hear = (): void => {
      const beacon = { kind: 'beacon', link: 1, address: 'v', peer: OTHER, boot: 1 } as const;
      discovery.handleInput(listener.now, { ...beacon, knownBoot: undefined });
    };
    hear();
    expect(spend()).toBe(3 * BEACON_BYTES);
    expect(spend()).toBe(0);
    for (let i = 0; i < 100; i++) hear();
    expect(spend()).toBe(1024);
  });
});
