import { type NodeEvent, UsageError } from '@fogwisp/protocol';
import { describe, expect, it } from 'vitest';
import { Driver, DriverFault, type DriverNotice, MemoryStore, ShimError, type Store } from '../src/index.js';
import { TOY_MEDIUM, ToyLink, ToyMachine, ToyPlatform, transmit, turn } from './toy.js';

const PING = { kind: 'ping', to: 'lamp', deadlineMs: 100 } as const;
const CANCELLED: NodeEvent = { kind: 'requestCancelled', request: 7 };

function makeWorld(store: Store = new MemoryStore()) {
  const platform = new ToyPlatform(store);
  const machine = new ToyMachine();
  const events: NodeEvent[] = [];
  const faults: DriverFault[] = [];
  const notices: DriverNotice[] = [];
  const driver = new Driver({
    platform,
    node: machine,
    onEvent: (event) => events.push(event),
    onFault: (fault) => faults.push(fault),
    onNotice: (notice) => notices.push(notice),
  });
  return { platform, machine, driver, events, faults, notices };
}

function withLink(store?: Store) {
  const world = makeWorld(store);
  const link = new ToyLink();
  const id = world.driver.addLink(link);
  world.driver.start();
  link.sink?.up(TOY_MEDIUM);
  return { ...world, link, id };
}

describe('the loop', () => {
  it('hands inputs to the node at once and drains what they lead to when the turn ends', async () => {
    const { machine, driver, link, id } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind === 'packet') outbox.push(transmit(id, input.from, ...input.bytes, 9));
      if (input.kind === 'command') outbox.push(transmit(id, 'c', 3));
    };
    link.sink?.packet('b', Uint8Array.of(1, 2));
    driver.submit(PING);
    expect(machine.kinds.slice(-2)).toEqual(['packet', 'command']);
    expect(link.sent).toEqual([]);
    await turn();
    expect(link.sent).toEqual([
      { to: 'b', bytes: Uint8Array.of(1, 2, 9) },
      { to: 'c', bytes: Uint8Array.of(3) },
    ]);
  });

  it('lets the platform say when all packets that came together are in', async () => {
    const { machine, driver, platform, link, id } = withLink();
    await turn();
    const waiting: (() => void)[] = [];
    platform.afterArrivals = (then) => waiting.push(then);
    let count = 0;
    machine.react = (input) => {
      if (input.kind === 'packet') count++;
    };
    machine.pollOutput = () => {
      const output = count === 0 ? undefined : transmit(id, 'b', count);
      count = 0;
      return output;
    };
    for (let i = 0; i < 3; i++) {
      link.sink?.packet('b', Uint8Array.of(i));
      await turn();
    }
    expect(link.sent).toEqual([]);
    expect(waiting).toHaveLength(1);
    for (const then of waiting.splice(0)) then();
    expect(link.sent).toEqual([{ to: 'b', bytes: Uint8Array.of(3) }]);
    link.sink?.packet('b', Uint8Array.of(4));
    driver.submit(PING);
    await turn();
    expect(link.sent, 'a command does not wait for packets').toHaveLength(2);
  });

  it('does not let a turn without end keep everything in the node', () => {
    const { machine, driver, link, id } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push(transmit(id, 'b', 1));
    };
    for (let i = 0; i < 1000; i++) driver.submit(PING);
    expect(link.sent.length).toBeGreaterThan(900);
  });

  it('sends and stores what the last turn led to before it stops', async () => {
    const { machine, driver, link, id } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push(transmit(id, 'b', 1));
    };
    driver.submit(PING);
    await driver.stop();
    expect(link.sent).toHaveLength(1);
  });

  it('tells events at the end of the turn, in order, never inside submit', async () => {
    const { machine, driver, events } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind === 'command')
        outbox.push({ kind: 'event', event: { ...CANCELLED, request: input.id } });
    };
    const ids = [driver.submit(PING), driver.submit(PING)];
    expect(events).toEqual([]);
    await turn();
    expect(events.map((event) => event.kind === 'requestCancelled' && event.request)).toEqual(ids);
  });

  it('lets an event submit: the node is never met in the middle of a step', async () => {
    const platform = new ToyPlatform();
    const machine = new ToyMachine();
    let count = 0;
    const driver: Driver = new Driver({
      platform,
      node: machine,
      onEvent: () => {
        if (++count < 5) driver.submit(PING);
      },
    });
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push({ kind: 'event', event: CANCELLED });
    };
    driver.start();
    driver.submit(PING);
    await turn();
    expect(count).toBe(5);
  });

  it('arms the timer once for the packets of one turn, and meets the deadline', async () => {
    const { machine, platform, link } = withLink();
    await turn();
    const before = platform.armCount;
    for (let i = 0; i < 20; i++) {
      machine.timeoutAt = platform.at + 50;
      link.sink?.packet('b', Uint8Array.of(i));
    }
    await turn();
    expect(platform.armCount).toBe(before + 1);
    expect(platform.armedAt).toBe(platform.at + 50);
    platform.advance(50);
    expect(machine.kinds.at(-1)).toBe('timeout');
  });

  it('wakes early rather than late when the deadline moves, and re-arms', async () => {
    const { machine, platform, link } = withLink();
    machine.timeoutAt = platform.at + 50;
    link.sink?.packet('b', Uint8Array.of(1));
    await turn();
    machine.timeoutAt = platform.at + 80;
    link.sink?.packet('b', Uint8Array.of(2));
    await turn();
    platform.advance(50);
    expect(machine.kinds).not.toContain('timeout');
    await turn();
    platform.advance(30);
    expect(machine.kinds).toContain('timeout');
  });

  it('disarms the timer when nothing is pending', async () => {
    const { machine, platform, link } = withLink();
    machine.timeoutAt = platform.at + 50;
    link.sink?.packet('b', Uint8Array.of(1));
    await turn();
    machine.timeoutAt = undefined;
    link.sink?.packet('b', Uint8Array.of(2));
    await turn();
    expect(platform.armedAt).toBeUndefined();
  });

  it('never hands the node a time that goes back', () => {
    const { machine, platform, link } = withLink();
    platform.at -= 500;
    link.sink?.packet('b', Uint8Array.of(1));
    const times = machine.inputs.map(({ now }) => now);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('survives 100,000 commands in one turn', async () => {
    const { machine, driver, events } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push({ kind: 'event', event: CANCELLED });
    };
    for (let i = 0; i < 100_000; i++) driver.submit(PING);
    await turn();
    expect(events.length).toBe(100_000);
  });

  it('tells the wall clock at the start, and again after it was set', async () => {
    const { machine, platform, link } = withLink();
    const tellings = () => machine.kinds.filter((kind) => kind === 'wallClock').length;
    expect(tellings()).toBe(1);
    for (const unix of [undefined, 1_800_000_000_000]) {
      platform.unix = unix;
      machine.timeoutAt = platform.at + 10;
      link.sink?.packet('b', Uint8Array.of(1));
      await turn();
      platform.advance(10);
    }
    expect(tellings()).toBe(2);
  });
});

describe('links', () => {
  it('come and go while the driver runs, under numbers of their own', () => {
    const { machine, driver, link, id } = withLink();
    const second = new ToyLink();
    const secondId = driver.addLink(second);
    expect(secondId).not.toBe(id);
    second.sink?.up(TOY_MEDIUM);
    driver.removeLink(id);
    expect(link.isClosed).toBe(true);
    link.sink?.packet('b', Uint8Array.of(1));
    const heard = machine.inputs.map(({ input }) =>
      'link' in input ? `${input.kind} ${input.link}` : input.kind,
    );
    expect(heard.slice(-3)).toEqual([`linkUp ${id}`, `linkUp ${secondId}`, `linkDown ${id}`]);
    driver.removeLink(id);
    expect(driver.counters.links.map((each) => each.id)).toEqual([secondId]);
  });

  it('count what they carry and what they refuse', async () => {
    const { machine, driver, link, id } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind !== 'packet') return;
      outbox.push(transmit(id, 'b', 1, 2, 3));
      outbox.push({ kind: 'dropped', link: id, reason: 'malformed' });
      outbox.push({ kind: 'dropped', link: undefined, reason: 'noRoute' });
      outbox.push(transmit(99, 'b', 1));
    };
    link.sink?.packet('b', Uint8Array.of(1, 2));
    await turn();
    link.takes = false;
    link.sink?.packet('b', Uint8Array.of(1, 2));
    await turn();
    expect(driver.counters.dropped).toEqual({ malformed: 2, noRoute: 2 });
    expect(driver.counters.links[0]).toEqual({
      id,
      info: TOY_MEDIUM,
      reason: '',
      counters: {
        sentPackets: 1,
        sentBytes: 3,
        refusedPackets: 1,
        receivedPackets: 2,
        receivedBytes: 4,
        droppedPackets: 2,
        ups: 1,
      },
    });
  });

  it('are down with a reason, in the counters and for people', () => {
    const { machine, driver, link, id, notices } = withLink();
    const error = new ShimError('portBusy', 'it is in use: close the other program');
    link.sink?.notice?.('hm');
    link.sink?.down(error.message, error);
    link.sink?.packet('b', Uint8Array.of(1)); // not from a link that is down
    expect(machine.kinds.at(-1)).toBe('linkDown');
    expect(driver.counters.links[0]).toMatchObject({ info: undefined, reason: error.message });
    expect(notices).toEqual([
      { kind: 'linkUp', link: id, info: TOY_MEDIUM },
      { kind: 'linkNotice', link: id, text: 'hm' },
      { kind: 'linkDown', link: id, reason: error.message, error },
    ]);
  });

  it('that change while up are down and up for the node', () => {
    const { machine, link } = withLink();
    link.sink?.up({ ...TOY_MEDIUM, mtu: 50 });
    expect(machine.kinds.slice(-3)).toEqual(['linkUp', 'linkDown', 'linkUp']);
  });

  it('may call back from inside send without meeting the node in a step', async () => {
    const { machine, link, id, faults } = withLink();
    link.send = (to, bytes) => {
      if (bytes[0] === 1) link.sink?.packet(to, Uint8Array.of(2));
      return true;
    };
    machine.react = (input, outbox) => {
      if (input.kind === 'packet' && input.bytes[0] === 0) outbox.push(transmit(id, 'b', 1));
    };
    link.sink?.packet('b', Uint8Array.of(0));
    await turn();
    expect(machine.kinds.filter((kind) => kind === 'packet').length).toBe(2);
    expect(faults).toEqual([]);
  });
});

describe('sources', () => {
  it('yield links until they are removed', () => {
    const { driver, machine } = withLink();
    const links = [new ToyLink(), new ToyLink()] as const;
    let isClosed = false;
    driver.addSource({
      open(sink) {
        sink.up('here:1');
        sink.add(links[0]);
        sink.add(links[1]);
        links[0].sink?.up(TOY_MEDIUM);
        links[1].sink?.up(TOY_MEDIUM);
        sink.remove(links[0]);
        this.close = () => {
          isClosed = true;
          sink.add(new ToyLink());
        };
        source = this;
      },
      close() {},
    });
    expect(links[0].isClosed).toBe(true);
    expect(driver.counters.links.length).toBe(2);
    if (source !== undefined) driver.removeSource(source);
    expect([isClosed, links[1].isClosed, driver.counters.links.length]).toEqual([true, true, 1]);
    expect(machine.kinds.slice(-4)).toEqual(['linkUp', 'linkUp', 'linkDown', 'linkDown']);
  });

  let source: Parameters<Driver['addSource']>[0] | undefined;
});

describe('what goes wrong', () => {
  it('a wrong command is thrown at its caller, and nothing stops', async () => {
    const { driver, faults } = withLink();
    expect(() => driver.submit({ ...PING, to: '' })).toThrow(UsageError);
    driver.submit(PING);
    await turn();
    expect(faults).toEqual([]);
  });

  it('a node that throws stops the driver, with a report of what it was doing', async () => {
    const { driver, machine, link, id, faults } = withLink();
    machine.react = (input) => {
      if (input.kind === 'packet') throw new Error('invariant broken: two is two');
    };
    link.sink?.packet('b', Uint8Array.of(1, 2));
    await turn();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBeInstanceOf(DriverFault);
    expect(faults[0]?.message).toBe(
      `the node stopped during a packet of 2 bytes from b on link ${id}: invariant broken: two is two`,
    );
    expect(link.isClosed).toBe(true);
    expect(() => driver.submit(PING)).toThrow('not running');
  });

  it('a node that throws while it is drained, or asked for its deadline, is reported as well', async () => {
    for (const door of ['pollOutput', 'pollTimeout'] as const) {
      const { machine, link, faults } = withLink();
      await turn();
      machine[door] = () => {
        throw new Error('invariant broken');
      };
      link.sink?.packet('b', Uint8Array.of(1));
      await turn();
      expect(faults).toHaveLength(1);
      expect(link.isClosed).toBe(true);
    }
  });

  it('an application that throws in an event is reported', async () => {
    const machine = new ToyMachine();
    const faults: DriverFault[] = [];
    const driver = new Driver({
      platform: new ToyPlatform(),
      node: machine,
      onEvent: () => {
        throw new Error('oops');
      },
      onFault: (fault) => faults.push(fault),
    });
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push({ kind: 'event', event: CANCELLED });
    };
    driver.start();
    driver.submit(PING);
    expect(faults).toEqual([]);
    await turn();
    expect(faults.map((fault) => fault.message)).toEqual([
      'the node stopped during an event in the application: oops',
    ]);
  });

  it('is told to the caller when the driver is not running', async () => {
    const { driver } = makeWorld();
    expect(() => driver.submit(PING)).toThrow(UsageError);
    driver.start();
    expect(() => driver.start()).toThrow(UsageError);
    await driver.stop();
    expect(() => driver.submit(PING)).toThrow(UsageError);
    expect(() => driver.addLink(new ToyLink())).toThrow(UsageError);
  });
});

describe('storage', () => {
  it('confirms what is durable', async () => {
    const { driver, machine, platform } = withLink();
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push({ kind: 'persist', key: 'boot', value: Uint8Array.of(3) });
    };
    driver.submit(PING);
    expect(machine.kinds).not.toContain('persisted');
    await turn();
    expect(machine.inputs.at(-1)?.input).toEqual({ kind: 'persisted', key: 'boot' });
    expect((await platform.store.load()).get('boot')).toEqual(Uint8Array.of(3));
  });

  it('confirms nothing while a newer value of the key is on its way', async () => {
    const finish: (() => void)[] = [];
    const store: Store = {
      load: async () => new Map(),
      write: () => new Promise((resolve) => void finish.push(resolve)),
    };
    const { driver, machine } = withLink(store);
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push({ kind: 'persist', key: 'boot', value: Uint8Array.of(1) });
    };
    driver.submit(PING);
    driver.submit(PING);
    await turn();
    expect(finish).toHaveLength(2);
    finish[0]?.();
    await turn();
    expect(machine.kinds).not.toContain('persisted');
    finish[1]?.();
    await turn();
    expect(machine.kinds.filter((kind) => kind === 'persisted')).toHaveLength(1);
  });

  it('writes again what the store refused, the newest value, and says so', async () => {
    const store = new MemoryStore();
    const write = store.write.bind(store);
    let isFull = true;
    store.write = (key, value) => (isFull ? Promise.reject(new Error('no space')) : write(key, value));
    const { driver, machine, platform, notices } = withLink(store);
    let count = 0;
    machine.react = (input, outbox) => {
      if (input.kind === 'command')
        outbox.push({ kind: 'persist', key: 'boot', value: Uint8Array.of(++count) });
    };
    driver.submit(PING);
    driver.submit(PING);
    await turn();
    expect(machine.kinds).not.toContain('persisted');
    expect(notices.filter((notice) => notice.kind === 'storeFailed')).toHaveLength(2);
    isFull = false;
    platform.advance(5000);
    await turn();
    expect(machine.kinds).toContain('persisted');
    expect((await store.load()).get('boot')).toEqual(Uint8Array.of(2));
  });

  it('stop waits for what is being written', async () => {
    let finish = () => {};
    const store: Store = {
      load: async () => new Map(),
      write: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    };
    const { driver, machine } = withLink(store);
    machine.react = (input, outbox) => {
      if (input.kind === 'command') outbox.push({ kind: 'persist', key: 'boot', value: undefined });
    };
    driver.submit(PING);
    let isStopped = false;
    const stopped = driver.stop().then(() => {
      isStopped = true;
    });
    await turn();
    expect(isStopped).toBe(false);
    finish();
    await stopped;
  });
});
