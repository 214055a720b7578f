import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BROADCAST } from '@fogwisp/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linkConformance } from '../../src/conformance/index.js';
import { type LanOptions, lanLink } from '../../src/node/index.js';
import {
  broadcastAddressOf,
  type InterfaceTable,
  isOnLink,
  lanInterfaces,
} from '../../src/node/lan-interface.js';
import { conform, until } from '../conform.js';
import { bytesOf, TestSink } from '../sink.js';
import { freePort } from './free-port.js';

/** Loopback alone: no test speaks to a network. */
function loopback(options: LanOptions) {
  const link = lanLink({ ...options, loopbackOnly: true });
  onTestFinished(() => link.close());
  return link;
}

async function opened(options: LanOptions) {
  const link = loopback(options);
  const sink = new TestSink();
  link.open(sink);
  await until(() => sink.info !== undefined || sink.downs.length > 0);
  return { link, sink };
}

/** Beacons again and again, as nodes do, until the other one has heard it. */
async function meet(near: Awaited<ReturnType<typeof opened>>, far: Awaited<ReturnType<typeof opened>>) {
  await until(() => {
    near.link.send(BROADCAST, bytesOf('beacon'));
    return far.sink.has('beacon');
  });
  return far.sink.packets.find((packet) => packet.text === 'beacon')?.from ?? '';
}

const IPV4_LOOPBACK: InterfaceTable = {
  lo: [
    {
      address: '127.0.0.1',
      netmask: '255.0.0.0',
      family: 'IPv4',
      mac: '00:00:00:00:00:00',
      internal: true,
      cidr: '127.0.0.1/8',
    },
  ],
};

function onlyIpv4(): InterfaceTable {
  return IPV4_LOOPBACK;
}

for (const multicast of [true, false]) {
  conform(
    `the LAN by ${multicast ? 'multicast' : 'broadcast'}`,
    linkConformance(async () => {
      const options = { port: await freePort(), loopbackOnly: true, multicast, networkInterfaces: onlyIpv4 };
      const far = lanLink(options);
      return { near: lanLink(options), far, farAddress: () => far.addresses[0] ?? '' };
    }),
  );
}

describe('the LAN link', () => {
  it('describes itself', async () => {
    const { sink } = await opened({ port: await freePort() });
    expect(sink.info).toMatchObject({ kind: 'lan', name: 'lo', mtu: 1200, cast: 'broadcast', bitrate: 0 });
  });

  it('lets several nodes of one machine share the beacon port, and none hears itself', async () => {
    const port = await freePort();
    const nodes = [await opened({ port }), await opened({ port }), await opened({ port })] as const;
    for (const node of nodes) {
      node.link.send(BROADCAST, bytesOf(`from ${nodes.indexOf(node)}`));
    }
    for (const [i, node] of nodes.entries()) {
      await until(() => nodes.every((_, other) => other === i || node.sink.has(`from ${other}`)));
      expect(node.sink.has(`from ${i}`)).toBe(false);
      expect(node.sink.notices.filter((text) => text.includes('multicast does not work'))).toEqual([]);
    }
  });

  it('is answered at the address that its beacon came from', async () => {
    const port = await freePort();
    const near = await opened({ port });
    const far = await opened({ port });
    const from = await meet(near, far);
    expect(near.link.addresses).toContain(from);
    expect(from).not.toContain(`:${port}`);
    expect(far.link.send(from, bytesOf('answer'))).toBe(true);
    await until(() => near.sink.has('answer'));
    const answeredFrom = near.sink.packets.find((packet) => packet.text === 'answer')?.from ?? '';
    expect(far.link.addresses).toContain(answeredFrom);
  });

  it('says so and uses broadcast where multicast cannot be joined', async () => {
    const port = await freePort();
    const options = { port, group: '127.0.0.1', networkInterfaces: onlyIpv4 }; // no group: joining fails
    const near = await opened(options);
    const far = await opened(options);
    await until(() => near.sink.notices.length > 0);
    expect(near.sink.notices).toEqual(['multicast does not work on lo (EINVAL): using broadcast there']);
    const from = await meet(near, far);
    expect(near.link.addresses).toContain(from);
  });

  it('tries multicast again after a while, without saying so again', async () => {
    const port = await freePort();
    const options = { port, group: '127.0.0.1', networkInterfaces: onlyIpv4, pollMs: 2 };
    const near = await opened(options);
    const far = await opened(options);
    let polls = 0;
    const watched = await opened({
      ...options,
      networkInterfaces: () => {
        polls++;
        return onlyIpv4();
      },
    });
    await until(() => polls > 40);
    expect(watched.sink.notices).toHaveLength(1);
    await meet(near, far);
  });

  it('says that beacons are not heard when another program has the port to itself', async () => {
    const owner = createSocket({ type: 'udp4', reuseAddr: false });
    owner.bind({ port: 0, address: '0.0.0.0', exclusive: true });
    await once(owner, 'listening');
    onTestFinished(() => void owner.close());
    const { port } = owner.address();
    const { link, sink } = await opened({ port, networkInterfaces: onlyIpv4 });
    await until(() => sink.notices.length > 0);
    expect(sink.notices[0]).toMatch(
      new RegExp(
        `^no beacons are heard: beacon port ${port} on 0.0.0.0 is in use: stop the program that has it`,
      ),
    );
    const other = await opened({ port: await freePort() });
    expect(link.send(other.link.addresses[0] ?? '', bytesOf('by address'))).toBe(true);
    await until(() => other.sink.has('by address'));
  });

  it('follows interfaces that come and go', async () => {
    let table: InterfaceTable = {};
    const options = { port: await freePort(), pollMs: 5, networkInterfaces: () => table };
    const { link, sink } = await opened(options);
    expect(sink.downs).toEqual([
      {
        reason: 'LAN: loopback is not up: plug the cable in or join the Wi-Fi; looking again',
        error: expect.objectContaining({ code: 'networkDown' }),
      },
    ]);
    table = onlyIpv4();
    await until(() => sink.info !== undefined);
    const [first] = link.addresses;
    table = {};
    await until(() => sink.downs.length === 2);
    expect([link.addresses, link.send(BROADCAST, bytesOf('x'))]).toEqual([[], false]);
    table = onlyIpv4();
    await until(() => sink.info !== undefined);
    expect(link.addresses[0]).not.toBe(first);
    const other = await opened({ port: options.port });
    await meet({ link, sink }, other);
  });

  it('says which interface it joined later', async () => {
    const [lo] = IPV4_LOOPBACK['lo'] ?? [];
    let table: InterfaceTable = onlyIpv4();
    const { sink } = await opened({ port: await freePort(), pollMs: 5, networkInterfaces: () => table });
    await until(() => sink.info !== undefined);
    if (lo !== undefined) table = { ...table, lo2: [{ ...lo, address: '127.0.0.2' }] };
    await until(() => sink.notices.includes('LAN: lo2 (127.0.0.2) joined'));
  });

  it('on loopback hears nobody else', async () => {
    const port = await freePort();
    const { link, sink } = await opened({ port });
    expect(link.addresses.every((address) => /^(127\.|\[::1\])/.test(address))).toBe(true);
    expect(sink.info?.name).toBe('lo');
  });
});

describe('the interfaces of a machine', () => {
  const entry = { mac: '', cidr: null, internal: false } as const;
  const table: InterfaceTable = {
    ...IPV4_LOOPBACK,
    eth0: [
      { ...entry, address: '192.0.2.2', netmask: '255.255.255.0', family: 'IPv4' },
      { ...entry, address: '2001:db8::2', netmask: 'ffff:ffff:ffff:ffff::', family: 'IPv6', scopeid: 0 },
      { ...entry, address: 'fe80::2', netmask: 'ffff:ffff:ffff:ffff::', family: 'IPv6', scopeid: 2 },
    ],
    wlan0: [{ ...entry, address: '198.51.100.9', netmask: '255.255.255.240', family: 'IPv4' }],
  };
  const namesOf = (choice: LanOptions, of = table) =>
    lanInterfaces(choice, of).map((at) => `${at.name} ${at.address}`);

  it('are those that lead out, one address of each family', () => {
    expect(namesOf({})).toEqual(['eth0 192.0.2.2', 'eth0 fe80::2%eth0', 'wlan0 198.51.100.9']);
    expect(namesOf({ interfaces: ['wlan0'] })).toEqual(['wlan0 198.51.100.9']);
    expect(namesOf({ interfaces: ['eth7'] })).toEqual([]);
    expect(namesOf({ loopbackOnly: true })).toEqual(['lo 127.0.0.1']);
    expect(namesOf({}, IPV4_LOOPBACK)).toEqual(['lo 127.0.0.1']); // offline: nodes of this machine still meet
  });

  it('tell which stations are theirs, and what reaches them all', () => {
    const [four, six, wlan] = lanInterfaces({}, table);
    if (four === undefined || six === undefined || wlan === undefined) throw new Error('three are expected');
    const ipv4 = (address: string) => ({ address, port: 1, family: 4 }) as const;
    const ipv6 = (address: string) => ({ address, port: 1, family: 6 }) as const;
    expect([isOnLink(four, ipv4('192.0.2.77')), isOnLink(four, ipv4('198.51.100.1'))]).toEqual([true, false]);
    expect([isOnLink(six, ipv6('fe80::9%eth0')), isOnLink(six, ipv6('fe80::9%wlan0'))]).toEqual([
      true,
      false,
    ]);
    expect([isOnLink(six, ipv6('2001:db8::9')), isOnLink(six, ipv4('192.0.2.77'))]).toEqual([true, false]);
    expect([broadcastAddressOf(four), broadcastAddressOf(wlan)]).toEqual(['192.0.2.255', '198.51.100.15']);
  });
});
