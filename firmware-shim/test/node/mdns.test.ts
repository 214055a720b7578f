import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { BROADCAST } from '@fogwisp/protocol';
import { decode, encode, type Packet } from 'dns-packet';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type LanOptions, lanLink } from '../../src/node/index.js';
import { LanHints } from '../../src/node/lan-hints.js';
import type { LanInterface } from '../../src/node/lan-interface.js';
import { until } from '../conform.js';
import { bytesOf, TestSink } from '../sink.js';
import { freePort } from './free-port.js';

const GROUP = '224.0.0.251';
const NETWORK = '1A2B3C4D5E6F7081';
const SERVICE = '_fogwisp._udp.local';
const LOOPBACK: LanInterface = {
  name: 'lo',
  family: 4,
  address: '127.0.0.1',
  netmask: '255.0.0.0',
  isInternal: true,
};

/** On loopback, with a beacon port of its own: no beacon of another one is heard. */
async function opened(mdnsPort: number | undefined, networkId = NETWORK, more: LanOptions = {}) {
  const mdns = mdnsPort === undefined ? {} : { mdns: { networkId, port: mdnsPort } };
  const link = lanLink({ loopbackOnly: true, port: await freePort(), ...mdns, ...more });
  onTestFinished(() => link.close());
  const sink = new TestSink();
  link.open(sink);
  await until(() => sink.info !== undefined);
  return { link, sink, address: link.addresses[0] ?? '' };
}

type Opened = Awaited<ReturnType<typeof opened>>;

/** A beacon, again and again as nodes send it, until the other one has heard it. */
async function meet(near: Opened, far: Opened): Promise<void> {
  const isHeard = () => {
    near.link.send(BROADCAST, bytesOf('beacon'));
    return far.sink.has('beacon');
  };
  await until(isHeard);
}

/** Somebody else who speaks mDNS on loopback. */
async function stranger(mdnsPort: number) {
  const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true });
  onTestFinished(() => void socket.close());
  socket.bind(mdnsPort, '0.0.0.0');
  await once(socket, 'listening');
  socket.addMembership(GROUP, '127.0.0.1');
  socket.setMulticastInterface('127.0.0.1');
  const packets: string[] = [];
  socket.on('message', (bytes) => packets.push(bytes.toString('latin1')));
  return {
    packets,
    raw: (bytes: Uint8Array) => socket.send(bytes, mdnsPort, GROUP),
    say: (packet: Packet) => socket.send(encode(packet), mdnsPort, GROUP),
  };
}

function announcement(facts: { port: number; address: string; txt?: string; ttl?: number }): Packet {
  const { port, address, txt = 'net=1a2b3c4d', ttl = 120 } = facts;
  const name = `other.${SERVICE}`;
  return {
    type: 'response',
    answers: [
      { name: SERVICE, type: 'PTR', ttl, data: name },
      { name, type: 'SRV', ttl, data: { port, target: 'other.local' } },
      { name, type: 'TXT', ttl, data: [txt] },
      { name: 'other.local', type: 'A', ttl, data: address },
    ],
  };
}

/** One more announcement than before has been read. */
async function told(hints: LanHints, tell: () => void): Promise<void> {
  const before = hints.counters.hints;
  tell();
  await until(() => hints.counters.hints > before);
}

/** Listening already. */
async function hintsOn(port: number) {
  const other = await stranger(port);
  const isOwn = (station: string) => station === '127.0.0.1:1';
  const hints = new LanHints({ networkId: NETWORK, port }, { isOwn, notice: () => undefined });
  onTestFinished(() => hints.close());
  hints.attach(LOOPBACK, 1);
  await until(() => other.packets.length > 0);
  return { hints, other };
}

describe('a LAN link with mDNS', () => {
  it('sends its beacons to stations that hear none', async () => {
    const port = await freePort();
    const near = await opened(port);
    const far = await opened(port);
    await meet(near, far);
    await meet(far, near);
    expect(far.sink.packets[0]?.from).toBe(near.address);
    expect(near.link.mdns).toMatchObject({ foreign: 0, junk: 0 });
    expect([...near.sink.notices, ...far.sink.notices]).toEqual([]);
  });

  it('does so by nothing else (control)', async () => {
    const port = await freePort();
    const far = await opened(port);
    const near = await opened(undefined);
    const witness = await opened(port);
    await meet(witness, far);
    for (let i = 0; i < 10; i++) near.link.send(BROADCAST, bytesOf('lonely'));
    near.link.send(far.address, bytesOf('last'));
    await until(() => far.sink.has('last'));
    expect(far.sink.has('lonely')).toBe(false);
    expect(near.link.mdns).toBeUndefined();
  });

  it('leaves stations of other networks alone, and counts them', async () => {
    const port = await freePort();
    const ours = await opened(port);
    const theirs = await opened(port, 'ffff3c4d5e6f7081');
    const witness = await opened(port);
    await until(() => (ours.link.mdns?.foreign ?? 0) > 0 && (theirs.link.mdns?.foreign ?? 0) > 0);
    await meet(ours, witness);
    expect([theirs.sink.has('beacon'), theirs.link.mdns?.hints]).toEqual([false, 0]);
  });

  it('announces the first eight digits of its network and no more', async () => {
    const port = await freePort();
    const other = await stranger(port);
    const { address } = await opened(port);
    await until(() => other.packets.some((packet) => packet.includes('net=1a2b3c4d')));
    expect(other.packets.join()).not.toMatch(/1a2b3c4d5/i);
    other.packets.length = 0;
    other.say({ type: 'query', questions: [{ name: SERVICE, type: 'PTR' }] });
    await until(() => other.packets.some((packet) => packet.includes('net=1a2b3c4d')));
    const told = other.packets.find((packet) => packet.includes('net=1a2b3c4d')) ?? '';
    const records = decode(Buffer.from(told, 'latin1')).answers ?? [];
    const service = records.find((record) => record.type === 'SRV');
    expect(service).toMatchObject({
      name: expect.stringMatching(/^fogwisp-[0-9a-f]{8}\._fogwisp\._udp\.local$/),
    });
    expect(service?.data).toMatchObject({ port: Number(address.split(':')[1]) });
    expect(records.find((record) => record.type === 'A')).toMatchObject({ data: '127.0.0.1' });
  });

  it('without the package says which one to install, if it was asked for', async () => {
    vi.doMock('multicast-dns', () => {
      throw new Error("Cannot find package 'multicast-dns'");
    });
    onTestFinished(() => void vi.doUnmock('multicast-dns'));
    const asked = await opened(await freePort());
    await until(() => asked.sink.notices.length > 0);
    expect(asked.sink.notices).toEqual([
      'mDNS needs the package multicast-dns: run npm install multicast-dns@7',
    ]);
    const mdns = { networkId: NETWORK, isOptional: true };
    const unasked = await opened(undefined, NETWORK, { mdns });
    await asked.link.send(unasked.address, bytesOf('works'));
    await until(() => unasked.sink.has('works'));
    expect(unasked.sink.notices).toEqual([]);
  });

  it('says that another program has the port to itself', async () => {
    const owner = createSocket({ type: 'udp4', reuseAddr: false });
    owner.bind({ port: 0, address: '0.0.0.0', exclusive: true });
    await once(owner, 'listening');
    onTestFinished(() => void owner.close());
    const { port } = owner.address();
    const { sink } = await opened(port);
    await until(() => sink.notices.length > 0);
    expect(sink.notices[0]).toMatch(
      new RegExp(
        `^no mDNS on lo: UDP port ${port} on 127\\.0\\.0\\.1 is in use: stop the program that has it`,
      ),
    );
  });
});

describe('what mDNS tells (§8.1)', () => {
  it('is kept whatever mDNS says later; a station that is silent gets fewer beacons', async () => {
    const { hints, other } = await hintsOn(await freePort());
    const station = announcement({ port: 4000, address: '127.0.0.1' });
    await told(hints, () => other.say(station));
    other.say(announcement({ port: 4000, address: '127.0.0.1', ttl: 0 }));
    other.say(announcement({ port: 1, address: '127.0.0.1' })); // our own
    await told(hints, () => other.say(station));
    const beaconed = Array.from({ length: 24 }, () => hints.beaconed().length);
    expect(beaconed.flatMap((count, i) => (count > 0 ? i + 1 : []))).toEqual([1, 2, 4, 8, 16, 24]);
    hints.heard('127.0.0.1:4000');
    expect(Array.from({ length: 5 }, () => hints.beaconed().length)).toEqual([0, 0, 0, 1, 1]);
    await told(hints, () => other.say(station));
    expect(hints.beaconed()).toEqual(['127.0.0.1:4000']);
  });

  it('is ignored when it is junk, and counted', async () => {
    const { hints, other } = await hintsOn(await freePort());
    await told(hints, () => other.say(announcement({ port: 4000, address: '127.0.0.1' })));
    const address = '127.0.0.1';
    other.raw(bytesOf('no packet'));
    other.raw(new Uint8Array(0));
    other.say(announcement({ port: 0, address }));
    other.say(announcement({ port: 4001, address, txt: 'net=secret' }));
    other.say(announcement({ port: 4002, address, txt: 'net=1a2b3c4d5e6f7081' }));
    other.say(announcement({ port: 4003, address, txt: 'net=00000000' }));
    const name = `alone.${SERVICE}`;
    other.say({
      type: 'response',
      answers: [{ name, type: 'SRV', ttl: 9, data: { port: 4004, target: 'x.local' } }],
    });
    other.say({ type: 'response', answers: [{ name: 'x.local', type: 'A', data: address }] }); // not ours
    await told(hints, () => other.say(announcement({ port: 4000, address })));
    expect(hints.counters).toMatchObject({ foreign: 1, junk: 6 });
    expect(hints.beaconed()).toEqual(['127.0.0.1:4000']);
  });

  it('points at nobody far away', async () => {
    const { hints, other } = await hintsOn(await freePort());
    await told(hints, () => other.say(announcement({ port: 4000, address: '203.0.113.9' })));
    await told(hints, () => other.say(announcement({ port: 4001, address: '192.168.1.9' })));
    await told(hints, () => other.say(announcement({ port: 4002, address: '127.0.0.9' })));
    // Where the packet came from, unless loopback was meant.
    expect(hints.beaconed()).toEqual(['127.0.0.1:4000', '127.0.0.1:4001', '127.0.0.9:4002']);
  });

  it('is bounded, for each address and in all', async () => {
    const { hints, other } = await hintsOn(await freePort());
    await told(hints, () => other.say(announcement({ port: 4000, address: '127.0.0.1' })));
    hints.heard('127.0.0.1:4000');
    for (let i = 1; i <= 20; i++) {
      await told(hints, () => other.say(announcement({ port: 4000 + i, address: '127.0.0.1' })));
    }
    const first = hints.beaconed();
    expect(first).toHaveLength(11); // one of the twelve was heard
    expect(first.at(-1)).toBe('127.0.0.1:4020');
    for (let i = 1; i <= 80; i++) {
      await told(hints, () => other.say(announcement({ port: 4000, address: `127.0.1.${i}` })));
    }
    expect(hints.beaconed()).toHaveLength(63);
    for (let i = 0; i < 2; i++) hints.beaconed();
    expect(hints.beaconed()).toContain('127.0.0.1:4000'); // it had answered
  });
});
