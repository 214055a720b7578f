import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore, nodeSuite } from '@fogwisp/firmware-shim/node';
import { createIdentity, createNetworkKey, Node, PI_LIMITS, type Random } from '@fogwisp/protocol';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createNetwork, Device, type DeviceOptions } from '../src/index.js';

/** Shipped devices on loopback sockets, with their state on the disk. */

const PATIENCE_MS = 20_000;
const network = createNetwork();
const started: Device[] = [];
const folder = mkdtempSync(join(tmpdir(), 'fogwisp-ticket-'));

afterEach(async () => {
  for (const device of started.splice(0)) await device.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(name: string, options: Partial<DeviceOptions>): Promise<Device> {
  const logger = { warn: () => undefined };
  const device = await Device.start({
    name,
    network,
    stateDirectory: join(folder, name),
    logger,
    ...options,
  });
  started.push(device);
  return device;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function udp(port: number): Pick<DeviceOptions, 'links'> {
  return { links: [{ kind: 'udp', bind: '127.0.0.1', port }] };
}

describe('join tickets', () => {
  it('bring a device into the network, which it then finds without them', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const attic = await start('attic', udp(port));
    const ticket = attic.invite({ addresses: [`udp://127.0.0.1:${port}`] });
    const shed = await start('shed', { network: ticket, links: [] });
    expect(shed.networkId).toBe(attic.networkId);
    expect((await shed.ping('attic', { timeoutMs: PATIENCE_MS })).path.kind).toBe('direct');
    await shed.stop();

    const again = await start('shed', udp(0));
    expect((await again.ping('attic', { timeoutMs: PATIENCE_MS })).path.kind).toBe('direct');
    await again.stop();

    // The control: without what it kept it finds nobody.
    for (const file of readdirSync(join(folder, 'shed'))) {
      if (file.startsWith('acquaintances')) rmSync(join(folder, 'shed', file));
    }
    const lost = await start('shed', udp(0));
    await expect(lost.ping('attic', { timeoutMs: 2000 })).rejects.toMatchObject({ code: 'unknownPeer' });
  });

  it('work by TCP where no UDP answers', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const attic = await start('attic', { links: [{ kind: 'tcp-listen', bind: '127.0.0.1', port }] });
    for (const address of [`127.0.0.1:${port}`, `tcp://127.0.0.1:${port}`]) {
      const ticket = attic.invite({ addresses: [address] });
      const shed = await start('shed', { network: ticket, links: [], stateDirectory: false });
      expect((await shed.ping('attic', { timeoutMs: PATIENCE_MS })).path.link?.kind).toBe('tcp');
      await shed.stop();
    }
  });

  it('are refused when they are old, mistyped or nobody signed them', async () => {
    const attic = await start('attic', { links: [] });
    const refusal = (text: string) => start('shed', { network: text, links: [] }).catch((thrown) => thrown);
    const old = attic.invite({ addresses: [], expiresAt: Date.now() - 1000 });
    expect(await refusal(old)).toMatchObject({
      code: 'networkInvalid',
      message: expect.stringContaining('expired'),
    });
    const fresh = attic.invite({ addresses: [], expiresAt: Date.now() + 60_000 });
    expect(await refusal(fresh.slice(0, -3))).toMatchObject({
      message: expect.stringContaining('not whole'),
    });
    expect(() => attic.invite({ addresses: ['http://attic'] })).toThrow('HOST:PORT');
  });
});

describe('what a node keeps of its peers', () => {
  it('lets it start after power was lost at any byte of the write', { timeout: 60_000 }, async () => {
    const port = await freePort();
    await start('attic', udp(port));
    const shed = await start('shed2', { links: [{ kind: 'stations', connect: [`127.0.0.1:${port}`] }] });
    await shed.ping('attic', { timeoutMs: PATIENCE_MS });
    await shed.stop();
    const state = join(folder, 'shed2');
    const file = readdirSync(state).find((name) => name.startsWith('acquaintances'));
    expect(file).toBeDefined();
    const whole = readFileSync(join(state, file ?? ''));
    for (let length = 0; length <= whole.length; length++) {
      const copy = join(folder, `cut-${length}`);
      cpSync(state, copy, { recursive: true });
      writeFileSync(join(copy, file ?? ''), whole.subarray(0, length));
      const store = new FileStore(copy);
      const restored = await store.load();
      await store.close();
      expect(greeted(restored), `cut at ${length}`).toEqual([`127.0.0.1:${port}`]);
    }
  });

  it('is forgotten, and nothing else, when another tool has damaged it', () => {
    const value = new Uint8Array(60).fill(7);
    for (let length = 0; length <= value.length; length++) {
      expect(greeted(new Map([['acquaintances', value.subarray(0, length)]]))).toEqual([]);
    }
  });
});

/** Whom a node that starts with this looks for at once. */
function greeted(restored: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const crypto = nodeSuite();
  let count = 0;
  const random: Random = { fill: (bytes) => void bytes.fill(++count) };
  const identity = createIdentity(crypto, random);
  const key = createNetworkKey(crypto, random);
  const options = {
    now: 0,
    identity,
    network: key,
    name: 'shed',
    crypto,
    random,
    limits: PI_LIMITS,
    restored,
  };
  const node = new Node(options);
  const info = { kind: 'udp', name: '', mtu: 1200, flow: 'datagram', cast: 'address' } as const;
  node.handleInput(0, { kind: 'persisted', key: 'boot' });
  node.handleInput(0, { kind: 'linkUp', link: 1, info: { ...info, reliable: false, bitrate: 0 } });
  const sent: string[] = [];
  for (let now = 0; now < 5000; now += 100) {
    node.handleInput(now, { kind: 'timeout' });
    for (let output = node.pollOutput(); output !== undefined; output = node.pollOutput()) {
      if (output.kind === 'transmit') sent.push(output.to);
    }
  }
  return [...new Set(sent)];
}
