import { describe, expect, it } from 'vitest';
import type { RouteSeek } from '../../src/packet/message.js';
import { LAN } from './fake-suite.js';
import { destination, entry, key, Lone } from './lone.js';

const A = 1;
const B = 2;
const C = 3;
const D = 50;
const S = 60;
const SLOW = { ...LAN, bitrate: 5000 };

function start(): Lone {
  const lone = new Lone();
  for (const neighbor of [A, B, C]) lone.greet(neighbor);
  lone.wait(1000);
  lone.take();
  return lone;
}

function ring(hopLimit: number, fields: Partial<RouteSeek> = {}): RouteSeek {
  const all = { destination: destination(D), source: destination(S), towards: destination(D) };
  return { kind: 'routeSeek', ...all, hopLimit, ...fields };
}

function seeks(lone: Lone): readonly (readonly [number, number])[] {
  return lone.sent('routeSeek').map(({ to, message }) => [to, message.hopLimit]);
}

describe('an own search (§8.10)', () => {
  it('asks everybody within 2, 4 ... hops, and rests', () => {
    const lone = start();
    lone.input({ kind: 'seek', destination: key(D), landmarks: [] });
    lone.input({ kind: 'seek', destination: key(D), landmarks: [] });
    expect(seeks(lone)).toEqual([A, B, C].map((to) => [to, 2]));
    lone.wait(28_000);
    expect(seeks(lone).filter(([to]) => to === B)).toEqual([4, 8, 16, 32, 64, 255].map((hops) => [B, hops]));
    lone.input({ kind: 'seek', destination: key(D), landmarks: [] });
    expect(seeks(lone)).toEqual([]);
    lone.wait(31_000);
    lone.input({ kind: 'seek', destination: key(D), landmarks: [] });
    expect(seeks(lone)).toEqual([A, B, C].map((to) => [to, 2]));
  });

  it('begins with the first packet that has no way', () => {
    const lone = start();
    lone.input({ kind: 'send', to: key(D), packet: new Uint8Array(10) });
    expect(seeks(lone)).toHaveLength(3);
  });

  it('asks the landmark after the first ring, and ends with a route, which is reported', () => {
    const lone = start();
    lone.routes(B, entry(70, { flags: 1, hops: 9 }));
    lone.take();
    lone.input({ kind: 'seek', destination: key(D), landmarks: [key(71), key(70)] });
    lone.take();
    lone.wait(600);
    expect(seeks(lone)).toEqual([[B, 255]]);
    lone.routes(C, entry(D, { hops: 20 }));
    const reports = lone.take().filter((o) => o.kind === 'route');
    expect(reports).toMatchObject([{ destination: key(D), firstHop: C, hops: 21 }]);
    lone.wait(60_000);
    expect(seeks(lone)).toEqual([]);
  });
});

describe('a way that is known from afar, and one that neighbors point to (§8.10)', () => {
  it('asks those first that say that it is next to them, then everybody', () => {
    const lone = start();
    lone.input({ kind: 'seek', destination: key(D), near: [Lone.key(B), Lone.key(C), Lone.key(A)] });
    expect(seeks(lone)).toEqual([
      [B, 255],
      [C, 255],
    ]);
    lone.wait(600);
    expect(seeks(lone)).toEqual([A, B, C].map((to) => [to, 2]));
  });

  it('asks nobody else once the way is there', () => {
    const lone = start();
    lone.input({ kind: 'seek', destination: key(D), near: [Lone.key(B)] });
    lone.routes(B, entry(D, { hops: 1 }));
    lone.take();
    lone.wait(10_000);
    expect(seeks(lone)).toEqual([]);
  });

  it('asks along the way for one back, where the table is too small for whom it does not serve', () => {
    const lone = new Lone({ routeCountMax: 24, neighborCountMax: 3 });
    for (const neighbor of [A, B, C]) lone.greet(neighbor);
    lone.routes(B, entry(D, { flags: 1, hops: 9 }));
    lone.input({ kind: 'seek', destination: key(D) });
    expect(seeks(lone)).toEqual([]); // all are told of all
    for (let n = 100; n < 140; n++) lone.routes(A, entry(n, { hops: 9 }));
    lone.wait(3000);
    lone.take();
    for (let i = 0; i < 3; i++) lone.input({ kind: 'seek', destination: key(D) });
    const [sought, ...more] = lone.sent('routeSeek');
    expect(sought).toMatchObject({ to: B, message: { towards: Lone.stationId(0).subarray(0, 8) } });
    expect(more).toEqual([]);
    lone.wait(10_000);
    expect(seeks(lone)).toEqual([]);
  });

  it('leaves no trace in between where both ends are known, so a crowd finds its way', () => {
    const lone = start();
    lone.routes(C, entry(D, { hops: 1 }));
    for (let n = 200; n < 400; n++) lone.routes(A, entry(n, { hops: 0 }));
    lone.take();
    for (let n = 200; n < 400; n++) {
      lone.from(A, ring(255, { source: destination(n), towards: destination(n) }));
    }
    expect(seeks(lone)).toEqual(Array.from({ length: 200 }, () => [C, 254]));
  });

  it('looks for nobody whom it is asking back for', () => {
    const lone = start();
    const self = Lone.stationId(0).subarray(0, 8);
    lone.from(B, ring(255, { destination: self, towards: destination(S) }));
    lone.input({ kind: 'send', to: key(S), packet: new Uint8Array(10) });
    expect(seeks(lone)).toEqual([]);
    lone.routes(B, entry(S, { hops: 30 }));
    lone.input({ kind: 'send', to: key(S), packet: new Uint8Array(10) });
    expect(lone.take().filter((o) => o.kind === 'transmit')).toHaveLength(1);
  });
});

describe('a search of others (§8.10)', () => {
  it('leaves a route that would have come without it to this node too', () => {
    const lone = start();
    lone.from(A, ring(1));
    lone.take();
    lone.routes(A, entry(D, { hops: 1 }));
    const reports = lone.take().filter((o) => o.kind === 'route');
    expect(reports).toMatchObject([{ destination: key(D), firstHop: A, hops: 2 }]);
  });

  it('is passed on once to all but its parent, and again only by a wider ring', () => {
    const lone = start();
    lone.from(A, ring(2));
    expect(seeks(lone)).toEqual([
      [B, 1],
      [C, 1],
    ]);
    lone.from(B, ring(2));
    lone.from(C, ring(1));
    expect(seeks(lone)).toEqual([]);
    lone.from(B, ring(4));
    expect(seeks(lone)).toEqual([
      [A, 3],
      [C, 3],
    ]);
  });

  it('is answered by the one who knows, goes on along the route, and is not for the layers above', () => {
    const lone = start();
    lone.routes(C, entry(D, { hops: 20 }));
    lone.wait(2000);
    lone.take();
    lone.from(A, ring(2));
    lone.wait(100);
    const told = lone.take().flatMap((o) => (o.kind === 'message' ? [o] : []));
    const routes = told.flatMap((o) =>
      o.message.kind === 'routes' ? [[o.neighbor, o.message.entries.length]] : [],
    );
    expect(routes).toEqual([[A, 1]]);
    const onward = told.flatMap((o) => (o.message.kind === 'routeSeek' ? [[o.neighbor, o.message]] : []));
    expect(onward).toMatchObject([[C, { towards: destination(S), hopLimit: 255 }]]);
  });

  it('brings the route to the parent when it comes later, without a report here', () => {
    const lone = new Lone({ routeCountMax: 8, neighborCountMax: 3 });
    for (const neighbor of [A, B, C]) lone.greet(neighbor);
    for (let n = 0; n < 12; n++) lone.routes(A, entry(n, { hops: 9 }));
    for (let n = 0; n < 12; n++) lone.routes(A, entry(n, { metric: 0xffff, hops: 0, mtu: 0 }));
    lone.wait(3000);
    for (const o of lone.take()) {
      if (o.kind === 'message' && o.tag !== undefined) lone.input({ kind: 'settled', tag: o.tag, ok: true });
    }
    lone.from(A, ring(4));
    lone.take();
    lone.routes(C, entry(D, { hops: 20 }));
    lone.wait(2000);
    const outputs = lone.take();
    expect(outputs.filter((o) => o.kind === 'route')).toEqual([]);
    const told = outputs.flatMap((o) =>
      o.kind === 'message' && o.message.kind === 'routes' ? [o.neighbor] : [],
    );
    expect(told).toEqual([A]);
    expect(lone.nextHop(D)).toBe(C);
  });

  it('is asked back by its destination, along the way it came, once', () => {
    const lone = start();
    const self = Lone.stationId(0).subarray(0, 8);
    const found = ring(3, { destination: self, towards: self });
    lone.from(B, found);
    lone.from(C, { ...found, hopLimit: 2 });
    expect(lone.sent('routeSeekBack').map(({ to }) => to)).toEqual([B]);
    lone.routes(B, entry(S, { hops: 30 }));
    expect(lone.take()).toMatchObject([{ kind: 'route', destination: key(S), firstHop: B }]);
  });

  it('goes back from parent to parent, and each pair of neighbours once', () => {
    const lone = start();
    lone.from(A, ring(4));
    lone.take();
    const back = { kind: 'routeSeekBack', destination: destination(D), source: destination(S) } as const;
    lone.from(B, back);
    lone.from(B, back);
    expect(lone.sent('routeSeekBack').map(({ to }) => to)).toEqual([A]);
    lone.from(A, back);
    expect(lone.sent('routeSeekBack')).toEqual([]);
  });

  it('by a landmark goes on to that one, who asks around', () => {
    const lone = start();
    lone.routes(C, entry(70, { flags: 1 }));
    lone.take();
    lone.from(A, ring(255, { towards: destination(70) }));
    expect(seeks(lone)).toEqual([[C, 254]]);
    lone.from(B, ring(255, { source: destination(61), towards: Lone.stationId(0).subarray(0, 8) }));
    expect(seeks(lone)).toEqual([
      [A, 3],
      [C, 3],
    ]);
  });

  it('finds its bound in the neighbour that sends too many', () => {
    const lone = start();
    for (let n = 0; n < 40; n++) {
      const to = destination(1000 + n);
      lone.from(A, ring(4, { destination: to, towards: to }));
    }
    expect(new Set(lone.sent('routeSeek').map(({ message }) => message.destination.join())).size).toBe(16);
    const other = destination(2000);
    lone.from(B, ring(4, { destination: other, towards: other }));
    expect(seeks(lone)).toHaveLength(2);
  });

  it('finds the same bound in a landmark, also for one that is known', () => {
    const lone = start();
    const towards = Lone.stationId(0).subarray(0, 8);
    for (let n = 0; n < 1000; n++) lone.from(A, ring(255, { towards }));
    expect(seeks(lone).filter(([to]) => to === B)).toHaveLength(16);
  });

  it('leaves rows for those that are begun here', () => {
    const lone = start();
    for (let n = 0; n < 45; n++) {
      for (const neighbor of [A, B, C]) {
        const to = destination(1000 + 100 * neighbor + n);
        lone.from(neighbor, ring(1, { destination: to, towards: to }));
      }
      if (n >= 15) lone.wait(500);
    }
    lone.take();
    lone.input({ kind: 'seek', destination: key(70), landmarks: [] });
    expect(seeks(lone).map(([to]) => to)).toEqual([A, B, C]);
  });

  it('does not fill a slow link', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B, SLOW);
    lone.take();
    for (let n = 0; n < 16; n++) {
      const to = destination(1000 + n);
      lone.from(A, ring(4, { destination: to, towards: to }));
    }
    expect(seeks(lone).length).toBe(8);
  });
});
