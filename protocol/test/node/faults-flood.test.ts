import { type Host, PROFILES, Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { randomBytes } from '../../src/kernel/random.js';
import { Attempt } from '../../src/session/handshake.js';
import { mutate } from '../fuzz/mutate.js';
import { countingSuite } from './counting-suite.js';
import { Network, SUITE } from './network.js';

const DH_PER_SECOND = 20;
/** Clients of a server that has the budget of a board, one after the other. */
const CLIENTS = 20;
const EVERY_MS = 500;
const FORGED_PER_SECOND = 100;

/** What a flood is made of: an H1 and where it seems to come from. */
type Forge = (i: number) => { readonly from: string; readonly bytes: Uint8Array };

/** How many clients got an answer within 5 s of their start, under a flood; and the DHs of the server. */
function meet(seed: number, makeForge: (net: Network) => Forge): { answered: number; dhMax: number } {
  const net = new Network(seed);
  const suite = countingSuite(SUITE);
  const server = net.add('server', { suite, limits: { dhPerSecondMax: DH_PER_SECOND } });
  const onBoot = (host: Host): void => void host.command({ kind: 'connect', link: 1, address: 'server' });
  const clients = Array.from({ length: CLIENTS }, (_, i) => net.add(`c${i}`, { isOff: true, onBoot }));
  net.world.join([server, ...clients], PROFILES.udp);
  net.world.runFor(100);
  const forge = makeForge(net);
  for (let i = 0; i < (CLIENTS * EVERY_MS * FORGED_PER_SECOND) / 1000; i++) {
    net.world.at(net.world.now + (i * 1000) / FORGED_PER_SECOND, () => {
      const { from, bytes } = forge(i);
      server.packet(1, from, bytes);
    });
  }
  let [dhMax, before] = [0, 0];
  for (const client of clients) {
    client.start();
    const deadlineMs = 5000;
    client.command({ kind: 'request', to: 'server', path: 'echo', body: new Uint8Array(9), deadlineMs });
    net.world.runFor(EVERY_MS);
    // It has what it wanted, or will have it in a while: the others should not hear of it.
    net.world.after(5000, () => client.crash());
    dhMax = Math.max(dhMax, suite.counts.dh - before);
    before = suite.counts.dh;
  }
  net.world.runFor(6000);
  return { answered: clients.filter((client) => client.eventsOf('response').length > 0).length, dhMax };
}

/** A member's H1s, all different, genuine, and never followed by anything. */
function halfOpen(net: Network): Forge {
  const chance = new Prng(1, 77);
  const self = { suite: SUITE, identity: net.newIdentity(), network: net.key };
  return (i) => {
    const e = SUITE.dhKeyPair(randomBytes(chance, 32));
    const attempt = new Attempt(self, 'XX', 0x100 + (i % 0xf000), e);
    return { from: `10.0.${i % 256}.${i % 7}:9`, bytes: attempt.packet };
  };
}

/** The same without the network key: nothing verifies. */
function outsider(net: Network): Forge {
  const chance = new Prng(2, 77);
  const make = halfOpen(new Network(4711));
  expect(net.key.key).not.toEqual(new Network(4711).key.key);
  return (i) => {
    const { from, bytes } = make(i);
    const shape = chance.pick([0x10, 0x11, 0x12, 0x16]);
    const long = shape === 0x11 ? randomBytes(chance, 48) : new Uint8Array(shape === 0x16 ? 9 : 0);
    const forged = new Uint8Array([...bytes, ...long]);
    forged[1] = shape;
    return { from, bytes: forged };
  };
}

/** H1s that were heard, again and again, from elsewhere and with bits turned over. */
function replayed(net: Network): Forge {
  const chance = new Prng(3, 77);
  const heard: Uint8Array[] = [];
  net.world.tap = ({ fate, bytes }) => {
    if (fate === 'sent' && bytes[0] === 0x05) heard.push(new Uint8Array(bytes));
  };
  return (i) => {
    const bytes = heard.length === 0 ? new Uint8Array(53) : chance.pick(heard);
    const from = `10.1.0.${i % 200}:7`;
    return { from, bytes: i % 2 === 0 ? bytes : mutate(chance, bytes, heard) };
  };
}

describe('floods of H1 (§7.3)', () => {
  const floods = [
    { name: 'forged by somebody without the network key', flood: outsider },
    { name: 'genuine, from everywhere, and never followed by anything', flood: halfOpen },
    { name: 'replayed and mutated', flood: replayed },
  ];

  it.each(floods)('$name: 95 of 100 who mean it meet the server', ({ flood }) => {
    for (const seed of [1, 2]) {
      const { answered, dhMax } = meet(seed, flood);
      expect(answered).toBeGreaterThanOrEqual(0.95 * CLIENTS);
      // Two budgets of a second at most in half a second, and what the server opens by itself: nothing here.
      expect(dhMax).toBeLessThanOrEqual(2 * 2 * DH_PER_SECOND);
    }
  });

  it('costs nothing lasting: an hour later the server is as quick as before', () => {
    const net = new Network(9);
    const server = net.add('server');
    const onBoot = (host: Host): void => void host.command({ kind: 'connect', link: 1, address: 'server' });
    const client = net.add('client', { isOff: true, onBoot });
    net.world.join([server, client], { ...PROFILES.udp, loss: 0 });
    net.world.runFor(100);
    const forge = halfOpen(net);
    for (let i = 0; i < 3000; i++) {
      const { from, bytes } = forge(i);
      server.packet(1, from, bytes);
      if (i % 30 === 29) net.world.runFor(100);
    }
    net.world.runFor(10_000);
    client.start();
    expect(net.ask(client, 'server', 'hello', 1000)).toBe('hello');
  });
});

describe('floods of anything', () => {
  it('of 20,000 random packets a second leave the conversation as it is', () => {
    const net = new Network(10);
    const [a, b] = [net.add('a'), net.add('b')];
    net.world.join([a, b], { ...PROFILES.lan, loss: 0 });
    net.world.runFor(3000);
    const chance = new Prng(10, 3);
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < 1000; k++) {
        const bytes = randomBytes(chance, 1 + chance.below(120));
        a.packet(1, chance.pick(['b', `x${chance.below(1000)}`]), bytes);
      }
      expect(net.ask(a, 'b', i, 1000)).toBe(i);
    }
  });
});
