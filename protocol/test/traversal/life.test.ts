import { encodeValue } from '@fogwisp/protocol';
import type { Host, Port } from '@fogwisp/protocol/sim';
import { BOXES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Site } from './site.js';
import { talk } from './talk.js';

const SEEDS = [1, 2, 3];

function portOf(host: Host): Port {
  const [port] = host.ports;
  if (port === undefined) throw new Error('no port');
  return port;
}

function cutDirect({ internet, a, b }: Site): void {
  internet.block(portOf(a), portOf(b));
  internet.block(portOf(b), portOf(a));
}

function mend({ internet, a, b }: Site): void {
  internet.unblock(portOf(a), portOf(b));
  internet.unblock(portOf(b), portOf(a));
}

describe('a direct path that others made possible (§7.11)', () => {
  it.each(SEEDS)('carries on when all relays are gone: nothing is lost (seed %i)', (seed) => {
    const site = new Site({ seed, a: BOXES.port, b: BOXES.port });
    expect(site.meet()).toBeDefined();
    for (const relay of site.relays) relay.crash();
    const { asked, answered, worstMs } = talk(site.net, site.a, 'b', 60_000);
    expect(answered).toBe(asked);
    expect(worstMs).toBeLessThan(200);
    expect(site.isDirect()).toBe(true);
  });

  it.each(SEEDS)('gives way to the relays within 2 s of silence, and comes back (seed %i)', (seed) => {
    const site = new Site({ seed, a: BOXES.open, b: BOXES.open });
    expect(site.meet()).toBeDefined();
    site.net.world.runFor(20_000);
    cutDirect(site);
    const { asked, answered, firstMs, worstMs } = talk(site.net, site.a, 'b', 20_000);
    expect(answered).toBe(asked);
    expect(firstMs).toBeLessThan(2000);
    expect(worstMs).toBeLessThan(4000); // what fell between the two paths is sent again
    expect(site.net.pathOf(site.a, 'b')).toMatch(/^relayed/);
    expect(site.net.pathOf(site.b, 'a')).toMatch(/^relayed/);
    mend(site);
    expect(site.net.world.runUntil(() => site.isDirect(), { withinMs: 330_000, everyMs: 100 })).toBe(true);
  });

  it.each(SEEDS)(
    'works again within 5 s of traffic after the box of the speaker rebooted (seed %i)',
    (seed) => {
      const site = new Site({ seed, a: BOXES.port, b: BOXES.port });
      expect(site.meet()).toBeDefined();
      site.net.world.runFor(60_000);
      site.boxes.a?.reboot();
      const { asked, answered, firstMs, worstMs } = talk(site.net, site.a, 'b', 20_000);
      expect(answered).toBe(asked);
      expect(firstMs).toBeLessThan(3500);
      expect(worstMs).toBeLessThan(5000);
    },
  );

  it.each(SEEDS)(
    'is direct again after both boxes rebooted, however busy the links are (seed %i)',
    (seed) => {
      const site = new Site({ seed, a: BOXES.port, b: BOXES.port });
      const { net, boxes } = site;
      expect(site.meet()).toBeDefined();
      net.world.runFor(60_000);
      boxes.a?.reboot();
      boxes.b?.reboot();
      // No link is ever silent, so no keepalive finds out that its end has another address now.
      const busy = [
        [site.a, 'b'],
        [site.a, 'r1'],
        [site.b, 'r1'],
        [site.b, 'r2'],
      ] as const;
      const body = encodeValue(0);
      for (let ms = 0; ms < 15_000; ms += 250) {
        for (const [from, to] of busy)
          from.command({ kind: 'request', to, path: 'echo', body, deadlineMs: 5000 });
        net.world.runFor(250);
      }
      expect(site.isDirect()).toBe(true);
    },
  );

  it.each(SEEDS)('works again after the box of a silent one rebooted and it noticed (seed %i)', (seed) => {
    const site = new Site({ seed, a: BOXES.port, b: BOXES.port });
    expect(site.meet()).toBeDefined();
    site.net.world.runFor(60_000);
    site.boxes.b?.reboot();
    // b says nothing by itself until the next heartbeat or keepalive.
    site.net.world.runFor(33_000 + 5000);
    const { asked, answered, worstMs } = talk(site.net, site.a, 'b', 5000);
    expect(answered).toBe(asked);
    expect(worstMs).toBeLessThan(5000);
  });
});

describe('a node whose address changes (§7.11)', () => {
  const ENDS = ['a', 'b'] as const;
  const cases = ENDS.flatMap((who) => SEEDS.map((seed) => [who, seed] as const));

  it.each(cases)(
    'is talked to again within 5 s of traffic: that of %s, which speaks (seed %i)',
    (who, seed) => {
      const site = new Site({ seed, a: BOXES.port, b: BOXES.port });
      expect(site.meet()).toBeDefined();
      site.net.world.runFor(60_000);
      site.boxes[who]?.renumber('203.0.113.99');
      const { asked, answered, worstMs } = talk(site.net, site[who], who === 'a' ? 'b' : 'a', 20_000);
      expect(answered).toBe(asked);
      expect(worstMs).toBeLessThan(5000);
      expect(site.net.world.runUntil(() => site.isDirect(), { withinMs: 90_000, everyMs: 100 })).toBe(true);
    },
  );

  it.each(SEEDS)('and is direct again after its box has another address twice a minute (seed %i)', (seed) => {
    const site = new Site({ seed, a: BOXES.address, b: BOXES.port });
    expect(site.meet()).toBeDefined();
    for (let i = 1; i <= 4; i++) {
      site.boxes.a?.renumber(`203.0.113.${100 + i}`);
      const { asked, answered, worstMs } = talk(site.net, site.a, 'b', 10_000);
      expect(answered).toBe(asked);
      expect(worstMs).toBeLessThan(5000);
      site.net.world.runFor(20_000);
    }
    expect(site.net.world.runUntil(() => site.isDirect(), { withinMs: 90_000, everyMs: 100 })).toBe(true);
  });
});

describe('boxes that forget (§7.11)', () => {
  const REST_MS = 60 * 60_000;
  const RARELY_MS = 94_300;

  function restWith(seed: number, lifeMs: number): Site {
    const box = { ...BOXES.port, lifeMs } as const;
    const site = new Site({ seed, a: box, b: box });
    expect(site.meet()).toBeDefined();
    return site;
  }

  /** Heartbeats go every 28 to 32 s: 27 s is what only keepalives hold. */
  it.each([27_000, 60_000, 120_000])('are kept from it: a life of %i ms', (lifeMs) => {
    for (const seed of SEEDS) {
      const { net, a, b } = restWith(seed, lifeMs);
      for (let ms = 0; ms < REST_MS; ms += RARELY_MS) {
        net.world.runFor(RARELY_MS);
        const [from, to] = ms % (2 * RARELY_MS) === 0 ? ([a, 'b'] as const) : ([b, 'a'] as const);
        const start = net.world.now;
        expect(net.ask(from, to)).toBe('hello');
        expect(net.world.now - start).toBeLessThan(200);
        expect([net.pathOf(a, 'b'), net.pathOf(b, 'a')]).toEqual(['direct(udp)', 'direct(udp)']);
      }
    }
  });

  it('at little cost: what the two send in 10 s at rest', () => {
    const site = restWith(1, 120_000);
    site.net.world.runFor(120_000);
    const before = site.a.counters.sentBytes + site.b.counters.sentBytes;
    site.net.world.runFor(600_000);
    const bytes = (site.a.counters.sentBytes + site.b.counters.sentBytes - before) / 60;
    // Each of the two has three neighbors: the other one and two relays.
    expect(bytes / 3).toBeLessThanOrEqual(60);
  });
});
