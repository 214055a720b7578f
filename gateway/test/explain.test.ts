import { describe, expect, it } from 'vitest';
import type { Box } from '../src/box.js';
import { type Explanation, explain } from '../src/explain.js';
import type { LinkReport } from '../src/links/observed-link.js';
import { FakeMesh, relayedPath } from './fake-mesh.js';

const UDP: LinkReport = { kind: 'udp', name: '[::]:4747', state: 'up' };
const CONE: Box = { mapping: 'independent', filtering: 'restricted' };
const SYMMETRIC: Box = { mapping: 'random', filtering: 'restricted' };
const UNSEEN: Box = { mapping: 'unknown', filtering: 'unknown' };

interface Case {
  readonly here?: readonly Box[];
  /** As `barn` tells its own link. */
  readonly there?: readonly string[];
  /** Since it is relayed. */
  readonly forMs?: number;
}

async function explained({ here = [CONE], there = [], forMs = 3000 }: Case): Promise<Explanation> {
  const mesh = new FakeMesh();
  mesh.clock = 1_000_000;
  mesh.answer('barn', '$trace', () => ({ links: [['udp', ':4747', ...there]], next: null }));
  const barn = mesh.tell('barn', { path: { ...relayedPath('hearth'), since: mesh.clock - forMs } });
  return explain(mesh, barn, [UDP], here);
}

describe('why a path past NATs is not direct', () => {
  it('is told with what others see of both ends', async () => {
    const told = await explained({ there: ['independent', 'restricted'] });
    expect(told).toMatchObject({ boxHere: CONE, boxThere: CONE, common: ['udp'] });
    expect(told.why).toMatch(/^both have udp, and nothing has got through a NAT or firewall/);
  });

  it.each([
    [3000, /^now: both ends send at the same time$/],
    [30_000, /^in about 40 s; at once when an address changes$/],
    [69_000, /^in about 1 s; /],
    [90_000, /^none is due: all failed; at once when either is seen at another address$/],
  ])('comes with the next try, %i ms after the path was taken', async (forMs, next) => {
    expect((await explained({ there: ['independent', 'restricted'], forMs })).next).toMatch(next);
  });

  it('is final when both ports are random, and only then', async () => {
    const hopeless = await explained({ here: [SYMMETRIC], there: ['random', 'restricted'] });
    expect(hopeless.why).toMatch(/random port: neither can know where to send$/);
    expect(hopeless.next).toBe('none can succeed, until one of them is in another network');
    const others: readonly Case[] = [
      { here: [SYMMETRIC], there: ['independent', 'restricted'] },
      { here: [SYMMETRIC], there: ['unknown', 'unknown'] },
      { here: [SYMMETRIC], there: [] },
      { here: [SYMMETRIC], there: ['of a later version', 'restricted'] },
      { here: [CONE], there: ['random', 'restricted'] },
      { here: [UNSEEN], there: ['random', 'restricted'] },
      { here: [], there: ['random', 'restricted'] },
      { here: [SYMMETRIC, CONE], there: ['random', 'restricted'] }, // one way out is enough
    ];
    for (const one of others) expect((await explained(one)).next, JSON.stringify(one)).toMatch(/^now/);
  });

  it('says nothing of NATs that nobody has told of', async () => {
    const told = await explained({ here: [] });
    expect(told).not.toHaveProperty('boxHere');
    expect(told).not.toHaveProperty('boxThere');
  });
});
