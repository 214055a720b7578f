import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createNetwork, Device } from '../src/index.js';

const PATIENCE_MS = 20_000;
/** Neighbors have said what they can do for each other by then. */
const ADVERT_MS = 4000;
const network = createNetwork();
const started: Device[] = [];

afterEach(async () => {
  for (const device of started.splice(0)) await device.stop();
});

async function start(
  name: string,
  port: number,
  connect: readonly string[] = [],
  stateDirectory: string | false = false,
): Promise<Device> {
  const device = await Device.start({
    name,
    network,
    stateDirectory,
    identitySeed: name === 'sensor' ? SEED : undefined,
    links: [{ kind: 'udp', bind: '127.0.0.1', port, connect }],
  });
  started.push(device);
  return device;
}

/** The same sensor when it is awake again. */
const SEED = new Uint8Array(32).fill(9);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a device that sleeps', () => {
  it('is shown as asleep, and is asked when it is back', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const hearth = await start('hearth', port);
    const sensor = await start('sensor', 0, [`127.0.0.1:${port}`]);
    await hearth.ping('sensor', { timeoutMs: PATIENCE_MS });
    await sensor.sleep(120_000);
    await expect.poll(() => hearth.peers()[0]?.status, { timeout: PATIENCE_MS }).toBe('asleep');
    const failure = await hearth
      .request('sensor', 'warmth', null, { timeoutMs: 1000 })
      .catch((thrown) => thrown);
    expect(failure).toMatchObject({ code: 'asleep', peer: 'sensor' });
    expect(failure.message).toMatch(/^"sensor" sleeps and is due in 1(1\d|20) s: /);
    const answer = hearth.request('sensor', 'warmth', null, { timeoutMs: 300_000 });
    const awake = await start('sensor', 0, [`127.0.0.1:${port}`]);
    awake.serve('warmth', () => 21);
    expect(await answer).toBe(21);
    expect(hearth.peers()[0]?.status).toBe('online');
  });

  it('says for how long', async () => {
    const sensor = await start('sensor', 0);
    expect(() => sensor.sleep(0)).toThrow('milliseconds');
    expect(() => sensor.sleep(Number.NaN)).toThrow('milliseconds');
  });

  it('gets what was published meanwhile when its publisher is gone', { timeout: 60_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fogwisp-sleep-'));
    const port = await freePort();
    await start('hearth', port);
    const levels: unknown[] = [];
    const wake = async () => {
      const pump = await start('pump', 0, [`127.0.0.1:${port}`], join(directory, 'pump'));
      pump.subscribe('meter/level', (level) => void levels.push(level), { qos: 1 });
      return pump;
    };
    const pump = await wake();
    const meter = await start('meter', 0, [`127.0.0.1:${port}`], join(directory, 'meter'));
    await meter.ping('pump', { timeoutMs: PATIENCE_MS });
    await expect
      .poll(async () => (await meter.publish('level', 0, { qos: 1 })).subscribers, { timeout: PATIENCE_MS })
      .toBe(1);
    await new Promise((resolve) => setTimeout(resolve, ADVERT_MS));
    await pump.sleep(600_000);
    await expect.poll(() => peerOf(meter, 'pump')?.status, { timeout: PATIENCE_MS }).toBe('asleep');
    levels.length = 0;
    expect(await meter.publish('level', 7, { qos: 1 })).toEqual({ subscribers: 1, lost: 0, kept: 1 });
    await meter.stop();
    await wake();
    await expect.poll(() => levels, { timeout: PATIENCE_MS }).toEqual([7]);
    for (const device of started.splice(0)) await device.stop();
    rmSync(directory, { recursive: true });
  });
});

function peerOf(device: Device, name: string) {
  return device.peers().find((peer) => peer.name === name);
}
