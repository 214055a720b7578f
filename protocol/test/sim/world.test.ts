import type { NodeInput } from '@fogwisp/protocol';
import { replay, World, WorldFailure } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Counter, Echo, echo, flooder, pinger } from './toys.js';

/** Six hosts in a ring with everything that can go wrong on the links, one minute. */
function rough(seed: number, isRecorded = false): World {
  const world = new World({ seed });
  for (let i = 0; i < 6; i++) world.addHost(`n${i}`, flooder(400), { isRecorded, skewPpm: 40 * i });
  for (let i = 0; i < 6; i++) {
    const next = world.host(`n${(i + 1) % 6}`);
    world.connect(world.host(`n${i}`), next, {
      delayMs: 3,
      jitterMs: 5,
      loss: 0.1,
      duplicate: 0.05,
      reorder: 0.1,
    });
  }
  world.at(20_000, () => world.host('n2').restart());
  world.runFor(60_000);
  return world;
}

describe('a run is a function of its seed', () => {
  it('gives the same hash, counters and events for the same seed', () => {
    const [a, b] = [rough(7), rough(7)];
    expect(a.hash).toBe(b.hash);
    expect(a.describe()).toBe(b.describe());
    expect(a.host('n4').counters).toEqual(b.host('n4').counters);
    expect(a.host('n4').events).toEqual(b.host('n4').events);
    expect(a.eventCount).toBeGreaterThan(2000);
  });

  it('gives different hashes for different seeds', () => {
    const hashes = new Set([1, 2, 3, 4, 2 ** 40 + 1].map((seed) => rough(seed).hash));
    expect(hashes.size).toBe(5);
  });

  it('is the run it always was: a change of this hash is a change of what seeds mean', () => {
    expect(rough(1).hash).toBe('919b6785');
  });
});

describe('replay', () => {
  it('gives exactly the outputs of the host from its trace, across a restart', () => {
    const world = rough(3, true);
    for (const host of world.hosts) {
      const again = replay(host.trace, flooder(400));
      expect(again.differsAt).toBeUndefined();
      const events = again.outputs.filter((output) => output.kind === 'event').map((output) => output.event);
      expect(events).toEqual(host.events);
      expect(again.outputs.filter((output) => output.kind === 'transmit')).toHaveLength(
        host.counters.sentPackets,
      );
    }
  });

  it('names the first line at which another node does something else', () => {
    const { trace } = rough(3, true).host('n1');
    expect(replay(trace, flooder(401)).differsAt).toBeGreaterThan(1);
    expect(replay(trace, echo).differsAt).toBeLessThan(20);
    const bent = trace.map((line) => (line.startsWith('random ') ? `${line}00` : line));
    expect(replay(bent, flooder(400)).differsAt).toBe(2);
  });

  it('writes one line for each boot, draw, input and batch of outputs', () => {
    const { trace } = rough(3, true).host('n2');
    expect(trace.filter((line) => line.startsWith('boot '))).toHaveLength(2);
    expect(trace[0]).toBe('boot 0 {}');
    expect(trace[1]).toMatch(/^random [0-9a-f]{8}$/);
    expect(trace[2]).toMatch(/^outputs [0-9a-f]{8} due \d+$/);
    expect(trace[3]).toMatch(/^input 0 \{"kind":"linkUp","link":1,/);
  });
});

describe('virtual time', () => {
  it('takes events by time, and by insertion at one time', () => {
    const world = new World({ seed: 1 });
    const order: string[] = [];
    world.at(10, () => order.push('b'));
    world.at(5, () => order.push('a'));
    world.at(10, () => order.push('c'));
    world.at(10, () => world.after(0, () => order.push('e')));
    world.at(10, () => order.push('d'));
    world.runFor(9);
    expect([world.now, order.join('')]).toEqual([9, 'a']);
    world.runFor(1);
    expect(order.join('')).toBe('abcde');
    expect(world.step()).toBe(false);
  });

  it('runs until a condition holds, and says whether it does', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 100, count: 50 }));
    world.connect(a, world.addHost('b', echo), { delayMs: 7 });
    expect(world.runUntil(() => a.events.length === 3)).toBe(true);
    expect(world.now).toBe(314);
    expect(world.runUntil(() => a.events.length === 5, { everyMs: 100 })).toBe(true);
    expect(world.now).toBe(514);
    expect(world.runUntil(() => false, { withinMs: 86 })).toBe(false);
    expect(world.now).toBe(600);
    world.runUntil(10_000);
    expect(a.eventTimes[49]).toBe(5014);
  });

  it('calls at most one wake-up pending for each host, however often it changes its mind', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', () => new Restless());
    world.connect(a, world.addHost('b', pinger({ everyMs: 1, count: 5000 })), { delayMs: 0 });
    world.runFor(4000);
    expect(world.pendingCount).toBeLessThan(5);
  });

  it('finds a machine whose timeout stays due', () => {
    const world = new World({ seed: 5 });
    world.addHost('stuck', (birth) => Object.assign(new Echo(), { pollTimeout: () => birth.now + 50 }));
    expect(() => world.runFor(100)).toThrow(/no longer due \[SEED=5 AT=50ms EVENT=\d+ HOST=stuck\]/);
  });

  /** Wants to be woken far away after even packets, soon after odd ones. */
  class Restless extends Echo {
    #even = false;
    override handleInput(now: number, input: NodeInput): void {
      super.handleInput(now, input);
      this.#even = !this.#even;
      this.dueAt = now + (this.#even ? 1_000_000 : 1);
    }
  }
});

describe('clocks', () => {
  it('start anywhere, run fast or slow, and start again at a boot', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', echo, { clockStartsAtMs: 5000, skewPpm: 100 });
    const b = world.addHost('b', echo, { skewPpm: -100 });
    world.runFor(1_000_000);
    expect([a.localTime(), b.localTime()]).toEqual([1_005_100, 999_900]);
    a.restart();
    expect(a.localTime()).toBe(5000);
    b.skewClock(0);
    world.runFor(1000);
    expect(b.localTime()).toBe(1_000_900);
  });

  it('wake a machine when its own clock shows the time, not earlier', () => {
    for (const skewPpm of [-5000, -77, 0, 1, 300, 90_000]) {
      const world = new World({ seed: 1 });
      const a = world.addHost('a', pinger({ everyMs: 1000, count: 3 }), {
        skewPpm,
        clockStartsAtMs: 123,
        isRecorded: true,
      });
      world.connect(a, world.addHost('b', echo));
      world.runFor(4000);
      const timeouts = a.trace.filter((line) => line.includes('"timeout"'));
      expect(timeouts.map((line) => Number(line.split(' ')[1]))).toEqual([1123, 2123, 3123]);
    }
  });
});

describe('power', () => {
  it('loses what a host was doing and keeps what was confirmed', () => {
    const world = new World({ seed: 1 });
    const host = world.addHost('a', (birth) => new Counter(birth, 100), { persistMs: 30 });
    const counter = (): Counter => host.node as Counter;
    world.runFor(115); // written at 100, confirmed at 130
    host.restart('old');
    expect(counter().restored).toBe(0);
    world.runFor(115);
    host.restart('new');
    expect(counter().restored).toBe(1);
    world.runFor(150);
    expect(counter().confirmed).toBe(2);
    host.restart('lost');
    expect(counter().restored).toBe(0);
    expect(host.bootCount).toBe(4);
  });

  it('tears an unconfirmed write into the old value or the new one, by the seed, and no third', () => {
    const restored = Array.from({ length: 200 }, (_, seed) => {
      const world = new World({ seed });
      const host = world.addHost('a', (birth) => new Counter(birth, 100), { persistMs: 30 });
      world.runFor(240); // 1 confirmed, 2 under way
      host.restart('torn');
      return (host.node as Counter).restored;
    });
    expect(new Set(restored)).toEqual(new Set([1, 2]));
    expect(restored.filter((value) => value === 2)).toHaveLength(96);
  });

  it('tells the node of its links at each boot, and nothing of a time when it was off', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 100 }));
    const b = world.addHost('b', echo, { isOff: true, isRecorded: true });
    const medium = world.connect(a, b);
    world.runFor(105);
    expect([b.counters.receivedPackets, medium.counters.missed]).toEqual([0, 10]);
    b.start();
    world.runFor(100);
    expect(b.counters.receivedPackets).toBe(10);
    b.command({ kind: 'stop' });
    b.crash();
    world.runFor(100);
    expect(b.trace.filter((line) => line.includes('"command"'))).toHaveLength(0);
    expect(b.counters.receivedPackets).toBe(10);
  });

  it('hears nothing while it sleeps, and handles what was local when it wakes', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 6 }), { isRecorded: true });
    const b = world.addHost('b', echo, { isRecorded: true });
    const medium = world.connect(a, b);
    world.runFor(35);
    a.suspend();
    const id = a.command({ kind: 'unsubscribe', pattern: '*/x' });
    world.runFor(1000);
    expect([a.counters.sentPackets, a.isRunning, a.isPowered]).toEqual([3, false, true]);
    world.unplug(medium);
    world.plug(medium);
    a.resume();
    world.runFor(100);
    expect(a.counters.sentPackets).toBe(6);
    const inputs = a.trace.filter((line) => line.startsWith('input ')).map((line) => line.split(' ')[1]);
    expect(inputs.slice(-4)).toEqual(['1045', '1047', '1055', '1057']);
    expect(a.trace.join()).toContain(`{"kind":"command","id":${id},`);
  });

  it('may leave the time of a sleep out of the clock', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 100, count: 2 }));
    world.connect(a, world.addHost('b', echo));
    world.runFor(150);
    a.suspend();
    world.runFor(1000);
    a.resume({ clockStood: true });
    expect(a.localTime()).toBe(150);
    world.runFor(40);
    expect(a.counters.sentPackets).toBe(1);
    world.runFor(10);
    expect(a.counters.sentPackets).toBe(2);
  });
});

describe('what a machine must not do', () => {
  it.each([
    ['a packet larger than the MTU', { size: 101 }, /packet of 101 bytes fits the MTU of 100/],
    ['an empty packet', { size: 0 }, /a packet has bytes/],
    ['an address on a point link', { size: 9, to: 'b' }, /only address of a point link is ''/],
    ['a broadcast on a point link', { size: 9, to: '*' }, /only address of a point link is ''/],
  ])('sends %s', (_, options, message) => {
    const world = new World({ seed: 9 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 1, ...options }));
    world.connect(a, world.addHost('b', echo), { mtu: 100 });
    expect(() => world.runFor(100)).toThrow(message);
    expect(() => world.runFor(100)).not.toThrow();
  });

  it('sends on a link that is down', () => {
    const world = new World({ seed: 9 });
    const a = world.addHost('a', () => Object.assign(new Echo(), { links: new Map() }));
    const stubborn = world.addHost('b', (birth) => {
      const node = pinger({ everyMs: 10, count: 9 })(birth) as Echo;
      return Object.assign(node, { links: new Map([[1, undefined]]) });
    });
    world.unplug(world.connect(a, stubborn));
    expect(() => world.runFor(100)).toThrow(WorldFailure);
  });

  it('keeps a borrowed packet: it finds it spoilt', () => {
    const kept: Uint8Array[] = [];
    const world = new World({ seed: 9 });
    const keeper = world.addHost('keeper', () => {
      const node = new Echo();
      const handle = node.handleInput.bind(node);
      return Object.assign(node, {
        handleInput: (now: number, input: NodeInput) => {
          if (input.kind === 'packet') kept.push(input.bytes);
          handle(now, input);
        },
      });
    });
    world.connect(world.addHost('a', pinger({ everyMs: 10, count: 2, size: 4 })), keeper);
    world.runFor(100);
    expect(kept.map((bytes) => Array.from(bytes))).toEqual([
      [0xa5, 0xa5, 0xa5, 0xa5],
      [0xa5, 0xa5, 0xa5, 0xa5],
    ]);
  });
});

describe('the application on top', () => {
  it('hears events after the node was drained, and may give commands or cut the power', () => {
    const world = new World({ seed: 1 });
    const a = world.addHost('a', pinger({ everyMs: 10, count: 5 }), {
      onEvent: (event, host) => {
        if (event.kind === 'message' && event.body[2] === 2) host.restart();
        else host.command({ kind: 'subscribe', pattern: '*/a', qos: 0 });
      },
      isRecorded: true,
    });
    world.connect(a, world.addHost('b', echo));
    world.runFor(500);
    expect(a.bootCount).toBe(world.hosts[0]?.bootCount);
    expect(a.bootCount).toBeGreaterThan(5);
    expect(replay(a.trace, pinger({ everyMs: 10, count: 5 })).differsAt).toBeUndefined();
  });
});
