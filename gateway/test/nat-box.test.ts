import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createNetwork, Device } from '@fogwisp/device-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitAddress, withAddress } from '../demo/nat/address-header.js';
import { BoxLink } from '../demo/nat/box-link.js';
import { type BoxOptions, NatBox } from '../demo/nat/nat-box.js';
import { ownAddress } from '../demo/stage.js';
import { Upgrades } from '../demo/upgrades.js';
import { until } from './fake-mesh.js';

const PORT_RESTRICTED: BoxOptions = { mapping: 'independent', filtering: 'port' };
const SYMMETRIC: BoxOptions = { mapping: 'random', filtering: 'port' };

const network = createNetwork();
const devices: Device[] = [];
const boxes: NatBox[] = [];
let relayPort = 0;

async function startDevice(name: string): Promise<Device> {
  const logger = { warn: () => undefined };
  const device = await Device.start({ name, network, links: [], stateDirectory: false, logger });
  devices.push(device);
  return device;
}

async function startBehind(options: BoxOptions, name: string): Promise<Device> {
  const box = await NatBox.open(options);
  boxes.push(box);
  const device = await startDevice(name);
  const link = device.addLink(new BoxLink(box.port));
  device.connect(link, `${ownAddress()}:${relayPort}`);
  device.serve('load', () => 1);
  return device;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, ownAddress());
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

function pathOf(device: Device, name: string): string | undefined {
  return device.peers().find((peer) => peer.name === name)?.path.kind;
}

/** Whether an answer came; asks anew until then. */
async function untilAnswered(device: Device, name: string): Promise<void> {
  const ask = () => device.request(name, 'load', undefined, { timeoutMs: 1000 });
  await until(`an answer of ${name}`, () => ask().then(Boolean, () => false), 20_000);
}

beforeEach(async () => {
  relayPort = await freePort();
  const relay = await startDevice('relay');
  await relay.openLink({ kind: 'udp', bind: ownAddress(), port: relayPort });
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((each) => each.stop()));
  for (const box of boxes.splice(0)) box.close();
});

describe('two peers behind simulated NATs on real sockets', () => {
  it('talk through a relay first and directly then, which is told with its time', async () => {
    const cabin = await startBehind(PORT_RESTRICTED, 'cabin');
    const barn = await startBehind(PORT_RESTRICTED, 'barn');
    const upgrades = new Upgrades(cabin);
    await untilAnswered(cabin, 'barn');
    await until('a direct path', () => pathOf(cabin, 'barn') === 'direct', 20_000);
    await until('the same at the other end', () => pathOf(barn, 'cabin') === 'direct', 20_000);
    const barnId = barn.id;
    expect(upgrades.of(barnId)).toMatchObject({ from: 'relayed(via relay)', to: 'direct(udp)' });
    expect(upgrades.of(barnId)?.tookMs).toBeGreaterThan(0);
  });

  it('come back to each other when both boxes were restarted', async () => {
    const cabin = await startBehind(PORT_RESTRICTED, 'cabin');
    const barn = await startBehind(PORT_RESTRICTED, 'barn');
    await untilAnswered(cabin, 'barn');
    await until('a direct path', () => pathOf(cabin, 'barn') === 'direct', 20_000);
    for (const box of boxes) box.restart();
    const asking = setInterval(() => {
      cabin.request('barn', 'load', undefined, { timeoutMs: 2000 }).catch(() => undefined);
      barn.request('cabin', 'load', undefined, { timeoutMs: 2000 }).catch(() => undefined);
    }, 300);
    try {
      await until('no direct path', () => pathOf(cabin, 'barn') !== 'direct', 20_000);
      await until('a direct path again', () => pathOf(cabin, 'barn') === 'direct', 40_000);
    } finally {
      clearInterval(asking);
    }
  });

  it('stay relayed, and are told so, when each gives every destination a random port', async () => {
    const cabin = await startBehind(SYMMETRIC, 'cabin');
    const barn = await startBehind(SYMMETRIC, 'barn');
    const upgrades = new Upgrades(cabin);
    await untilAnswered(cabin, 'barn');
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 60; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      seen.add(pathOf(cabin, 'barn')).add(pathOf(barn, 'cabin'));
    }
    expect([...seen]).not.toContain('direct');
    expect(pathOf(cabin, 'barn')).toBe('relayed');
    expect(upgrades.of(barn.id)).toBeUndefined();
    await untilAnswered(cabin, 'barn');
  });
});

describe('an address before a packet', () => {
  it('is read as it was written', () => {
    const bytes = withAddress('127.0.0.1:65535', Uint8Array.of(1, 2, 3)) ?? new Uint8Array();
    expect(bytes).toHaveLength(9);
    const read = splitAddress(Buffer.from(bytes));
    expect(read).toMatchObject({ ip: '127.0.0.1', port: 65535 });
    expect([...(read?.packet ?? [])]).toEqual([1, 2, 3]);
    expect(splitAddress(Buffer.from(bytes.subarray(0, 6)))).toBeUndefined();
    expect(splitAddress(Buffer.from([127, 0, 0, 1, 0, 0, 9]))).toBeUndefined();
    for (const nowhere of ['[::1]:4747', '127.0.0.1:0', 'hearth:4747', ''])
      expect(withAddress(nowhere, Uint8Array.of(1)), nowhere).toBeUndefined();
  });
});
