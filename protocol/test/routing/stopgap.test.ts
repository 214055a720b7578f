import { describe, expect, it } from 'vitest';
import { decodeForward } from '../../src/packet/forward.js';
import { A, B, byId, frame, PACKET } from './frames.js';
import { destination, entry, key, Lone } from './lone.js';

const C = 3;
const LOST = { metric: 0xffff, hops: 0, mtu: 0 } as const;

/** The way to `destination(5)` by A is lost; B and C offer others, which are not feasible: 2 and 4 links. */
function starved(): Lone {
  const lone = new Lone();
  for (const n of [A, C, B]) lone.greet(n);
  lone.routes(A, entry(5, {}));
  lone.routes(C, entry(5, { metric: 500, hops: 4 }));
  lone.routes(B, entry(5, { metric: 600, hops: 2 }));
  lone.wait(5000);
  lone.take();
  lone.routes(A, entry(5, LOST));
  return lone;
}

/** Whom a packet of its own goes to, and how many times it may be forwarded from there. */
function sent(lone: Lone): { to: number; hopsLeft: number } | undefined {
  lone.input({ kind: 'send', to: key(5), packet: PACKET });
  const out = lone.take().find((o) => o.kind === 'transmit');
  if (out?.kind !== 'transmit') return undefined;
  const received = decodeForward(out.bytes);
  if (typeof received === 'string') throw new Error(received);
  const hopsLeft = received.kind === 'byId' ? received.ttl : received.hopsLeft;
  return { to: out.via.link, hopsLeft };
}

function reports(lone: Lone): readonly unknown[] {
  return lone.take().flatMap((o) => (o.kind === 'route' ? [[o.hops, o.firstHop]] : []));
}

describe('a destination whose way is lost, while a newer sequence is under way (SPEC §8.3)', () => {
  it('is sent to by who says to be nearest, with no more hops than that one needs', () => {
    const lone = starved();
    expect(reports(lone)).toEqual([[3, B]]);
    expect(sent(lone)).toEqual({ to: B, hopsLeft: 2 });
    // Nobody begins a session by it.
    expect(lone.router.route(key(5))).toBeUndefined();
  });

  it('is not a route: nobody is told of it, and packets of others do not take it', () => {
    const lone = starved();
    expect(lone.nextHop(5)).toBeUndefined();
    const told = lone.take().flatMap((o) => (o.kind === 'message' ? [o.message] : []));
    for (const message of told) {
      if (message.kind !== 'routes') continue;
      for (const { metric } of message.entries) expect(metric).toBe(0xffff);
    }
    lone.input(frame(A, 0, byId(A, destination(5))));
    const passed = lone.take();
    expect(passed.filter((o) => o.kind === 'transmit')).toEqual([]);
    expect(passed).toContainEqual({ kind: 'dropped', reason: 'noRoute' });
  });

  it('goes by another one, or none, as the offers go, and by the route when there is one', () => {
    const lone = starved();
    lone.routes(B, entry(5, LOST));
    expect(reports(lone).at(-1)).toEqual([5, C]);
    expect(sent(lone)).toEqual({ to: C, hopsLeft: 4 });
    lone.routes(C, entry(5, LOST));
    expect(reports(lone).at(-1)).toEqual([undefined, undefined]);
    expect(sent(lone)).toBeUndefined();
    const again = starved();
    again.routes(C, entry(5, { sequence: 1, metric: 500, hops: 4 }));
    expect(sent(again)).toEqual({ to: C, hopsLeft: 255 });
    expect(again.nextHop(5)).toBe(C);
  });

  it('is given up, and said to be lost, when requests were in vain', () => {
    const lone = starved();
    lone.wait(1400);
    expect(sent(lone)).toEqual({ to: B, hopsLeft: 2 });
    lone.take();
    lone.wait(200);
    expect(reports(lone)).toEqual([[undefined, undefined]]);
    expect(sent(lone)).toBeUndefined();
  });

  it('is not gone to by a neighbor that is lost', () => {
    const lone = starved();
    lone.input({ kind: 'neighborDown', neighbor: B });
    expect(sent(lone)).toEqual({ to: C, hopsLeft: 4 });
    lone.input({ kind: 'neighborDown', neighbor: C });
    expect(sent(lone)).toBeUndefined();
  });
});
