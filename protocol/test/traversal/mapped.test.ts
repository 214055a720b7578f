import type { LinkAddress } from '@fogwisp/protocol';
import { BOXES, type BoxName } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Site } from './site.js';

const SEEDS = [1, 2, 3];
const PORT = 40_123;
const HARD = [
  ['random', 'random'],
  ['random', 'port'],
  ['random', 'predictable'],
  ['port', 'random'],
  ['predictable', 'predictable'],
] as const satisfies readonly (readonly [BoxName, BoxName])[];

function tell({ a }: Site, addresses: readonly LinkAddress[]): void {
  a.give({ kind: 'mapped', link: 1, addresses });
}

/** The box of a passes on what comes to that port. */
function forward(site: Site): LinkAddress {
  const [port] = site.a.ports;
  const address = port && site.boxes.a?.forward(port, PORT);
  if (address === undefined) throw new Error('a stands behind a box');
  return address;
}

describe('an address that the box in front of a node was asked for (§7.12)', () => {
  it.each(HARD)('makes %s and %s direct, whatever else they do', (a, b) => {
    for (const seed of SEEDS) {
      const site = new Site({ seed, a: BOXES[a], b: BOXES[b] });
      tell(site, [forward(site)]);
      expect(site.meet(2000)).toBeDefined();
    }
  });

  it('is news: two that were relayed for want of it are direct soon after', () => {
    const site = new Site({ seed: 1, a: BOXES.random, b: BOXES.random });
    expect(site.meet(5000)).toBeUndefined();
    tell(site, [forward(site)]);
    expect(site.net.world.runUntil(() => site.isDirect(), { withinMs: 2000 })).toBe(true);
  });

  it('leads nobody elsewhere, when the box lies about its own', () => {
    const site = new Site({ seed: 1, a: BOXES.port, b: BOXES.port });
    const lies = ['198.51.100.77:5', '10.0.0.1:5', '127.0.0.1:5', '0.0.0.0:5', '203.0.113.10:0', 'nonsense'];
    const places = new Set<string>();
    site.internet.tap = ({ fate, address }) => void (fate === 'sent' && places.add(address));
    for (const lie of lies) tell(site, [lie]);
    tell(site, lies);
    expect(site.net.world.runUntil(() => site.net.ask(site.a, 'b') === 'hello')).toBe(true);
    site.net.world.runFor(5000);
    expect(site.isDirect()).toBe(true);
    expect(lies.filter((lie) => places.has(lie))).toEqual([]);
  });

  it.each([
    ['port', 'port'],
    ['predictable', 'port'],
    ['cone', 'address'],
  ] as const)('in vain, at a port that leads nowhere, costs no path: %s and %s', (a, b) => {
    for (const seed of SEEDS) {
      const site = new Site({ seed, a: BOXES[a], b: BOXES[b] });
      tell(site, ['203.0.113.10:40999']);
      expect(site.meet(2000)).toBeDefined();
    }
  });
});
