import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { linkConformance } from '../../src/conformance/index.js';
import { Capture, capturedLink, FaultyLink, type Link, tracedLink } from '../../src/index.js';
import { formatStation, nodeRandom, parseStation, type UdpOptions, udpLink } from '../../src/node/index.js';
import { StationBook } from '../../src/node/station.js';
import { DOOR_COUNT, UdpDoors } from '../../src/node/udp-doors.js';
import { conform, until } from '../conform.js';
import { bytesOf, TestSink } from '../sink.js';

const LOOPBACK = '127.0.0.1';

function pairOn(options: UdpOptions) {
  const near = udpLink(options);
  const far = udpLink(options);
  return { near, far, farAddress: () => far.address ?? '' };
}

async function opened(options: UdpOptions) {
  const link = udpLink(options);
  const sink = new TestSink();
  link.open(sink);
  onTestFinished(() => link.close());
  await until(() => sink.info !== undefined || sink.downs.length > 0);
  return { link, sink };
}

conform(
  'UDP on IPv4',
  linkConformance(() => pairOn({ bind: LOOPBACK })),
);
conform(
  'UDP on IPv6',
  linkConformance(() => pairOn({ bind: '::1' })),
);
conform(
  'UDP with datagrams of 16 KiB',
  linkConformance(() => pairOn({ bind: LOOPBACK, mtu: 16_384 })),
);

conform(
  'UDP under all middleware',
  linkConformance(() => {
    const pair = pairOn({ bind: LOOPBACK });
    const capture = new Capture({ now: () => 0 });
    const options = { random: nodeRandom, later: () => {} };
    const wrap = (link: Link) => tracedLink(capturedLink(new FaultyLink(link, options), capture), () => {});
    return { ...pair, near: wrap(pair.near), far: wrap(pair.far) };
  }),
);

describe('a UDP link', () => {
  it('describes itself', async () => {
    const { link, sink } = await opened({ bind: LOOPBACK });
    expect(sink.info).toEqual({
      kind: 'udp',
      name: link.address,
      mtu: 1200,
      flow: 'datagram',
      cast: 'address',
      reliable: false,
      bitrate: 0,
      addresses: [link.address],
      doors: DOOR_COUNT,
    });
    expect(link.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('without an address serves both families, and writes IPv4 stations as such', async () => {
    const { link, sink } = await opened({});
    const port = Number(link.address?.split(':').at(-1));
    for (const bind of [LOOPBACK, '::1']) {
      const other = await opened({ bind });
      const address = formatStation(bind, port);
      expect(other.link.send(address, bytesOf(`from ${bind}`))).toBe(true);
      await until(() => sink.has(`from ${bind}`));
      const from = sink.packets.at(-1)?.from ?? '';
      expect(from).toBe(other.link.address);
      expect(link.send(from, bytesOf('back'))).toBe(true);
      await until(() => other.sink.has('back'));
      expect(other.sink.packets[0]?.from).toBe(address);
    }
  });

  it('says when its port is in use, and comes up once it is free', async () => {
    const first = await opened({ bind: LOOPBACK });
    const port = Number(first.link.address?.split(':')[1]);
    const second = await opened({ bind: LOOPBACK, port });
    expect(second.sink.downs).toHaveLength(1);
    expect(second.sink.downs[0]?.error).toMatchObject({
      code: 'addressInUse',
      message:
        `UDP port ${port} on 127.0.0.1 is in use: ` +
        'stop the program that has it (ss -lupnt shows it) or choose another',
    });
    expect(second.link.send('127.0.0.1:9', bytesOf('x'))).toBe(false);
    first.link.close();
    await until(() => second.sink.info !== undefined);
    expect(second.link.address).toBe(`127.0.0.1:${port}`);
  });

  it('says when the address is not of this machine', async () => {
    const { sink } = await opened({ bind: '198.51.100.7' });
    expect(sink.downs[0]?.error).toMatchObject({
      code: 'addressUnavailable',
      message: expect.stringContaining("198.51.100.7 is no address of this machine: see 'ip address'"),
    });
  });

  it('closed at once never comes up', async () => {
    const link = udpLink({ bind: LOOPBACK });
    const sink = new TestSink();
    link.open(sink);
    link.close();
    await opened({ bind: LOOPBACK });
    expect([sink.ups, sink.downs]).toEqual([[], []]);
  });

  it('is not impressed by a port that refuses', async () => {
    const { link, sink } = await opened({ bind: LOOPBACK });
    const gone = createSocket('udp4');
    gone.bind(0, LOOPBACK);
    await once(gone, 'listening');
    const to = `127.0.0.1:${gone.address().port}`;
    gone.close();
    for (let i = 0; i < 10; i++) expect(link.send(to, bytesOf('x'))).toBe(true);
    const self = link.address ?? '';
    link.send(self, bytesOf('still here'));
    await until(() => sink.has('still here'));
    expect(sink.downs).toEqual([]);
  });
});

describe('addresses of stations', () => {
  it('are read as they are written', () => {
    for (const text of ['1.2.3.4:5', '[::1]:65535', '[fe80::1%eth0]:4657', '[2001:db8::7]:1']) {
      const station = parseStation(text);
      expect(station && formatStation(station.address, station.port)).toBe(text);
    }
    expect(formatStation('::ffff:1.2.3.4', 5)).toBe('1.2.3.4:5');
  });

  it('are nothing else', () => {
    const wrong = [
      '',
      ':',
      '1.2.3.4',
      '1.2.3.4:',
      '1.2.3.4:0',
      '1.2.3.4:65536',
      '1.2.3.4:1e3',
      '::1:5',
      '[::1]',
    ];
    for (const text of [
      ...wrong,
      '[1.2.3.4]:5',
      'host:5',
      '1.2.3:4',
      '*',
      '[::1]:-5',
      '1.2.3.4: 5',
      '01.2.3.4:5',
    ]) {
      expect(parseStation(text), text).toBeUndefined();
    }
  });

  it('are remembered within a bound, and right beyond it', () => {
    const book = new StationBook();
    for (let i = 0; i < 10_000; i++) {
      const name = book.nameOf(`10.0.${i >> 8}.${i & 255}`, 1 + (i % 3));
      expect(name).toBe(`10.0.${i >> 8}.${i & 255}:${1 + (i % 3)}`);
      expect(book.stationOf(name)?.port).toBe(1 + (i % 3));
    }
    expect(book.nameOf('10.0.0.0', 1)).toBe('10.0.0.0:1');
    expect(book.stationOf('nowhere')).toBeUndefined();
  });
});

describe('the doors of a UDP link', () => {
  it('send from ports of their own, and say so of what comes back', async () => {
    const near = await opened({ bind: LOOPBACK });
    const far = await opened({ bind: LOOPBACK });
    const to = far.link.address ?? '';
    for (const door of ['', '#1', '#2', `#${DOOR_COUNT}`])
      expect(near.link.send(`${to}${door}`, bytesOf('hi'))).toBe(true);
    await until(() => far.sink.packets.length === 4);
    const ports = new Set(far.sink.packets.map(({ from }) => from));
    expect(ports.size).toBe(4);
    expect(ports).toContain(near.link.address);
    for (const from of ports) far.link.send(from, bytesOf('back'));
    await until(() => near.sink.packets.length === 4);
    const names = near.sink.packets.map(({ from }) => from).sort();
    expect(names).toEqual([to, `${to}#1`, `${to}#2`, `${to}#${DOOR_COUNT}`].sort());
    near.link.send(`${to}#2`, bytesOf('again'));
    await until(() => far.sink.packets.length === 5);
    expect(ports).toContain(far.sink.packets[4]?.from);
  });

  it('are no more than were promised, and lead to stations only', async () => {
    const { link } = await opened({ bind: LOOPBACK });
    const to = link.address ?? '';
    for (const name of [
      `${to}#0`,
      `${to}#${DOOR_COUNT + 1}`,
      `${to}#-1`,
      `${to}#1.5`,
      `${to}#`,
      '#1',
      'x:1#1',
    ])
      expect(link.send(name, bytesOf('hi'))).toBe(false);
  });

  it('are shut when nobody has answered at them', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const doors = new UdpDoors(LOOPBACK, () => undefined);
    for (let door = 1; door <= 3; door++) doors.send(`127.0.0.1:9#${door}`, bytesOf('hi'));
    vi.advanceTimersByTime(5000);
    expect(doors.count).toBe(3);
    vi.advanceTimersByTime(5000);
    expect(doors.count).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
