import {
  type ConnectOptions,
  type Framing,
  type Host,
  type Port,
  type Sighting,
  World,
} from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { echo, flooder, pinger } from './toys.js';

/** `count` packets of `size` bytes from a to b and back over one link. */
function exchange(
  options: ConnectOptions,
  load: { everyMs: number; count: number; size?: number },
  seed = 11,
) {
  const world = new World({ seed });
  const a = world.addHost('a', pinger(load));
  const b = world.addHost('b', echo);
  const medium = world.connect(a, b, options);
  world.runFor(load.everyMs * load.count + 20_000);
  return { world, a, b, medium };
}

function numbers(host: Host): number[] {
  return host.eventsOf('message').map(({ body }) => (body[1] as number) * 256 + (body[2] as number));
}

describe('quality', () => {
  const load = { everyMs: 10, count: 10_000 };

  it('delivers everything, in order, after exactly the delay when nothing is wrong', () => {
    const { a } = exchange({ delayMs: 12.5 }, { everyMs: 10, count: 100 });
    expect(numbers(a)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(a.eventTimes[0]).toBe(35);
  });

  it('loses as many as it should (the seed decides which)', () => {
    const { b, a, medium } = exchange({ loss: 0.2 }, load);
    expect(b.counters.receivedPackets).toBe(8064);
    expect(a.counters.receivedPackets).toBe(6470);
    expect(medium.counters.lost).toBe(10_000 - 6470);
  });

  it('loses one way only', () => {
    const { b, a } = exchange({ loss: 0, back: { loss: 1 } }, { everyMs: 10, count: 50 });
    expect([b.counters.receivedPackets, a.counters.receivedPackets]).toEqual([50, 0]);
  });

  it('duplicates, both copies being whole', () => {
    const { b, medium } = exchange({ duplicate: 0.1 }, load);
    expect(b.counters.receivedPackets).toBe(10_948);
    expect(medium.counters.duplicated).toBe(2079);
  });

  it('keeps the order under jitter, and breaks it only by reordering', () => {
    const jittery = numbers(exchange({ jitterMs: 100 }, { everyMs: 10, count: 500 }).a);
    expect(jittery).toEqual([...jittery].sort((x, y) => x - y));
    const { a, medium } = exchange({ reorder: 0.1, reorderMs: 100 }, { everyMs: 10, count: 500 });
    const shuffled = numbers(a);
    expect(shuffled).toHaveLength(500);
    expect(shuffled).not.toEqual([...shuffled].sort((x, y) => x - y));
    expect(medium.counters.reordered).toBe(96);
  });

  it('damages bits or cuts ends, never lengthens', () => {
    const sightings: Sighting[] = [];
    const world = new World({ seed: 4 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 400, size: 8 }));
    world.connect(a, world.addHost('b', flooder(0)), { corrupt: 1 });
    world.tap = (sighting) => sightings.push({ ...sighting, bytes: new Uint8Array(sighting.bytes) });
    world.runFor(5000);
    const damaged = sightings.filter(({ fate }) => fate === 'corrupted');
    expect(damaged).toHaveLength(400);
    expect(new Set(damaged.map(({ bytes }) => bytes.length))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
  });

  it('is unreliable only where it says so: a reliable link turns loss into waiting', () => {
    const { a, b } = exchange({ isReliable: true, loss: 0.1, jitterMs: 5 }, { everyMs: 50, count: 400 });
    expect(numbers(a)).toEqual(Array.from({ length: 400 }, (_, i) => i));
    expect(b.counters.receivedPackets).toBe(400);
    expect(Math.max(...gaps(a.eventTimes))).toBeGreaterThan(100);
  });

  it('changes while it runs, for all or for one sender', () => {
    const world = new World({ seed: 2 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 100 }));
    const b = world.addHost('b', echo);
    const medium = world.connect(a, b);
    world.at(505, () => medium.change({ loss: 1 }, a.ports[0]));
    world.runFor(2000);
    expect([a.counters.sentPackets, b.counters.receivedPackets]).toEqual([100, 50]);
  });
});

describe('bit rate', () => {
  it('sends one packet after the other, each for its airtime', () => {
    const { a, b, medium } = exchange({ bitrate: 8000, delayMs: 5 }, { everyMs: 1, count: 5, size: 100 });
    expect(b.counters.receivedBytes).toBe(500);
    // 100 ms on the air there, 100 ms back, 5 ms each way; the next ones queue behind.
    expect(a.eventTimes).toEqual([211, 311, 411, 511, 611]);
    expect(medium.airtimeUs).toBe(1_000_000);
  });

  it('counts start and stop bits and what the medium adds', () => {
    const { a } = exchange(
      { bitrate: 9600, bitsPerByte: 10, delayMs: 0 },
      { everyMs: 4, count: 1, size: 96 },
    );
    expect(a.eventTimes[0]).toBe(204);
    const radio = exchange(
      { bitrate: 8000, overheadBytes: 25, delayMs: 0 },
      { everyMs: 4, count: 1, size: 75 },
    );
    expect(radio.a.eventTimes[0]).toBe(204);
    expect(radio.a.counters.sentBytes).toBe(75);
  });

  it('drops what its queue cannot hold', () => {
    const { b, medium } = exchange({ bitrate: 8000, queueBytes: 350 }, { everyMs: 1, count: 10, size: 100 });
    expect([b.counters.receivedPackets, medium.counters.queueFull]).toEqual([3, 7]);
  });

  it('is shared by all stations of a radio, and one each on a switch', () => {
    for (const [isShared, expected] of [
      [true, [103, 203]],
      [false, [103, 103]],
    ] as const) {
      const world = new World({ seed: 1 });
      const senders = ['a', 'b'].map((name) =>
        world.addHost(name, pinger({ everyMs: 2, count: 1, size: 100, to: 'c' })),
      );
      const c = world.addHost('c', echo);
      world.join([...senders, c], { bitrate: 8000, isShared, delayMs: 1 });
      const arrivals: number[] = [];
      world.tap = ({ fate, port }) => {
        if (fate === 'arrived' && port.host === c) arrivals.push(world.now);
      };
      world.runFor(1000);
      expect(arrivals).toEqual(expected);
    }
  });
});

describe('faults of links', () => {
  it('unplugging tells both ends, cutting tells nobody, and both lose what is in flight', () => {
    for (const fault of ['unplug', 'cut'] as const) {
      const world = new World({ seed: 1 });
      const a = world.addHost('a', pinger({ everyMs: 10, count: 20 }), { isRecorded: true });
      const b = world.addHost('b', echo);
      const medium = world.connect(a, b, { delayMs: 5 });
      world.at(12, () => world[fault](medium));
      world.at(101, () => (fault === 'cut' ? world.heal(medium) : world.plug(medium)));
      world.runFor(1000);
      const isTold = fault === 'unplug';
      expect(a.trace.some((line) => line.includes('linkDown'))).toBe(isTold);
      expect(a.trace.filter((line) => line.includes('linkUp'))).toHaveLength(isTold ? 2 : 1);
      expect(b.counters.receivedPackets).toBe(10);
      expect(a.counters.sentPackets).toBe(isTold ? 11 : 20);
    }
  });

  it('may carry one way only', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 30 }));
    const b = world.addHost('b', echo);
    const medium = world.connect(a, b);
    const [ofA, ofB] = medium.ports as [Port, Port];
    world.at(105, () => medium.block(ofB, ofA));
    world.at(205, () => medium.unblock(ofB, ofA));
    world.runFor(1000);
    expect([b.counters.receivedPackets, a.counters.receivedPackets]).toEqual([30, 20]);
    expect(medium.counters.blocked).toBe(10);
  });

  it('a carrier shows that the other end has no power, a plain cable does not', () => {
    for (const hasCarrier of [true, false]) {
      const world = new World({ seed: 1 });
      const a = world.addHost('a', echo, { isRecorded: true });
      const b = world.addHost('b', echo);
      world.connect(a, b, { hasCarrier });
      world.at(50, () => b.crash());
      world.at(90, () => b.start());
      world.runFor(200);
      const told = a.trace
        .filter((line) => line.startsWith('input '))
        .map((line) => line.replace(/"link":1.*/, ''));
      expect(told).toEqual(
        hasCarrier
          ? ['input 0 {"kind":"linkUp",', 'input 50 {"kind":"linkDown",', 'input 90 {"kind":"linkUp",']
          : [told[0]],
      );
    }
  });
});

describe('media of many stations', () => {
  it('carry to one address, or to all where they broadcast', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 3, to: 'c' }));
    const z = world.addHost('z', pinger({ everyMs: 10, count: 2, to: '*' }));
    const others = ['b', 'c', 'd'].map((name) => world.addHost(name, echo));
    world.join([a, z, ...others], { cast: 'broadcast' });
    world.runFor(100);
    expect(others.map((host) => host.counters.receivedPackets)).toEqual([2, 5, 2]);
    expect(z.events).toHaveLength(8); // from a, too
    expect(a.events).toHaveLength(3);
  });

  it('say that nobody is at an address', () => {
    const fates: string[] = [];
    const world = new World({ seed: 1 });
    world.join([world.addHost('a', pinger({ everyMs: 10, count: 1, to: 'x' })), world.addHost('b', echo)], {
      cast: 'address',
    });
    world.tap = ({ fate, address }) => fates.push(`${fate} ${address}`);
    world.runFor(100);
    expect(fates).toEqual(['sent x', 'nobody x']);
  });

  it('refuse a broadcast where nothing reaches all', () => {
    const world = new World({ seed: 1 });
    const hosts = [world.addHost('a', pinger({ everyMs: 10, count: 1, to: '*' })), world.addHost('b', echo)];
    world.join(hosts, { cast: 'address' });
    expect(() => world.runFor(100)).toThrow(/nothing reaches all/);
  });

  it('are heard only in reach', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 4, to: '*' }));
    const others = ['b', 'c'].map((name) => world.addHost(name, echo));
    const medium = world.join([a, ...others]);
    const [ofA, ofB] = medium.ports;
    if (ofA !== undefined && ofB !== undefined) ofA.reach = [ofB];
    world.runFor(100);
    expect(others.map((host) => host.counters.receivedPackets)).toEqual([4, 0]);
  });
});

describe('byte streams', () => {
  const uart: ConnectOptions = { bitrate: 115_200, bitsPerByte: 10 };

  it('carry framed packets in chunks, in order', () => {
    const stream = { chunkBytesMax: 3 };
    const { a, medium } = exchange({ ...uart, stream, jitterMs: 2 }, { everyMs: 10, count: 200 });
    expect(medium.info.flow).toBe('stream');
    expect(numbers(a)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('lose frames to noise and recover at the next one', () => {
    const stream = { flip: 0.002, vanish: 0.001, appear: 0.001 };
    const { a } = exchange({ ...uart, stream }, { everyMs: 10, count: 1000 });
    const heard = numbers(a);
    expect(heard.length).toBe(810);
    expect(heard).toEqual([...heard].sort((x, y) => x - y));
    expect(heard.at(-1)).toBeGreaterThan(990);
  });

  it('start afresh after a cut in the middle of a frame', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 50, count: 4, size: 100 }));
    const b = world.addHost('b', echo);
    const medium = world.connect(a, b, { bitrate: 9600, bitsPerByte: 10, stream: {} });
    world.at(80, () => world.cut(medium));
    world.at(82, () => world.heal(medium));
    world.runFor(2000);
    expect(b.counters.receivedPackets).toBe(3);
  });

  it('may be framed otherwise', () => {
    const makeFraming = (): Framing => new WholeChunks();
    const { a, b } = exchange({ stream: { makeFraming } }, { everyMs: 10, count: 10, size: 1 });
    expect([a.counters.receivedPackets, b.counters.receivedBytes]).toEqual([10, 10]);
  });

  /** Takes each chunk for a packet. */
  class WholeChunks implements Framing {
    #packet: Uint8Array | undefined;

    encodeFrame(packet: Uint8Array): Uint8Array {
      return packet;
    }

    push(bytes: Uint8Array): void {
      this.#packet = bytes;
    }

    shift(): Uint8Array | undefined {
      const packet = this.#packet;
      this.#packet = undefined;
      return packet;
    }
  }
});

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, i) => at - (times[i] ?? 0));
}
