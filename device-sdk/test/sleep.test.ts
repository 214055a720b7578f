import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createNetwork, Device } from '../src/index.js';

const PATIENCE_MS = 20_000;
const network = createNetwork();
const started: Device[] = [];

afterEach(async () => {
  for (const device of started.splice(0)) await device.stop();
});

async function start(name: string, port: number, connect: readonly string[] = []): Promise<Device> {
  const device = await Device.start({
    name,
    network,
    stateDirectory: false,
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
});
