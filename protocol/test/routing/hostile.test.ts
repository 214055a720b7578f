import { describe, expect, it } from 'vitest';
import { PI_LIMITS } from '../../src/limits.js';
import type { RouterInput } from '../../src/routing/doors.js';
import { A, B, byId, byLabel, frame, greeted, kinds, PACKET } from './frames.js';
import { Dice, line } from './graphs.js';
import { destination, entry, key, Lone } from './lone.js';
import { Network } from './network.js';

describe('frames of others (SPEC §8.4)', () => {
  it('are dropped when any bit was changed', () => {
    for (const fields of [byId(A, destination(5)), byLabel(0)]) {
      const lone = greeted();
      lone.input(frame(A, 0, byId(A, destination(5))));
      lone.take();
      const genuine = frame(A, 1, fields);
      if (genuine.kind !== 'frame') throw new Error('a frame');
      for (let bit = 0; bit < genuine.bytes.length * 8; bit++) {
        const bytes = new Uint8Array(genuine.bytes);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        lone.input({ ...genuine, bytes });
        const [reason, ...more] = kinds(lone);
        expect(more).toEqual([]);
        expect(['authentication', 'unknownType', 'truncated']).toContain(reason);
      }
      lone.input(genuine);
      expect(kinds(lone)).toEqual(['transmit']);
    }
  });

  it('are dropped when cut off anywhere', () => {
    const lone = greeted();
    const genuine = frame(A, 0, byId(A, destination(5)));
    if (genuine.kind !== 'frame') throw new Error('a frame');
    for (let length = 0; length < genuine.bytes.length; length++) {
      lone.input({ ...genuine, bytes: genuine.bytes.subarray(0, length) });
      const [reason, ...more] = kinds(lone);
      expect(more).toEqual([]);
      expect(['empty', 'truncated', 'authentication']).toContain(reason);
    }
  });

  it('are taken once each, up to 64 late', () => {
    const lone = greeted();
    const at = (counter: number): string => {
      lone.input(frame(A, counter, byId(A, destination(5))));
      return kinds(lone)[0] ?? '';
    };
    expect(at(0)).not.toBe('replay');
    expect(at(0)).toBe('replay');
    expect(at(100)).toBe('transmit');
    expect(at(37)).toBe('transmit');
    expect(at(37)).toBe('replay');
    for (let old = 36; old > 0; old--) expect(at(old)).toBe('replay');
    expect(at(164)).toBe('transmit');
    expect(at(100)).toBe('replay');
    expect(at(101)).toBe('transmit');
  });

  it('are taken beyond the 16 bits of the counter that travel', () => {
    const lone = greeted();
    for (let counter = 0; counter < 200_000; counter += 9973) {
      lone.input(frame(A, counter, byId(A, destination(5))));
      expect(kinds(lone)).toContain('transmit');
    }
  });

  it('are dropped from whoever is no live neighbour', () => {
    const lone = greeted();
    const stranger = frame(A, 0, byId(A, destination(5)));
    lone.input({ ...stranger, via: { kind: 'direct', link: 9, address: '' } } as RouterInput);
    lone.input({ ...stranger, via: { kind: 'direct', link: A, address: 'elsewhere' } } as RouterInput);
    lone.input({ kind: 'neighborDown', neighbor: A });
    lone.take();
    lone.input(stranger);
    expect(kinds(lone)).toEqual(['notNeighbor']);
    lone.up(A);
    lone.take();
    lone.input(stranger);
    expect(kinds(lone)).toContain('transmit');
  });

  it('are dropped when they would go back to where they came from', () => {
    const lone = greeted();
    lone.input(frame(B, 0, byId(B, destination(5))));
    expect(kinds(lone)).toEqual(['noRoute']);
  });

  it('are dropped when nobody knows the destination or the label', () => {
    const lone = greeted();
    lone.input(frame(A, 0, byId(A, destination(6))));
    lone.input(frame(A, 1, byLabel(12)));
    expect(kinds(lone)).toEqual(['noRoute', 'labelUnknown', 'noRoute']);
  });

  it('are dropped when their label had its row before, or would have it later', () => {
    const lone = greeted();
    lone.input(frame(A, 0, byId(A, destination(5))));
    const [given] = lone.sent('label');
    const label = given?.message.label ?? -1;
    for (let i = 1; i < 100; i++) {
      lone.input(frame(A, i, byLabel(label + i * PI_LIMITS.labelCountMax)));
      expect(kinds(lone)).toEqual(['labelUnknown', 'noRoute']);
    }
    lone.input(frame(A, 100, byLabel(label)));
    expect(kinds(lone)).toEqual(['transmit']);
  });

  it('are dropped when their hops are used up, unless they have arrived', () => {
    const lone = greeted();
    lone.input(frame(A, 0, byId(A, destination(5), 0)));
    expect(kinds(lone)).toEqual(['hopLimit']);
    lone.input(frame(A, 1, byId(A, Lone.stationId(0).subarray(0, 8), 0)));
    expect(kinds(lone)).toEqual(['label', 'deliver']);
  });

  it('give no label to what goes nowhere', () => {
    const lone = greeted();
    for (let i = 0; i < 100; i++) lone.input(frame(A, i, byId(i, destination(1000 + i))));
    expect(new Set(kinds(lone))).toEqual(new Set(['noRoute']));
  });

  it('are told apart by their keys: those of one neighbour mean nothing under another', () => {
    const lone = greeted();
    const genuine = frame(A, 0, byId(A, destination(5)));
    lone.input({ ...genuine, via: { kind: 'direct', link: B, address: '' } } as RouterInput);
    expect(kinds(lone)).toEqual(['authentication']);
  });

  it('prove that the neighbour is alive, but not when forged', () => {
    const lone = greeted();
    lone.from(A, { kind: 'heartbeat', digest: 0, intervalS: 10 });
    for (let i = 0; i < 10; i++) {
      lone.wait(30_000);
      lone.input(frame(A, i, byId(A, destination(5))));
    }
    expect(kinds(lone)).not.toContain('neighborDead');
    for (let i = 0; i < 2; i++) {
      lone.wait(30_000);
      lone.input(frame(A, 0, byId(A, destination(5), 7)));
      lone.input({
        kind: 'frame',
        via: { kind: 'direct', link: A, address: '' },
        bytes: new Uint8Array(40).fill(0x70),
      });
    }
    expect(lone.take()).toContainEqual({ kind: 'neighborDead', neighbor: A });
  });
});

describe('hop counters', () => {
  it('go on when the same keys come again, and start over with new ones', () => {
    const lone = greeted();
    const counters = (): readonly number[] =>
      lone
        .take()
        .flatMap((o) => (o.kind === 'transmit' ? [((o.bytes[18] ?? 0) << 8) | (o.bytes[19] ?? 0)] : []));
    const send = (): void => lone.input({ kind: 'send', to: key(5), packet: PACKET });
    for (let i = 0; i < 3; i++) send();
    lone.input({ kind: 'neighborDown', neighbor: B });
    lone.greet(B);
    lone.routes(B, entry(5, { sequence: 1 }));
    send();
    expect(counters()).toEqual([0, 1, 2, 3]);
    lone.input({ kind: 'neighborClosed', neighbor: B });
    lone.greet(B);
    lone.routes(B, entry(5, { sequence: 2 }));
    send();
    expect(counters()).toEqual([0]);
  });
});

describe('counters of what this router sends (SPEC §8.4)', () => {
  it('give no nonce twice, though 16 bits of them travel', () => {
    const lone = greeted();
    const at = (count: number): Uint8Array => {
      for (let i = 0; i < count; i++) {
        lone.take();
        lone.input({ kind: 'send', to: key(5), packet: PACKET });
      }
      const [sent] = lone.take().flatMap((o) => (o.kind === 'transmit' ? [o.bytes] : []));
      return sent ?? new Uint8Array();
    };
    const [first, second] = [at(1), at(0x1_0000)];
    const mic = [20, 24] as const;
    expect(second.subarray(0, mic[0])).toEqual(first.subarray(0, mic[0]));
    expect(second.subarray(...mic)).not.toEqual(first.subarray(...mic));
  });
});

describe('bounds (SPEC §8.9)', () => {
  it('a flood of destinations fills the table and pushes nothing out, and neighbours still find room', () => {
    const lone = new Lone({ routeCountMax: 50, neighborCountMax: 8 });
    lone.greet(A);
    lone.routes(A, entry(1, {}), entry(2, {}));
    for (let n = 1000; n < 6000; n++) lone.routes(A, entry(n, { metric: 1, hops: 0 }));
    const known = Array.from({ length: 6000 }, (_, n) => n).filter((n) => lone.nextHop(n) !== undefined);
    expect(known.length).toBe(50 - 8);
    expect(known).toContain(1);
    expect(known).toContain(2);
    for (let n = 2; n <= 8; n++) {
      lone.greet(n);
      lone.routes(n, { ...entry(0, {}), destination: Lone.stationId(n).subarray(0, 8), metric: 0, hops: 0 });
      expect(lone.router.nextHop(Lone.key(n))).toBe(Lone.key(n));
    }
  });

  it('what found no room finds it when the flood is over', () => {
    const lone = new Lone({ routeCountMax: 50, neighborCountMax: 8 });
    lone.greet(A);
    lone.greet(B);
    for (let n = 1000; n < 2000; n++) lone.routes(A, entry(n, {}));
    lone.routes(B, entry(1, {}));
    expect(lone.nextHop(1)).toBeUndefined();
    lone.input({ kind: 'neighborClosed', neighbor: A });
    lone.take();
    for (let s = 0; s < 400; s++) {
      lone.wait(1000);
      lone.input({ kind: 'heard', neighbor: B });
    }
    expect(lone.sent('routesWanted').some(({ to }) => to === B)).toBe(true);
    lone.routes(B, entry(1, {}));
    expect(lone.nextHop(1)).toBe(B);
  });

  it('more neighbours than the limit are refused', () => {
    const lone = new Lone({ neighborCountMax: 3, sessionCountMax: 5 });
    for (let n = 1; n <= 4; n++) lone.up(n);
    expect(kinds(lone).filter((kind) => kind === 'overLimit')).toHaveLength(1);
    lone.input({ kind: 'neighborDown', neighbor: 1 });
    lone.up(4);
    expect(kinds(lone)).not.toContain('overLimit');
    lone.up(5); // the row of 1 keeps its counters, but there are only 3 neighbours
    expect(kinds(lone)).toEqual(['overLimit']);
  });

  it('a second session with the same node takes the place of the first', () => {
    const lone = new Lone();
    lone.greet(A);
    lone.routes(A, entry(5, {}));
    const again = { id: Lone.stationId(A), via: { kind: 'direct', link: 3, address: '' } } as const;
    const keys = {
      sendKey: new Uint8Array(32).fill(7),
      receiveKey: new Uint8Array(32).fill(8),
      formerKey: undefined,
    };
    const link = {
      kind: 'udp',
      name: '',
      mtu: 1200,
      flow: 'datagram',
      cast: 'address',
      reliable: false,
      bitrate: 0,
    };
    lone.input({
      kind: 'neighborUp',
      neighbor: 44,
      ...again,
      ...keys,
      link: link as typeof link & { flow: 'datagram'; cast: 'address' },
    });
    expect(lone.nextHop(5)).toBeUndefined();
    lone.from(44, { kind: 'routes', entries: [entry(5, { sequence: 1 })] });
    lone.take();
    lone.input({ kind: 'send', to: key(5), packet: PACKET });
    expect(lone.take()).toMatchObject([{ kind: 'transmit', via: { link: 3 } }]);
  });

  it('any input of any neighbour leaves a router that works', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const dice = new Dice(seed);
      const lone = new Lone({ routeCountMax: 20, neighborCountMax: 3, sessionCountMax: 4, labelCountMax: 2 });
      for (let i = 0; i < 500; i++) {
        const n = 1 + dice.below(5);
        lone.input(anything(dice, n));
        lone.wait(dice.below(3000));
        expect(lone.take().length).toBeLessThan(200);
      }
    }
  });
});

function anything(dice: Dice, n: number): RouterInput {
  const sequence = dice.below(4);
  const metric = dice.next() < 0.3 ? 0xffff : dice.below(0x1_0000);
  const entries = [entry(dice.below(30), { boot: dice.below(3), sequence, metric, hops: dice.below(256) })];
  const id = destination(dice.below(30));
  const message = (
    [
      { kind: 'routes', entries },
      { kind: 'routesWanted' },
      { kind: 'routeRequest', destination: id, boot: dice.below(3), sequence, hopLimit: dice.below(256) },
      { kind: 'label', label: dice.below(0x1_0000), source: id, destination: destination(dice.below(30)) },
      { kind: 'heartbeat', digest: dice.below(0x1_0000), intervalS: dice.below(100) },
    ] as const
  )[dice.below(5)];
  const packet = dice.bytes(dice.below(60));
  const via = { kind: 'direct', link: n, address: '' } as const;
  const link = { kind: 'sim', name: '', mtu: 60 + dice.below(2000), bitrate: dice.below(200_000) };
  const medium = { flow: 'datagram', cast: 'point', reliable: false } as const;
  const keys = {
    sendKey: new Uint8Array(32).fill(dice.below(2)),
    receiveKey: new Uint8Array(32).fill(n + 100),
    formerKey: dice.below(2) === 0 ? undefined : new Uint8Array(32).fill(n + 50 + dice.below(100)),
  };
  const up = {
    kind: 'neighborUp',
    neighbor: n,
    id: Lone.stationId(n),
    via,
    link: { ...link, ...medium },
    ...keys,
  } as const;
  const others = [
    up,
    { kind: 'neighborDown', neighbor: n },
    { kind: 'neighborClosed', neighbor: n },
    { kind: 'heard', neighbor: n },
    { kind: 'loss', neighbor: n, perMille: dice.below(1001) },
    { kind: 'roundTrip', neighbor: n, ms: dice.below(5000) },
    { kind: 'neighborMoved', neighbor: n, via, link: { ...link, ...medium } },
    { kind: 'frame', via, bytes: packet },
    { kind: 'send', to: key(dice.below(30)), packet },
    frame(n, dice.below(100), {
      kind: 'label',
      hopsLeft: dice.below(40),
      label: dice.below(64),
      packet: PACKET,
    }),
    frame(n, dice.below(100), byId(dice.below(9), id, dice.below(256))),
    { kind: 'timeout' },
  ] as const satisfies readonly RouterInput[];
  if (dice.next() < 0.5 && message !== undefined) return { kind: 'message', neighbor: n, message };
  return others[dice.below(others.length)] ?? up;
}

describe('a member that asks for later boots (SPEC §8.3)', () => {
  const own = Lone.stationId(0).subarray(0, 8);
  const ask = (lone: Lone, boot: number, sequence: number) =>
    lone.from(A, { kind: 'routeRequest', destination: own, boot, sequence, hopLimit: 9 });

  it('has one a minute, since each is stored and signed for', () => {
    const lone = greeted();
    lone.take();
    const boots: number[] = [];
    for (let second = 0; second < 600; second++) {
      ask(lone, 40 + 100 * second, 0);
      lone.wait(1000);
      for (const output of lone.take()) if (output.kind === 'boot') boots.push(output.boot);
    }
    expect(boots[0]).toBe(40);
    expect(boots.length).toBeLessThanOrEqual(11);
  });

  it('keeps nobody from a newer sequence of the present one', () => {
    const lone = greeted();
    lone.take();
    ask(lone, 40, 0);
    ask(lone, 41, 0);
    lone.wait(1000);
    lone.take();
    ask(lone, 40, 7);
    lone.wait(1000);
    const told = lone.sent('routes').flatMap(({ message }) => [...message.entries]);
    expect(told.map(({ boot, sequence }) => [boot, sequence])).toContainEqual([40, 7]);
  });
});

describe('a node that lost its store', () => {
  it('comes back with an old boot and is found again, and learns the boot to keep', () => {
    const network = new Network({ seed: 9, nodeCount: 5, edges: line(5) });
    network.run(10_000);
    for (let boot = 2; boot < 6; boot++) {
      network.restart(2, boot);
      network.run(20_000);
    }
    network.restart(2, 1);
    network.run(30_000);
    expect(network.disagreements()).toEqual([]);
    const boots = network.outputs.flatMap(({ output }) => (output.kind === 'boot' ? [output.boot] : []));
    expect(boots).toEqual([5]);
  });
});
