import { describe, expect, it } from 'vitest';
import { CborWriter } from '../../src/cbor/writer.js';
import { encodeMessage } from '../../src/packet/codec.js';
import type { Routes } from '../../src/packet/message.js';
import { LAN } from './fake-suite.js';
import { lattice, line, ring } from './graphs.js';
import { entry, Lone } from './lone.js';
import { Network } from './network.js';

const A = 1;
const B = 2;

describe('digests in heartbeats (SPEC §8.2)', () => {
  it('repair an update that was lost for good', () => {
    const network = new Network({ seed: 3, nodeCount: 6, edges: line(6) });
    network.run(10_000);
    network.join(0, 5);
    network.sabotage = (from, to, message) => to === 3 && from === 2 && message.kind === 'routes';
    network.run(3000);
    network.cutNow(4, 5); // nodes 3 and 4 must go round by 0, and 2 cannot tell 3 so
    network.run(2000);
    network.sabotage = undefined;
    expect(network.disagreements()).not.toEqual([]);
    network.run(120_000);
    expect(network.disagreements()).toEqual([]);
  });

  it('repair a retraction that was lost for good', () => {
    const network = new Network({ seed: 4, nodeCount: 4, edges: line(4) });
    network.run(10_000);
    network.sabotage = (_from, to, message) => to === 0 && message.kind === 'routes';
    network.cutNow(2, 3);
    network.run(3000);
    network.sabotage = undefined;
    expect(network.nextHop(0, 3)).toBe(1);
    network.run(120_000);
    expect(network.nextHop(0, 3)).toBeUndefined();
    expect(network.nextHop(0, 2)).toBe(1);
  });

  it('do not depend on the order in which routes came', () => {
    const digests = [
      [1, 2, 3, 4],
      [4, 2, 1, 3],
    ].map((order) => {
      const lone = new Lone();
      lone.greet(A);
      lone.greet(B);
      for (const n of order) lone.routes(A, entry(n, { metric: 96 * n }));
      lone.wait(60_000);
      return lone
        .sent('heartbeat')
        .filter(({ to }) => to === B)
        .at(-1)?.message.digest;
    });
    expect(digests[0]).toBeGreaterThan(0);
    expect(digests[0]).toBe(digests[1]);
  });

  it('are asked about at the second difference in a row, and not more than once a minute', () => {
    const lone = new Lone();
    lone.greet(A);
    const wrong = { kind: 'heartbeat', digest: 4711, intervalS: 32 } as const;
    lone.from(A, wrong);
    lone.wait(10);
    expect(lone.sent('routesWanted')).toEqual([]);
    lone.from(A, wrong);
    lone.wait(10);
    expect(lone.sent('routesWanted')).toHaveLength(1);
    for (let i = 0; i < 50; i++) {
      lone.from(A, wrong);
      lone.wait(1000);
    }
    expect(lone.sent('routesWanted')).toEqual([]);
    lone.wait(11_000);
    expect(lone.sent('routesWanted')).toHaveLength(1);
  });

  it('are not asked about when routes came between two that differ', () => {
    const lone = new Lone();
    lone.greet(A);
    for (let i = 0; i < 10; i++) {
      lone.from(A, { kind: 'heartbeat', digest: 4711, intervalS: 32 });
      lone.routes(A, entry(i, {}));
    }
    lone.wait(1000);
    expect(lone.sent('routesWanted')).toEqual([]);
  });
});

describe('asked for all routes', () => {
  it('tells them, and a heartbeat in order behind them', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B);
    lone.routes(A, entry(1, {}), entry(2, {}));
    lone.wait(5000);
    lone.take();
    lone.from(B, { kind: 'routesWanted' });
    const [routes, heartbeat] = lone.take();
    expect(routes).toMatchObject({ neighbor: B, message: { kind: 'routes' }, reliable: true });
    expect(heartbeat).toMatchObject({ neighbor: B, message: { kind: 'heartbeat' }, reliable: true });
  });

  it('does so every ten seconds at most', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.wait(5000);
    lone.take();
    for (let i = 0; i < 25; i++) {
      lone.from(A, { kind: 'routesWanted' });
      lone.wait(1000);
    }
    expect(lone.sent('routes').length).toBe(3);
  });

  it('a neighbour that did not notice that we are new is asked within moments', () => {
    const lone = new Lone();
    lone.up(A);
    lone.routes(A, entry(1, {})); // a change, not everything
    lone.wait(2100);
    expect(lone.sent('routesWanted').map(({ to }) => to)).toEqual([A]);
  });
});

describe('heartbeats', () => {
  it('are all that is said at rest, one in 28 to 32 s to each neighbour', () => {
    const network = new Network({ seed: 5, nodeCount: 12, edges: lattice(4, 3) });
    network.run(60_000);
    const before = network.outputs.length;
    network.run(320_000);
    const messages = network.outputs.splice(before);
    for (const { output } of messages) {
      expect(output.kind === 'message' ? output.message.kind : output.kind).toBe('heartbeat');
    }
    const ends = 2 * lattice(4, 3).length;
    expect(messages.length).toBeGreaterThanOrEqual(ends * 10);
    expect(messages.length).toBeLessThanOrEqual(ends * 12);
  });

  it.each([
    ['lan', 0, 1, 32],
    ['udp', 0, 1, 32],
    ['tcp', 0, 1, 32],
    ['serial', 115_200, 1, 16],
    ['radio', 1000, 1, 16],
    ['radio', 1000, 4, 52],
    ['radio', 1, 4, 3600],
  ])('on %s with %i bit/s and %i neighbours say %i s', (kind, bitrate, neighbors, seconds) => {
    const lone = new Lone();
    const link = { ...LAN, kind, bitrate };
    for (let n = 1; n <= neighbors; n++) {
      const via = { kind: 'direct', link: 7, address: `${n}` } as const;
      const keys = {
        sendKey: new Uint8Array(32).fill(n),
        receiveKey: new Uint8Array(32).fill(n + 100),
        formerKey: undefined,
      };
      lone.input({ kind: 'neighborUp', neighbor: n, id: Lone.stationId(n), via, link, ...keys });
      lone.from(n, { kind: 'heartbeat', digest: 0, intervalS: 3600 });
    }
    lone.take();
    lone.wait(7_200_000);
    expect(lone.sent('heartbeat').at(-1)?.message.intervalS).toBe(seconds);
  });

  it('that stay away for 3.5 of their intervals make a neighbour dead', () => {
    const lone = new Lone();
    lone.up(A);
    lone.from(A, { kind: 'heartbeat', digest: 0, intervalS: 10 });
    lone.routes(A, entry(1, {}));
    lone.wait(34_999);
    expect(lone.nextHop(1)).toBe(A);
    lone.take();
    lone.wait(1);
    expect(lone.take()).toContainEqual({ kind: 'neighborDead', neighbor: A });
    expect(lone.nextHop(1)).toBeUndefined();
  });

  it('need not come while other packets do', () => {
    const lone = new Lone();
    lone.up(A);
    lone.from(A, { kind: 'heartbeat', digest: 0, intervalS: 10 });
    lone.routes(A, entry(1, {}));
    for (let i = 0; i < 10; i++) {
      lone.wait(30_000);
      lone.input({ kind: 'heard', neighbor: A });
    }
    expect(lone.nextHop(1)).toBe(A);
  });

  it('or anything else make a dead neighbour live again, but not one without a direct path', () => {
    const lone = new Lone();
    lone.up(A);
    lone.wait(200_000);
    lone.take();
    lone.routes(A, entry(1, {}));
    expect(lone.nextHop(1)).toBe(A);
    lone.input({ kind: 'neighborDown', neighbor: A });
    lone.take();
    lone.routes(A, entry(1, {}));
    lone.input({ kind: 'heard', neighbor: A });
    expect(lone.nextHop(1)).toBeUndefined();
    expect(lone.take()).toEqual([{ kind: 'dropped', reason: 'notNeighbor' }]);
  });
});

/** What that neighbor is told and takes, while so many seconds pass. */
function takenBy(lone: Lone, neighbor: number, seconds: number): readonly Routes[] {
  const taken: Routes[] = [];
  for (let second = 0; second < seconds; second++) {
    lone.wait(1000);
    for (const output of lone.take()) {
      if (output.kind !== 'message' || output.message.kind !== 'routes') continue;
      if (output.neighbor === neighbor) taken.push(output.message);
      if (output.tag !== undefined) lone.input({ kind: 'settled', tag: output.tag, ok: true });
    }
  }
  return taken;
}

describe('ROUTES messages', () => {
  it.each([64, 100, 250, 480, 1200, 1400, 9000])('fit an MTU of %i less 40 bytes', (mtu) => {
    const lone = new Lone();
    lone.greet(A);
    lone.up(B, { ...LAN, mtu });
    lone.from(B, { kind: 'vicinity', hops: 255, landmarkHops: 255 });
    const many = Array.from({ length: 300 }, (_, n) =>
      entry(n, { boot: (n * 977) & 0xffff, sequence: n * 7, metric: 90 + n * 13, hops: n % 40 }),
    );
    lone.routes(A, ...many);
    const sent = takenBy(lone, B, 600);
    for (const message of sent) {
      const writer = new CborWriter();
      encodeMessage(message, writer);
      if (message.entries.length > 1) expect(writer.length).toBeLessThanOrEqual(mtu - 40);
      expect(message.entries.length).toBeLessThanOrEqual(64);
    }
    const told = new Set(
      sent.flatMap((message) => [...message.entries].map(({ destination: id }) => id.join(' '))),
    );
    expect(told.size).toBe(301);
  });

  it('come at once, then bundled, and once a second on the average', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B);
    lone.wait(20_000);
    lone.take();
    lone.routes(A, entry(1, {}));
    expect(lone.sent('routes').filter(({ to }) => to === B)).toHaveLength(1);
    for (let i = 0; i < 600; i++) {
      lone.routes(A, entry(2, { metric: i % 2 === 0 ? 96 : 0xffff, sequence: i }));
      lone.wait(100);
    }
    const count = lone.sent('routes').filter(({ to }) => to === B).length;
    expect(count).toBeGreaterThan(55);
    expect(count).toBeLessThanOrEqual(80);
  });

  it('share ever longer bundles while changes keep coming', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.greet(B);
    lone.wait(20_000);
    lone.take();
    const times: number[] = [];
    for (let ms = 0; ms < 4000; ms += 10) {
      lone.routes(A, entry(1, { metric: ms % 20 === 0 ? 96 : 0xffff, sequence: ms }));
      if (lone.sent('routes').some(({ to }) => to === B)) times.push(ms);
      lone.wait(10);
    }
    const pauses = times.slice(1).map((ms, i) => ms - (times[i] ?? 0));
    expect(pauses.slice(0, 9)).toEqual([30, 30, 30, 30, 30, 60, 120, 240, 480]);
    for (const pause of pauses.slice(9)) expect(pause).toBeGreaterThanOrEqual(480);
  });

  it('take a quarter of a slow link', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.up(B, { ...LAN, kind: 'radio', bitrate: 10_000, mtu: 250 });
    lone.routes(A, ...Array.from({ length: 800 }, (_, n) => entry(n, {})));
    lone.wait(10_000);
    const bytes = lone.sent('routes').reduce((sum, { to, message }) => {
      const writer = new CborWriter();
      encodeMessage(message, writer);
      return to === B ? sum + writer.length + 40 : sum;
    }, 0);
    expect(bytes).toBeGreaterThan(5000);
    expect(bytes).toBeLessThan((10 + 15) * 313); // what was saved up for 15 s may go at once
  });
});

describe('routes at a neighbour that only one end noticed to be gone', () => {
  it('are right again when it is back', () => {
    const network = new Network({ seed: 6, nodeCount: 8, edges: ring(8) });
    network.run(20_000);
    network.input(0, { kind: 'neighborDown', neighbor: network.side(0, 1).session });
    network.run(5000);
    network.cutNow(4, 5);
    network.run(2000);
    network.raise(0, 1);
    network.run(5000);
    expect(network.disagreements()).toEqual([]);
  });
});
