import { describe, expect, it } from 'vitest';
import { LAN } from './fake-suite.js';
import { entry, key, Lone } from './lone.js';

const A = 1;
const B = 2;
const D = 7;
/** Two rows are for the neighbours, six for others. */
const LIMITS = { routeCountMax: 8, neighborCountMax: 2 };

/** All messages with routes so far were taken. */
function settle(lone: Lone, ok = true): void {
  for (const output of lone.take()) {
    if (output.kind === 'message' && output.tag !== undefined) {
      lone.input({ kind: 'settled', tag: output.tag, ok });
    }
  }
}

/** B was told of D by way of A, and then that it is gone; other destinations of A want its row. */
function pressed(isTaken: boolean | undefined): Lone {
  const lone = new Lone(LIMITS);
  lone.greet(A);
  lone.greet(B);
  lone.routes(A, entry(D, { metric: 100 }));
  lone.wait(1000);
  settle(lone);
  lone.routes(A, entry(D, { metric: 0xffff, hops: 0, mtu: 0 }));
  lone.wait(1000);
  if (isTaken !== undefined) settle(lone, isTaken);
  lone.routes(A, ...[21, 22, 23, 24, 25, 26].map((n) => entry(n, {})));
  return lone;
}

describe('a row is given to another destination (§8.9)', () => {
  it('once everybody has taken the retraction', () => {
    const lone = pressed(true);
    expect(lone.nextHop(26)).toBe(A);
  });

  it('not before: a neighbour that still comes here for it would close a loop', () => {
    const lone = pressed(undefined);
    expect(lone.nextHop(26)).toBeUndefined();
    lone.routes(B, entry(D, { metric: 500, hops: 3 }));
    expect(lone.nextHop(D)).toBeUndefined();
  });

  it('nor by a message that failed', () => {
    const lone = pressed(false);
    expect(lone.nextHop(26)).toBeUndefined();
    lone.routes(B, entry(D, { metric: 500, hops: 3 }));
    expect(lone.nextHop(D)).toBeUndefined();
  });

  it('nor while somebody who was told is away', () => {
    const lone = new Lone(LIMITS);
    lone.greet(A);
    lone.greet(B);
    lone.routes(A, entry(D, { metric: 100 }));
    lone.wait(1000);
    settle(lone);
    lone.input({ kind: 'neighborDown', neighbor: B });
    lone.routes(A, entry(D, { metric: 0xffff, hops: 0, mtu: 0 }));
    lone.wait(1000);
    settle(lone);
    lone.routes(A, ...[21, 22, 23, 24, 25, 26].map((n) => entry(n, {})));
    expect(lone.nextHop(26)).toBeUndefined();
  });
});

describe('a table without room', () => {
  function full(): Lone {
    const lone = new Lone(LIMITS);
    lone.greet(A);
    lone.greet(B);
    lone.take();
    lone.routes(A, ...Array.from({ length: 10 }, (_, i) => entry(100 + i, { hops: 3 + (i % 4) })));
    return lone;
  }

  function withRoomAgain(): Lone {
    const lone = full();
    const gone = { metric: 0xffff, hops: 0, mtu: 0 };
    lone.routes(A, ...Array.from({ length: 10 }, (_, i) => entry(100 + i, gone)));
    lone.wait(5000);
    settle(lone);
    return lone;
  }

  it('asks all neighbours for what is near, then for less, and for landmarks as long as it can', () => {
    const lone = full();
    const asked = () => lone.sent('vicinity').map(({ to, message: m }) => [to, m.hops, m.landmarkHops]);
    expect(asked()).toEqual([
      [A, 2, 255],
      [B, 2, 255],
    ]);
    const seen: (readonly (number | undefined)[])[] = [];
    for (let n = 200; n < 260; n++) {
      lone.wait(1000);
      lone.routes(A, entry(n, { hops: 0 }));
      seen.push(...asked().filter(([to]) => to === A));
    }
    expect(seen.slice(0, 3)).toEqual([
      [A, 1, 255],
      [A, 0, 255],
      [A, 0, 8],
    ]);
    expect(seen.at(-1)).toEqual([A, 0, 1]);
  });

  it('has a row for each neighbour in any case', () => {
    const lone = full();
    const id = Lone.stationId(B).subarray(0, 8);
    lone.routes(B, { ...entry(0, { metric: 0, hops: 0 }), destination: id });
    expect(lone.router.nextHop(Lone.key(B))).toBe(Lone.key(B));
  });

  it('passes over what is further than it asked for', () => {
    const lone = withRoomAgain();
    lone.routes(A, entry(300, { hops: 3 }), entry(301, { hops: 3, flags: 1 }), entry(302, { hops: 2 }));
    expect([300, 301, 302].map((n) => lone.nextHop(n))).toEqual([undefined, A, A]);
    expect(lone.router.landmarks()).toEqual([{ destination: key(301), metric: 192, hops: 4 }]);
  });

  it('asks for more by and by once there is room', () => {
    const lone = withRoomAgain();
    lone.wait(60_000);
    expect(lone.sent('vicinity').map(({ to, message: m }) => [to, m.hops])).toEqual([
      [A, 255],
      [B, 255],
    ]);
  });
});

describe('what neighbours want to be told (§8.9)', () => {
  function told(lone: Lone): readonly string[] {
    return lone
      .sent('routes')
      .filter(({ to }) => to === B)
      .flatMap(({ message }) =>
        [...message.entries].map((e) => `${e.destination[7]} ${e.metric === 0xffff ? 'no more' : e.hops}`),
      );
  }

  function start(): Lone {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B);
    lone.wait(1000);
    lone.take();
    lone.routes(A, entry(1, { hops: 0 }), entry(2, { hops: 1 }), entry(3, { hops: 2 }));
    lone.routes(A, entry(4, { hops: 7, flags: 1 }), entry(5, { hops: 8 }));
    lone.wait(1000);
    return lone;
  }

  it('is what is near, and landmarks, until they say more', () => {
    const lone = start();
    expect(told(lone)).toEqual(['1 1', '2 2', '4 8']);
    lone.from(B, { kind: 'vicinity', hops: 255, landmarkHops: 255 });
    lone.wait(1000);
    expect(told(lone)).toEqual(['3 3', '5 9']);
  });

  it('is retracted when they want less, unless they searched for it (§8.10)', () => {
    const lone = start();
    lone.from(B, { kind: 'vicinity', hops: 255, landmarkHops: 255 });
    lone.wait(1000);
    told(lone);
    const towards = entry(5, {}).destination;
    lone.from(B, {
      kind: 'routeSeek',
      destination: towards,
      source: entry(9, {}).destination,
      towards,
      hopLimit: 2,
    });
    lone.from(B, { kind: 'vicinity', hops: 1, landmarkHops: 7 });
    lone.wait(1000);
    expect(told(lone).filter((text) => !text.startsWith('5'))).toEqual([
      '2 no more',
      '3 no more',
      '4 no more',
    ]);
    lone.from(B, { kind: 'routeUnwanted', destination: towards });
    lone.wait(1000);
    expect(told(lone)).toEqual(['5 no more']);
  });

  it('follows a destination that comes nearer or becomes a landmark', () => {
    const lone = start();
    told(lone);
    lone.routes(A, entry(5, { hops: 1 }), entry(3, { hops: 2, flags: 1 }));
    lone.wait(1000);
    expect(told(lone)).toEqual(['3 3', '5 2']);
    lone.routes(A, entry(3, { hops: 2 }));
    lone.wait(2000);
    expect(told(lone)).toEqual(['3 no more']);
  });
});

describe('a slow link (§8.9)', () => {
  const SLOW = { ...LAN, bitrate: 1000 };

  function told(lone: Lone): number {
    const destinations = new Map<string, boolean>();
    for (const { to, message } of lone.sent('routes')) {
      if (to !== B) continue;
      for (const e of message.entries) destinations.set(e.destination.join(), e.metric !== 0xffff);
    }
    return [...destinations.values()].filter((isThere) => isThere).length;
  }

  it.each([
    [8, 1000, 9],
    [30, 1000, 1],
    [30, 9600, 31],
    [200, 9600, 1],
    [200, 10_000, 201],
    [200, 0, 201],
  ])('with %i routes at %i bit/s is told %i', (count, bitrate, expected) => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B, { ...LAN, bitrate });
    lone.routes(A, ...Array.from({ length: count }, (_, n) => entry(n, { hops: 0 })));
    lone.wait(600_000);
    expect(told(lone)).toBe(expected);
  });

  it('brings what was searched for all the same', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B, SLOW);
    lone.routes(A, ...Array.from({ length: 30 }, (_, n) => entry(n, { hops: 0 })));
    lone.wait(60_000);
    lone.take();
    const destination = entry(7, {}).destination;
    const source = entry(99, {}).destination;
    lone.from(B, { kind: 'routeSeek', destination, source, towards: destination, hopLimit: 2 });
    lone.wait(5000);
    expect(told(lone)).toBe(1);
  });
});

describe('a landmark (§8.9)', () => {
  it('says so of itself', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.wait(1000);
    lone.take();
    for (const isLandmark of [true, true, false]) {
      lone.input({ kind: 'landmark', isLandmark });
      lone.wait(2000);
    }
    const flags = lone.sent('routes').map(({ message }) => [...message.entries].map((e) => e.flags));
    expect(flags).toEqual([[1], [0]]);
  });
});
