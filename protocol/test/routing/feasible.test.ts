import { describe, expect, it } from 'vitest';
import { LAN } from './fake-suite.js';
import { destination, entry, key, Lone } from './lone.js';

const A = 1;
const B = 2;
const C = 3;
/** A destination; its metric at this node is 96 more than what a neighbour advertises. */
const D = 77;

function withNeighbors(...neighbors: readonly number[]): Lone {
  const lone = new Lone();
  for (const n of neighbors) lone.greet(n);
  lone.take();
  return lone;
}

describe('feasibility (SPEC §8.3, RFC 8966 §3.5.1)', () => {
  it('refuses a route that is no better than what it advertised, and asks for a newer sequence', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { sequence: 5, metric: 96 }));
    expect(lone.nextHop(D)).toBe(A);
    lone.routes(A, entry(D, { sequence: 5, metric: 0xffff }));
    expect(lone.nextHop(D)).toBeUndefined();
    lone.take();

    lone.routes(B, entry(D, { sequence: 5, metric: 192 })); // it advertised 192 itself
    expect(lone.nextHop(D)).toBeUndefined();
    const wanted = { kind: 'routeRequest', destination: destination(D), boot: 1, sequence: 6, hopLimit: 255 };
    expect(lone.sent('routeRequest')).toEqual([{ to: B, message: wanted, reliable: true }]);

    lone.routes(B, entry(D, { sequence: 6, metric: 5000 }));
    expect(lone.nextHop(D)).toBe(B);
  });

  it('takes one that is better by one', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { metric: 96 }));
    lone.routes(A, entry(D, { metric: 0xffff }));
    lone.routes(B, entry(D, { metric: 191 }));
    expect(lone.nextHop(D)).toBe(B);
  });

  it('refuses an older sequence and an older boot, and takes a newer boot with any sequence', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { boot: 9, sequence: 5 }));
    lone.routes(A, entry(D, { boot: 9, sequence: 5, metric: 0xffff }));
    lone.routes(B, entry(D, { boot: 9, sequence: 4, metric: 1 }));
    expect(lone.nextHop(D)).toBeUndefined();
    lone.routes(B, entry(D, { boot: 8, sequence: 60_000, metric: 1 }));
    expect(lone.nextHop(D)).toBeUndefined();
    lone.routes(B, entry(D, { boot: 10, sequence: 0, metric: 9000 }));
    expect(lone.nextHop(D)).toBe(B);
  });

  it('counts sequences and boots around', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { boot: 0xffff, sequence: 0xffff }));
    lone.routes(A, entry(D, { boot: 0xffff, sequence: 0xffff, metric: 0xffff }));
    lone.routes(B, entry(D, { boot: 0xffff, sequence: 0, metric: 9000 }));
    expect(lone.nextHop(D)).toBe(B);
    lone.routes(B, entry(D, { boot: 0xffff, sequence: 0, metric: 0xffff }));
    lone.routes(A, entry(D, { boot: 0, sequence: 0, metric: 9000 }));
    expect(lone.nextHop(D)).toBe(A);
  });

  it('goes on asking, ever more rarely, as long as somebody offers a route', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, {}));
    lone.routes(A, entry(D, { metric: 0xffff }));
    lone.routes(B, entry(D, { metric: 500 }));
    lone.wait(40_000);
    const early = lone.sent('routeRequest').length;
    expect(early).toBeGreaterThanOrEqual(5);
    expect(early).toBeLessThanOrEqual(8);
    lone.routes(B, entry(D, { metric: 0xffff }));
    lone.wait(100_000);
    expect(lone.sent('routeRequest')).toEqual([]);
  });

  it('does not wait for the end of a long pause when the offer changes', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, {}));
    lone.routes(A, entry(D, { metric: 0xffff }));
    lone.routes(B, entry(D, { metric: 500 }));
    lone.wait(140_000); // the next request is due at 255 s
    lone.take();
    lone.routes(B, entry(D, { metric: 500 }));
    lone.wait(600);
    expect(lone.sent('routeRequest')).toEqual([]);
    lone.routes(B, entry(D, { metric: 600 }));
    lone.wait(600);
    expect(lone.sent('routeRequest')).toHaveLength(1);
  });

  it('remembers what it advertised for three minutes after nobody offers a route', () => {
    const lone = withNeighbors(A, B);
    const lose = (): void => {
      lone.routes(A, entry(D, {}));
      lone.routes(A, entry(D, { metric: 0xffff }));
    };
    lose();
    lone.wait(179_000);
    lone.routes(B, entry(D, { metric: 500 }));
    expect(lone.nextHop(D)).toBeUndefined();
    lone.routes(B, entry(D, { metric: 0xffff }));
    lone.wait(181_000);
    lone.routes(B, entry(D, { metric: 500 }));
    expect(lone.nextHop(D)).toBe(B);
  });

  it('and longer where a dead neighbour is noticed later', () => {
    const lone = withNeighbors(A, B);
    lone.greet(C, { ...LAN, kind: 'radio', bitrate: 100 }); // a heartbeat in 128 s
    lone.routes(A, entry(D, {}));
    lone.routes(A, entry(D, { metric: 0xffff }));
    lone.wait(500_000);
    lone.routes(B, entry(D, { metric: 500 }));
    expect(lone.nextHop(D)).toBeUndefined();
  });

  it('stays with a next hop whose news are infeasible, and asks it', () => {
    const lone = withNeighbors(A);
    lone.routes(A, entry(D, { metric: 96 }));
    lone.take();
    lone.routes(A, entry(D, { metric: 300 }));
    expect(lone.nextHop(D)).toBe(A);
    expect(lone.sent('routeRequest').map(({ to }) => to)).toEqual([A]);
    lone.routes(A, entry(D, { sequence: 1, metric: 300 }));
    expect(lone.nextHop(D)).toBe(A);
    lone.wait(60_000);
    expect(lone.sent('routeRequest')).toEqual([]);
  });
});

describe('two candidates', () => {
  it('fails over within the same input when the second one is feasible', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { metric: 96 }));
    lone.routes(B, entry(D, { metric: 150 }));
    lone.take();
    lone.input({ kind: 'neighborDown', neighbor: A });
    expect(lone.nextHop(D)).toBe(B);
    const reports = lone.take().filter(({ kind }) => kind === 'route');
    expect(reports).toEqual([
      { kind: 'route', destination: key(D), hops: 2, firstHop: B, mtu: 1400, metric: 246 },
    ]);
  });

  it('asks those it had no place for when both are lost', () => {
    const lone = withNeighbors(A, B, C);
    lone.routes(A, entry(D, { metric: 96 }));
    lone.routes(B, entry(D, { metric: 100 }));
    lone.routes(C, entry(D, { metric: 110 }));
    lone.take();
    lone.input({ kind: 'neighborDown', neighbor: A });
    lone.input({ kind: 'neighborDown', neighbor: B });
    expect(lone.nextHop(D)).toBeUndefined();
    expect(lone.sent('routeRequest').map(({ to }) => to)).toEqual([C]);
    lone.routes(C, entry(D, { metric: 110 }));
    expect(lone.nextHop(D)).toBe(C);
  });

  it('reports a lost route once', () => {
    const lone = withNeighbors(A);
    lone.routes(A, entry(D, {}));
    lone.take();
    lone.input({ kind: 'neighborDown', neighbor: A });
    const lost = { kind: 'route', destination: key(D), hops: undefined, firstHop: undefined, mtu: 0 };
    expect(lone.take()).toEqual([{ ...lost, metric: 0xffff }]);
    lone.wait(1000);
    expect(lone.take()).toEqual([]);
  });

  it('reports the smallest MTU on the way', () => {
    const lone = withNeighbors(A);
    lone.routes(A, entry(D, { mtu: 250, hops: 3 }));
    expect(lone.take()).toContainEqual({
      kind: 'route',
      destination: key(D),
      hops: 4,
      firstHop: A,
      mtu: 250,
      metric: 192,
    });
  });
});

describe('hysteresis', () => {
  it('switches to a clearly better way at the second look, within 2 s', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { metric: 400 }));
    lone.routes(B, entry(D, { metric: 200 }));
    expect(lone.nextHop(D)).toBe(A);
    lone.wait(1900);
    expect(lone.nextHop(D)).toBe(A);
    lone.wait(100);
    expect(lone.nextHop(D)).toBe(B);
  });

  it('stays when the other is better by less than a fifth', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { metric: 400 })); // 496
    lone.routes(B, entry(D, { metric: 301 })); // 397
    lone.wait(60_000);
    expect(lone.nextHop(D)).toBe(A);
  });

  it('forgets the first look when the other was better for a moment only', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { metric: 400 }));
    lone.routes(B, entry(D, { metric: 200 }));
    lone.wait(500);
    lone.routes(B, entry(D, { metric: 390 }));
    lone.wait(60_000);
    expect(lone.nextHop(D)).toBe(A);
  });

  it('moves away from a link that starts to lose', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { metric: 96 }));
    lone.routes(B, entry(D, { metric: 150 }));
    lone.input({ kind: 'loss', neighbor: A, perMille: 700 });
    lone.wait(3000);
    expect(lone.nextHop(D)).toBe(B);
  });
});

describe('split horizon', () => {
  it('tells everyone but the next hop, and takes back what it told a next hop before', () => {
    const lone = withNeighbors(A, B);
    lone.wait(100);
    lone.take();
    lone.routes(A, entry(D, { metric: 96 }));
    lone.wait(100);
    const told = lone.sent('routes');
    expect(told.map(({ to }) => to)).toEqual([B]);
    expect([...(told[0]?.message.entries ?? [])]).toEqual([entry(D, { metric: 192, hops: 2 })]);

    lone.routes(B, entry(D, { metric: 100 }));
    lone.input({ kind: 'neighborDown', neighbor: A });
    lone.wait(100);
    expect(lone.nextHop(D)).toBe(B);
    expect(lone.sent('routes').map(({ to, message }) => [to, [...message.entries][0]?.metric])).toEqual([
      [B, 0xffff],
    ]);
  });

  it('tells a neighbour nothing of itself', () => {
    const lone = withNeighbors(A, B);
    const itself = Lone.stationId(B).subarray(0, 8);
    lone.routes(A, { ...entry(D, {}), destination: itself });
    lone.wait(2000);
    expect(lone.sent('routes').filter(({ to }) => to === B)).toEqual([]);
  });
});

describe('requests for a newer sequence (RFC 8966 §3.8)', () => {
  const request = { kind: 'routeRequest', boot: 1, sequence: 6, hopLimit: 9 } as const;

  it('go on to the next hop with one hop less', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { sequence: 5 }));
    lone.take();
    lone.from(B, { ...request, destination: destination(D) });
    expect(lone.sent('routeRequest').map(({ to, message }) => [to, message.hopLimit])).toEqual([[A, 8]]);
  });

  it('are answered by whoever knows a route as new', () => {
    const lone = withNeighbors(A, B);
    lone.routes(A, entry(D, { sequence: 6 }));
    lone.wait(2000);
    lone.take();
    lone.from(B, { ...request, destination: destination(D) });
    const [output, ...others] = lone.take();
    expect(output).toMatchObject({
      kind: 'message',
      neighbor: B,
      message: { kind: 'routes' },
      reliable: true,
    });
    const told = output?.kind === 'message' && output.message.kind === 'routes' ? output.message.entries : [];
    expect([...told]).toEqual([entry(D, { sequence: 6, metric: 192, hops: 2 })]);
    expect(others).toEqual([]);
  });

  it('never go back to who asked, nor on when the hops are used up, nor twice at once', () => {
    const lone = withNeighbors(A, B, C);
    lone.routes(A, entry(D, { sequence: 5 }));
    lone.take();
    lone.from(A, { ...request, destination: destination(D) });
    lone.from(B, { ...request, destination: destination(D), hopLimit: 1 });
    expect(lone.sent('routeRequest')).toEqual([]);
    lone.from(B, { ...request, destination: destination(D) });
    lone.from(C, { ...request, destination: destination(D) });
    expect(lone.sent('routeRequest').map(({ to }) => to)).toEqual([A]);
  });

  it('raise the own sequence, at most once a second', () => {
    const lone = withNeighbors(A);
    const own = Lone.stationId(0).subarray(0, 8);
    lone.wait(5000);
    lone.take();
    lone.from(A, { ...request, destination: own, sequence: 1 });
    lone.from(A, { ...request, destination: own, sequence: 2 });
    lone.wait(999);
    expect(new Set(lone.sent('routes').map(({ message }) => [...message.entries][0]?.sequence))).toEqual(
      new Set([1]),
    );
    lone.wait(1);
    expect(lone.sent('routes').map(({ message }) => [...message.entries][0]?.sequence)).toEqual([2]);
    lone.from(A, { ...request, destination: own, sequence: 1 });
    lone.wait(2000);
    expect(lone.sent('routes').map(({ message }) => [...message.entries][0]?.sequence)).toEqual([2]);
  });

  it('move a node with a lost store past the boot that the network remembers', () => {
    const lone = withNeighbors(A);
    lone.take();
    lone.from(A, { ...request, destination: Lone.stationId(0).subarray(0, 8), boot: 40, sequence: 3 });
    lone.wait(1000);
    const outputs = lone.take();
    expect(outputs).toContainEqual({ kind: 'boot', boot: 40 });
    const told = outputs.flatMap((o) =>
      o.kind === 'message' && o.message.kind === 'routes' ? [...o.message.entries] : [],
    );
    expect(told.map(({ boot, sequence }) => [boot, sequence])).toContainEqual([40, 3]);
  });
});

describe('infinity', () => {
  it('no sum of metrics is a route at 65535 or beyond', () => {
    const lone = withNeighbors(A);
    lone.routes(A, entry(D, { metric: 65_439 }));
    expect(lone.nextHop(D)).toBeUndefined();
    lone.routes(A, entry(D, { metric: 65_438 }));
    expect(lone.nextHop(D)).toBe(A);
  });

  it('nor is one of more than 255 hops', () => {
    const lone = withNeighbors(A);
    lone.routes(A, entry(D, { hops: 255 }));
    expect(lone.nextHop(D)).toBeUndefined();
    lone.routes(A, entry(D, { hops: 254 }));
    expect(lone.nextHop(D)).toBe(A);
  });
});
