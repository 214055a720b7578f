import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, type Platform } from '@fogwisp/firmware-shim';
import { nodePlatform } from '@fogwisp/firmware-shim/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, Device, type DeviceOptions } from '../src/index.js';

let folder = '';
let network = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-start-'));
  network = join(folder, 'fog.network');
  writeFileSync(network, `# the garden\n\n  ${createNetwork()}  \n`);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function failure(options: Partial<DeviceOptions>): Promise<unknown> {
  try {
    const device = await Device.start({
      name: 'attic',
      network,
      links: [],
      stateDirectory: false,
      ...options,
    });
    await device.stop();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe('a start that cannot work says what is wrong and what to do', () => {
  it.each([
    ['Green House', 'try "green-house"'],
    ['', 'for example "greenhouse"'],
    ['x'.repeat(33), `try "${'x'.repeat(32)}"`],
    ['*', 'for example "greenhouse"'],
  ])('name %j', async (name, advice) => {
    expect(await failure({ name })).toMatchObject({
      code: 'nameInvalid',
      message: expect.stringContaining(advice),
    });
  });

  it('no network file', async () => {
    expect(await failure({ network: 'nowhere.network' })).toMatchObject({
      code: 'networkMissing',
      message: expect.stringContaining('`fogwisp network create nowhere.network`'),
    });
  });

  it('a network file that cannot be read', async () => {
    expect(await failure({ network: folder })).toMatchObject({
      code: 'networkMissing',
      message: expect.stringContaining('cannot be read'),
    });
  });

  it('a network file without a key, and one that was cut', async () => {
    const empty = join(folder, 'empty.network');
    writeFileSync(empty, '# nothing yet\n');
    const cut = createNetwork().substring(0, 30);
    for (const wrong of [empty, cut]) {
      expect(await failure({ network: wrong })).toMatchObject({
        code: 'networkInvalid',
        message: expect.stringContaining('Copy it again'),
      });
    }
  });

  it('an address that is none', async () => {
    for (const link of [
      { kind: 'udp', port: 0, bind: '127.0.0.1', connect: ['attic'] },
      { kind: 'tcp', connect: 'attic' },
      { kind: 'tcp', connect: 'attic:0' },
      { kind: 'stations', connect: ['attic'] },
    ] as const) {
      expect(await failure({ links: [link] })).toMatchObject({ code: 'linkInvalid' });
    }
  });

  it.each([
    [
      '[{"kind":"tcpListen","port":4747}]',
      'no link of kind "tcpListen": write one of lan, stations, udp, tcp',
    ],
    ['[{"kind":"serial"}]', 'of kind "serial": path: expected a text, got nothing'],
    ['[{"kind":"udp","port":99999}]', 'of kind "udp": port: expected an integer from 0 to 65535, got 99999'],
    [
      '[{"kind":"udp","connect":"127.0.0.1:4747"}]',
      'of kind "udp": connect: expected a list, got "127.0.0.1:4747"',
    ],
    ['[{"kind":"stations"}]', 'of kind "stations": connect: expected a list, got nothing'],
    ['["lan"]', `a link is no string: write one as { kind: 'lan' }`],
    ['[null]', 'a link is no null'],
  ])('links: %s', async (text, message) => {
    const found = await failure({ links: JSON.parse(text) });
    expect(found).toMatchObject({ code: 'linkInvalid', message: expect.stringContaining(message) });
  });

  it.each([
    ['{}', 'name: expected a text, got nothing: for example { name:'],
    ['{"name":"attic"}', 'network: expected a text, got nothing'],
    ['{"name":"attic","network":"fog.network","links":{"kind":"lan"}}', 'links: expected a list'],
  ])('options of a program without a compiler: %s', async (text, message) => {
    const found = await Device.start(JSON.parse(text)).catch((thrown: unknown) => thrown);
    expect(found).toMatchObject({ code: 'misuse', message: expect.stringContaining(message) });
  });

  it('a damaged identity, and a seed of no key', async () => {
    const store = new MemoryStore();
    await store.write('identity', unusableSeed(nodePlatform()));
    expect(await failure({ platform: nodePlatform({ store }) })).toMatchObject({ code: 'stateUnusable' });
    expect(await failure({ identitySeed: unusableSeed(nodePlatform()) })).toMatchObject({ code: 'misuse' });
  });

  it('a state directory that another process uses', async () => {
    const stateDirectory = join(folder, 'busy');
    const first = await Device.start({ name: 'attic', network, links: [], stateDirectory });
    expect(await failure({ stateDirectory })).toMatchObject({ code: 'stateUnusable' });
    await first.stop();
    expect(await failure({ stateDirectory })).toBeUndefined();
  });
});

describe('the identity of a device', () => {
  it('stays over restarts with a state directory', async () => {
    const stateDirectory = join(folder, 'kept');
    const ids: string[] = [];
    for (let run = 0; run < 2; run++) {
      const device = await Device.start({ name: 'attic', network, links: [], stateDirectory });
      ids.push(device.id);
      await device.stop();
    }
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
  });

  it('is new at each start without one', async () => {
    const ids: string[] = [];
    for (let run = 0; run < 2; run++) {
      const device = await Device.start({ name: 'attic', network, links: [], stateDirectory: false });
      ids.push(device.id);
      await device.stop();
    }
    expect(ids[1]).not.toBe(ids[0]);
  });

  it('is decided by a seed when one is given', async () => {
    const { crypto } = nodePlatform();
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8].map((byte) => new Uint8Array(32).fill(byte));
    const seed = seeds.find((each) => ((crypto.signKeyPair(each).publicKey[31] ?? 0) & 0x80) === 0);
    if (seed === undefined) return expect.unreachable();
    const ids: string[] = [];
    for (let run = 0; run < 2; run++) {
      const device = await Device.start({ name: 'attic', network, links: [], identitySeed: seed });
      ids.push(device.id);
      await device.stop();
    }
    expect(ids[1]).toBe(ids[0]);
  });
});

/** Its key has the sign bit that no key of this network may have. */
function unusableSeed({ crypto }: Platform): Uint8Array {
  for (let byte = 0; ; byte++) {
    const seed = new Uint8Array(32).fill(byte);
    if (((crypto.signKeyPair(seed).publicKey[31] ?? 0) & 0x80) !== 0) return seed;
  }
}
