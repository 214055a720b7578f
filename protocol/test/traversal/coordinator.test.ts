import type { Host } from '@fogwisp/protocol/sim';
import { BOXES, type BoxName } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { RELAYS, Site } from './site.js';

const SEEDS = [1, 2, 3];
const KINDS = ['cone', 'address', 'port'] as const satisfies readonly BoxName[];
/** Relay round trips of the coordinator, which is 60 ms away from each. */
const WITHIN_MS = 2000;

/** One more, behind a box that lets in only whom it sent to. */
function addLeaf(site: Site): Host {
  const { net, internet } = site;
  const leaf = net.add('leaf', {
    willingness: 0,
    onBoot: (host) => {
      for (const address of Object.values(RELAYS)) host.command({ kind: 'connect', link: 1, address });
    },
  });
  const behind = net.world.addNat({ ...BOXES.port, ip: '203.0.113.30' });
  net.world.attach(leaf, internet, { address: '192.168.1.30:4000', behind });
  return leaf;
}

/** Both know nobody but the leaf, each by a path that was punched. */
function alone(seed: number, a: BoxName, b: BoxName): Site {
  const site = new Site({ seed, a: BOXES[a], b: BOXES[b] });
  const leaf = addLeaf(site);
  const { net } = site;
  net.world.runFor(5000);
  const meets = (name: 'a' | 'b'): boolean =>
    net.pathOf(leaf, name).startsWith('direct') && net.pathOf(site[name], 'leaf').startsWith('direct');
  for (const name of ['a', 'b'] as const) {
    expect(net.ask(leaf, name)).toBe('hello');
    expect(net.world.runUntil(() => meets(name), { withinMs: 5000, everyMs: 20 })).toBe(true);
  }
  for (const host of net.world.hosts) if (![leaf, site.a, site.b].includes(host)) host.crash();
  net.world.runFor(10_000);
  return site;
}

describe('two who know only a leaf behind a box of its own (§7.11)', () => {
  const pairs = KINDS.flatMap((a) => KINDS.map((b) => [a, b] as const));

  it.each(pairs)('are direct as soon as they would be by a supernode in the open: %s and %s', (a, b) => {
    for (const seed of SEEDS) {
      const site = alone(seed, a, b);
      const { net } = site;
      const start = net.world.now;
      expect(net.ask(site.a, 'b')).toBe('hello');
      expect(net.world.runUntil(() => site.isDirect(), { withinMs: WITHIN_MS, everyMs: 5 })).toBe(true);
      expect(net.world.now - start).toBeLessThanOrEqual(WITHIN_MS);
    }
  });
});
