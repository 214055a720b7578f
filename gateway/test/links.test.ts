import { createConnection } from 'node:net';
import type { Link } from '@fogwisp/firmware-shim';
import type { LinkInfo } from '@fogwisp/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type LinkPort, Links } from '../src/links/links.js';
import { ObservedLink } from '../src/links/observed-link.js';
import { resolveAddress, splitHostPort } from '../src/links/resolve.js';
import { until } from './fake-mesh.js';

const INFO: LinkInfo = {
  kind: 'serial',
  name: 'ttyUSB0',
  mtu: 100,
  flow: 'stream',
  cast: 'point',
  reliable: false,
  bitrate: 0,
};

/** Opens what it is given, as a device would. */
class FakePort implements LinkPort {
  readonly networkId = '0123456789abcdef';
  readonly links = new Map<number, Link>();
  readonly connected: string[] = [];
  #next = 1;

  addLink(link: Link): number {
    link.open({ up: () => undefined, packet: () => undefined, down: () => undefined });
    this.links.set(this.#next, link);
    return this.#next++;
  }

  removeLink(id: number): void {
    this.links.get(id)?.close();
    this.links.delete(id);
  }

  connect(_link: number, address: string): void {
    this.connected.push(address);
  }
}

const ends: (() => unknown)[] = [];

afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

function setUp(): { links: Links; port: FakePort; troubles: string[] } {
  const port = new FakePort();
  const troubles: string[] = [];
  const links = new Links({ port, onTrouble: (trouble) => troubles.push(trouble) });
  ends.push(() => {
    links.stop();
    for (const id of [...port.links.keys()]) port.removeLink(id);
  });
  return { links, port, troubles };
}

describe('the links of a gateway', () => {
  it('open as configured, and greet the named stations by their numbers', async () => {
    const { links, port } = setUp();
    links.open({ kind: 'udp', bind: '127.0.0.1', port: 0, connect: ['localhost:4000', '[::1]:4001'] });
    await until('both greetings', () => port.connected.length === 2);
    expect(port.connected).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|\[::1\]):4000$/), '[::1]:4001']),
    );
    await until('the socket', () => links.udpPort !== undefined);
    expect(links.reports()).toEqual([{ kind: 'udp', name: `127.0.0.1:${links.udpPort}`, state: 'up' }]);
  });

  it('say that a name has no address, and do not give up', async () => {
    const { links, port, troubles } = setUp();
    links.open({ kind: 'udp', bind: '127.0.0.1', port: 0, connect: ['nowhere.invalid:4000'] });
    await until('a word about it', () => troubles.length > 0);
    expect(troubles[0]).toBe(
      '"nowhere.invalid:4000" has no address at present; it is looked up again in 30 s',
    );
    expect(port.connected).toEqual([]);
  });

  it('take in whoever dials the TCP port, and forget whoever hangs up', async () => {
    const { links, port } = setUp();
    links.open({ kind: 'tcpListen', bind: '127.0.0.1', port: 0 });
    await until('the listener', () => links.reports()[0]?.state === 'up');
    const socket = createConnection(Number(splitHostPort(links.reports()[0]?.name ?? '').port), '127.0.0.1');
    ends.push(() => socket.destroy());
    await until('the link', () => port.links.size === 1);
    expect(links.reports().map((report) => report.kind)).toEqual(['tcp', 'tcp listener']);
    socket.destroy();
    await until('its end', () => port.links.size === 0);
    expect(links.reports().map((report) => report.kind)).toEqual(['tcp listener']);
  });

  it('that are down say why, and when they are up again', () => {
    let tell: Parameters<Link['open']>[0] | undefined;
    const told: string[] = [];
    const inner: Link = { open: (sink) => (tell = sink), send: () => true, close: () => undefined };
    const link = new ObservedLink(inner, 'serial', '/dev/ttyUSB0', () => told.push('up again'));
    expect(link.report).toEqual({ kind: 'serial', name: '/dev/ttyUSB0', state: 'opening' });
    const seen: string[] = [];
    link.open({
      up: () => seen.push('up'),
      packet: () => seen.push('packet'),
      down: () => seen.push('down'),
    });
    tell?.up(INFO);
    tell?.packet('', new Uint8Array(1));
    tell?.down('it was pulled');
    expect(link.report).toEqual({ kind: 'serial', name: 'ttyUSB0', state: 'down', reason: 'it was pulled' });
    tell?.up(INFO);
    expect(link.report.state).toBe('up');
    expect([told, seen]).toEqual([['up again'], ['up', 'packet', 'down', 'up']]);
  });
});

describe('addresses', () => {
  it('are split and resolved', async () => {
    expect(splitHostPort('[fe80::1]:4747')).toEqual({ host: 'fe80::1', port: '4747' });
    expect(splitHostPort('shed:1')).toEqual({ host: 'shed', port: '1' });
    expect(await resolveAddress('10.0.0.1:5')).toBe('10.0.0.1:5');
    expect(await resolveAddress('nowhere.invalid:5')).toBeUndefined();
  });
});
