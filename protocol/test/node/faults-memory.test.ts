import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Host, PROFILES, Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { randomBytes } from '../../src/kernel/random.js';
import { encodeBeacon } from '../../src/packet/beacon.js';
import { Attempt } from '../../src/session/handshake.js';
import { mutate } from '../fuzz/mutate.js';
import { Network, SUITE } from './network.js';

const PACKETS = 40_000;
const ROUNDS = 3;
/**
 * For what the engine and the simulator keep by the way; 10 B of each packet, if they stayed, were as much.
 */
const GROWTH_BYTES_MAX = 800_000;

/** A packet from outside, and where it seems to come from: never twice from the same address. */
type Junk = (i: number) => Uint8Array;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** What anybody can write: noise, pieces of packets, what was heard, turned over. */
function outsider(net: Network): Junk {
  const chance = new Prng(1, 5);
  const heard: Uint8Array[] = [];
  net.world.tap = ({ fate, bytes }) => {
    if (fate === 'sent' && heard.length < 300) heard.push(new Uint8Array(bytes));
  };
  const firstBytes = [0x04, 0x05, 0x06, 0x07, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x18, 0x60, 0x70, 0x80] as const;
  return (i) => {
    if (i % 2 === 0) return mutate(chance, chance.pick(heard), heard);
    const bytes = randomBytes(chance, 2 + chance.below(110));
    bytes[0] = chance.pick(firstBytes);
    if (bytes[0] === 0x60) bytes[2] = chance.below(3); // a fragment, of few
    return bytes;
  };
}

/** What only a member can write, and who has all addresses: beacons of nobody, handshakes without an end. */
function member(net: Network): Junk {
  const chance = new Prng(2, 5);
  const self = { suite: SUITE, identity: net.newIdentity(), network: net.key };
  return (i) => {
    if (i % 20 === 0) {
      const e = SUITE.dhKeyPair(randomBytes(chance, 32));
      return new Attempt(self, 'XX', 0x100 + (i % 0xf000), e).packet;
    }
    const publicKey = new Uint8Array(randomBytes(chance, 32));
    publicKey[31] = (publicKey[31] ?? 0) & 0x3f;
    return encodeBeacon(SUITE, net.key.key, { publicKey, boot: i % 0x1_0000 });
  };
}

function pour(net: Network, host: Host, junk: Junk, from: number): void {
  for (let i = from; i < from + PACKETS; i++) {
    host.packet(1, `10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}:9`, junk(i));
    if (i % 10 === 0) net.world.runFor(10);
  }
  // Whatever has an end by itself comes to it.
  net.world.runFor(120_000);
}

describe('memory under a flood that never repeats an address (§10)', () => {
  it.each([
    ['by anybody', outsider],
    ['by a member', member],
  ] as const)('stays what it is: %s', (_, makeJunk) => {
    const net = new Network(1);
    const quiet = { forgetsEvents: true } as const;
    const [board, friend] = [net.add('board', { isBoard: true, ...quiet }), net.add('friend')];
    net.world.join([board, friend], { ...PROFILES.lan, loss: 0 });
    const junk = makeJunk(net);
    net.world.runFor(10_000);
    expect(net.ask(friend, 'board')).toBe('hello');
    pour(net, board, junk, 0);
    const before = heapBytes();
    for (let round = 1; round < ROUNDS; round++) pour(net, board, junk, round * PACKETS);
    friend.events.length = 0;
    friend.eventTimes.length = 0;
    const grown = heapBytes() - before;
    expect(grown).toBeLessThan(GROWTH_BYTES_MAX);
    expect(net.ask(friend, 'board')).toBe('hello');
  });
});
