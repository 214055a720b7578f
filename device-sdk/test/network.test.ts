import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { pipeLink } from '@fogwisp/firmware-shim/node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { remotePins } from '../src/hardware/johnny-five.js';
import {
  createNetwork,
  Device,
  type DeviceOptions,
  type Link,
  RecordedPins,
  RequestError,
  servePins,
  type Value,
} from '../src/index.js';

/** Shipped nodes on streams in this process and on loopback sockets. */

const network = createNetwork();
const started: Device[] = [];

async function start(name: string, options: Partial<DeviceOptions>): Promise<Device> {
  const device = await Device.start({
    name,
    network,
    stateDirectory: false,
    logger: { warn: () => undefined }, // a cable that is pulled at the end of a test is no news
    ...options,
  });
  started.push(device);
  return device;
}

function cable(): readonly [Link, Link] {
  const [one, other] = duplexPair();
  return [pipeLink(one, one), pipeLink(other, other)];
}

async function pair(): Promise<readonly [Device, Device]> {
  const [left, right] = cable();
  return [await start('attic', { links: [left] }), await start('cellar', { links: [right] })];
}

function nameAndStatus(device: Device): readonly string[] {
  return device.peers().map((peer) => `${peer.name} ${peer.status}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((device) => device.stop()));
});

describe('two devices on a cable', () => {
  it('carry what does not fit one packet, both ways', async () => {
    const [attic, cellar] = await pair();
    const image = new Uint8Array(60_000).map((_, i) => i % 251);
    attic.serve('echo', (body) => body);
    expect(await cellar.request('attic', 'echo', image)).toEqual(image);
  });

  it('carry every kind of value unchanged', async () => {
    const [attic, cellar] = await pair();
    attic.serve('echo', (body) => body);
    const values: Value[] = [0, -1, 2 ** 53 - 1, 1.5, -0, 'grün', '', true, null, undefined];
    values.push([], {}, [[1, ['x']]], { a: { b: new Uint8Array([1, 2]) } }, Number.POSITIVE_INFINITY);
    for (const value of values) expect(await cellar.request('attic', 'echo', value)).toEqual(value);
  });

  it('tell the asker what the responder said', async () => {
    const [attic, cellar] = await pair();
    attic.serve('door', () => {
      throw new RequestError('refused', 'not at night');
    });
    await expect(cellar.request('attic', 'door')).rejects.toMatchObject({
      code: 'refused',
      message: '"attic" refused "door": not at night',
    });
    await expect(cellar.request('attic', 'window')).rejects.toMatchObject({ code: 'notFound' });
  });

  it('stop the work of a request that nobody waits for any more', async () => {
    const [attic, cellar] = await pair();
    const work = { isStarted: false, isAborted: false };
    attic.serve('slow', (_body, { signal }) => {
      work.isStarted = true;
      return new Promise<Value>((resolve) => {
        signal.addEventListener('abort', () => {
          work.isAborted = true;
          resolve(undefined);
        });
      });
    });
    const abort = new AbortController();
    const call = cellar.request('attic', 'slow', undefined, { signal: abort.signal });
    await vi.waitUntil(() => work.isStarted, { timeout: 5000 });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await vi.waitUntil(() => work.isAborted, { timeout: 5000 });
  });

  it('give the last value to a subscriber who comes later, and confirm the next ones', async () => {
    const [attic, cellar] = await pair();
    expect(await attic.publish('door', 'locked', { qos: 1 })).toEqual({ subscribers: 0, lost: 0 });
    const heard: Value[] = [];
    const dispose = cellar.subscribe('attic/door', (value) => heard.push(value), { qos: 1 });
    await vi.waitUntil(() => heard.length === 1, { timeout: 5000 });
    expect(await attic.publish('door', 'open', { qos: 1 })).toEqual({ subscribers: 1, lost: 0 });
    expect(heard).toEqual(['locked', 'open']);
    dispose();
    await vi.waitUntil(async () => (await attic.publish('door', 'shut', { qos: 1 })).subscribers === 0, {
      timeout: 5000,
    });
    expect(heard.slice(0, 2)).toEqual(['locked', 'open']);
  });

  it('see each other go', async () => {
    const [attic, cellar] = await pair();
    await attic.ping('cellar');
    expect(nameAndStatus(attic)).toEqual(['cellar online']);
    await cellar.stop();
    await vi.waitUntil(() => nameAndStatus(attic)[0] === 'cellar offline', { timeout: 5000 });
  });
});

describe('three devices in a row', () => {
  it('talk through the one in the middle, and say so', async () => {
    const [one, two] = cable();
    const [three, four] = cable();
    const attic = await start('attic', { links: [one] });
    await start('stairs', { links: [two, three] });
    const cellar = await start('cellar', { links: [four] });
    cellar.serve('who', (_body, { from }) => from.name);
    expect(await attic.request('cellar', 'who', undefined, { timeoutMs: 15_000 })).toBe('attic');
    const { path } = await attic.ping('cellar');
    expect(path).toMatchObject({ kind: 'relayed', hops: 2, reason: 'noCommonLink' });
    expect(path.via?.map((peer) => peer.name)).toEqual(['stairs']);
  });
});

describe('links described by plain values', () => {
  it('udp: greets the addresses it is given', async () => {
    const port = await freePort();
    const attic = await start('attic', { links: [{ kind: 'udp', bind: '127.0.0.1', port }] });
    const connect = [`127.0.0.1:${port}`];
    const cellar = await start('cellar', { links: [{ kind: 'udp', bind: '127.0.0.1', connect }] });
    expect((await cellar.ping('attic')).path).toMatchObject({ kind: 'direct', link: { kind: 'udp' } });
    expect((await attic.ping('cellar')).path).toMatchObject({ kind: 'direct', link: { kind: 'udp' } });
  });

  it('tcp: dials, and accepts', async () => {
    const port = await freePort();
    await start('attic', { links: [{ kind: 'tcp-listen', bind: '127.0.0.1', port }] });
    const cellar = await start('cellar', { links: [] });
    await cellar.openLink({ kind: 'tcp', connect: `localhost:${port}` });
    expect((await cellar.ping('attic')).path).toMatchObject({ kind: 'direct', link: { kind: 'tcp' } });
    expect(cellar.counters.links).toHaveLength(1);
  });
});

describe('pins of a peer', () => {
  it('are as wanted again after the peer restarted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fogwisp-pins-'));
    const port = await freePort();
    const startShed = async (pins: RecordedPins): Promise<Device> => {
      const links = [{ kind: 'tcp-listen', bind: '127.0.0.1', port }] as const;
      const shed = await start('shed', { links, stateDirectory: folder });
      servePins(shed, pins);
      return shed;
    };
    const before = new RecordedPins();
    const shed = await startShed(before);
    const desk = await start('desk', { links: [{ kind: 'tcp', connect: `127.0.0.1:${port}` }] });
    const io = await remotePins(desk, 'shed');
    io.digitalWrite(13, 1);
    await vi.waitUntil(() => before.calls.length === 2, { timeout: 5000 });
    await shed.stop();
    const after = new RecordedPins();
    await startShed(after);
    await vi.waitUntil(() => after.calls.length >= 2, { timeout: 20_000 });
    expect(after.calls.slice(0, 2)).toEqual([
      { kind: 'mode', pin: 13, mode: 'output' },
      { kind: 'write', pin: 13, value: 1 },
    ]);
    io.close();
    await Promise.all(started.splice(0).map((device) => device.stop()));
    rmSync(folder, { recursive: true });
  });
});
