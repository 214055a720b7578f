import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_DEFAULT, MQTT_DEFAULT } from '../src/config/config.js';
import { ControlClient, GatewayGone } from '../src/control/client.js';
import { LineSplitter } from '../src/control/lines.js';
import { ControlFault, LINE_BYTES_MAX, readRequest } from '../src/control/protocol.js';
import { Registry } from '../src/control/registry.js';
import { Gateway } from '../src/gateway.js';
import { FakeError, FakeMesh, relayedPath, until } from './fake-mesh.js';

let folder = '';
const ends: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true });
});

async function startGateway(mesh = new FakeMesh(), broker: 'none' | 'embedded' = 'none'): Promise<Gateway> {
  const embedded = { kind: 'embedded', bind: '127.0.0.1', port: 0, isPortFixed: false } as const;
  const gateway = await Gateway.start({
    device: mesh,
    config: {
      ...CONFIG_DEFAULT,
      links: [],
      mqtt: { ...MQTT_DEFAULT, broker: broker === 'none' ? { kind: 'none' } : embedded },
    },
    network: 'fog1-test',
    kind: 'up',
    registry: new Registry(join(folder, 'run')),
    onTrouble: () => undefined,
    onFault: () => undefined,
  });
  ends.push(() => gateway.stop());
  return gateway;
}

async function open(gateway: Gateway): Promise<ControlClient> {
  const client = await ControlClient.open(gateway.socket);
  ends.push(() => client.close());
  return client;
}

const request = { verb: 'request', path: 'load', body: undefined, timeoutMs: 100 } as const;

describe('the control socket', () => {
  it('greets, and tells status, peers, identity and network', async () => {
    const mesh = new FakeMesh();
    mesh.tell('attic');
    mesh.tell('bench', { path: relayedPath('attic') });
    const client = await open(await startGateway(mesh));
    expect(client.greeting).toMatchObject({ fogwisp: 1, name: 'hearth', id: mesh.id });
    expect(await client.call({ verb: 'identity' })).toEqual({ name: 'hearth', id: mesh.id });
    expect(await client.call({ verb: 'network' })).toEqual({ network: 'fog1-test' });
    expect(await client.call({ verb: 'status' })).toMatchObject({
      name: 'hearth',
      peers: [{ name: 'attic' }, { name: 'bench' }],
    });
    expect(await client.call({ verb: 'peers' })).toMatchObject([
      { name: 'attic', path: { kind: 'direct', link: 'lan', roundTripMs: 2 } },
      { name: 'bench', path: { kind: 'relayed', via: ['attic'], reason: 'noCommonLink' } },
    ]);
  });

  it('carries requests and pings', async () => {
    const mesh = new FakeMesh();
    mesh.tell('attic');
    mesh.answer('attic', 'load', (body) => ({ got: body ?? null }));
    const client = await open(await startGateway(mesh));
    expect(await client.call({ ...request, to: 'attic', body: [1, 'x'] })).toMatchObject({
      value: { got: [1, 'x'] },
    });
    expect(await client.call({ verb: 'ping', to: 'attic', timeoutMs: 100 })).toMatchObject({
      roundTripMs: 4.2,
      path: { kind: 'direct', link: 'lan' },
    });
  });

  it.each([
    ['peerNotFound', 'atic', undefined, 'nobody called "atic" is known here', 'did you mean "attic"?'],
    ['pathNotFound', 'attic', undefined, 'attic serves no "load"', 'did you mean "loaf"?'],
    ['timeout', 'attic', 'timeout', 'attic did not answer within 0.1 s', 'try a longer --timeout'],
    ['unreachable', 'attic', 'unreachable', 'no path to attic works now', '`fogwisp peers` says why'],
    ['refused', 'attic', 'refused', 'not you', undefined],
    ['badRequest', 'hearth', undefined, '"hearth" is this gateway itself', 'known: attic'],
  ])('tells %s with the next step', async (code, to, error, message, next) => {
    const mesh = new FakeMesh();
    mesh.tell('attic');
    mesh.answer('attic', '$services', () => ['loaf', 'led']);
    if (error !== undefined) {
      mesh.answer('attic', 'load', () => {
        throw new FakeError(error, 'not you');
      });
    }
    const client = await open(await startGateway(mesh));
    const fault = await client.call({ ...request, to }).catch((thrown: unknown) => thrown);
    expect(fault instanceof ControlFault ? fault.fault : fault).toEqual({ code, message, next });
  });

  it('streams what the broker gives out, until the asker is gone', async () => {
    const mesh = new FakeMesh();
    mesh.answer('attic', '$topics', () => ['load']);
    const gateway = await startGateway(mesh, 'embedded');
    mesh.tell('attic');
    await until('the subscription', () => mesh.patterns.size === 2);
    await until('the broker', () => gateway.status().broker?.state === 'online');
    const client = await open(gateway);
    const events: unknown[] = [];
    void client
      .call({ verb: 'listen', filter: 'fog/attic' }, (event) => events.push(event))
      .catch(() => undefined);
    mesh.say('attic', 'load', 0.5);
    await until('the reading', () => events.length > 0);
    expect(events[0]).toMatchObject({ topic: 'fog/attic', payload: { load: 0.5 } });
  });

  it('says that there is no broker to listen at', async () => {
    const client = await open(await startGateway());
    await expect(client.call({ verb: 'listen', filter: '' })).rejects.toThrow('this gateway has no broker');
  });

  it('ends the connection of somebody who does not speak its language, and serves others', async () => {
    const gateway = await startGateway();
    const socket = createConnection(gateway.socket);
    ends.push(() => socket.destroy());
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString();
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET / HTTP/1.1\n');
    await closed;
    expect(heard).toContain('"code":"badRequest"');
    expect(await (await open(gateway)).call({ verb: 'identity' })).toMatchObject({ name: 'hearth' });
  });

  it('is gone when the gateway is, and whoever waits is told', async () => {
    const mesh = new FakeMesh();
    mesh.tell('attic');
    mesh.answer('attic', 'load', () => new Promise(() => undefined));
    const gateway = await startGateway(mesh);
    const waiting = (await open(gateway)).call({ ...request, to: 'attic' });
    const ended = expect(waiting).rejects.toThrow(GatewayGone);
    await until('the request', () => mesh.asked.some((each) => each.path === 'load'));
    await gateway.stop();
    await ended;
    await expect(ControlClient.open(gateway.socket)).rejects.toThrow('there is no such socket');
    expect(mesh.isStopped).toBe(true);
  });

  it('takes the place of a socket that a killed gateway left, but not of a living one', async () => {
    const registry = new Registry(join(folder, 'run'));
    registry.prepare();
    const socket = join(folder, 'run', 'chosen.sock');
    writeFileSync(socket, '');
    const options = (device: FakeMesh) => ({
      device,
      config: {
        ...CONFIG_DEFAULT,
        links: [],
        socket,
        mqtt: { ...MQTT_DEFAULT, broker: { kind: 'none' } as const },
      },
      network: 'fog1-test',
      kind: 'up' as const,
      registry,
      onTrouble: () => undefined,
      onFault: () => undefined,
    });
    const gateway = await Gateway.start(options(new FakeMesh()));
    ends.push(() => gateway.stop());
    const second = new FakeMesh();
    await expect(Gateway.start(options(second))).rejects.toThrow(`another gateway answers at ${socket}`);
    expect(second.isStopped).toBe(true);
    expect(await (await open(gateway)).call({ verb: 'identity' })).toMatchObject({ name: 'hearth' });
  });
});

describe('the registry', () => {
  const entry = (key: string, pid: number, startedAt: number) =>
    ({
      key,
      pid,
      name: key,
      networkId: '01',
      parent: 1,
      kind: 'up',
      socket: join(folder, `${key}.sock`),
      startedAt,
    }) as const;

  it('lists what runs, newest first, and clears away what was killed', () => {
    const registry = new Registry(join(folder, 'run'));
    expect(registry.list()).toEqual([]);
    registry.add(entry('old', process.pid, 1));
    registry.add(entry('new', process.pid, 2));
    registry.add(entry('dead', 2 ** 22 + 1, 3));
    expect(registry.list().map((each) => each.key)).toEqual(['new', 'old']);
    registry.remove('new');
    expect(registry.list().map((each) => each.key)).toEqual(['old']);
  });

  it('ignores files that are not its own', () => {
    const registry = new Registry(join(folder, 'run'));
    registry.prepare();
    writeFileSync(join(folder, 'run', 'x.json'), '{"pid":"one"}');
    writeFileSync(join(folder, 'run', 'y.json'), 'half a li');
    expect(registry.list()).toEqual([]);
  });

  it('does not trust a folder that others may write', () => {
    const registry = new Registry(join(folder, 'run'));
    registry.prepare();
    expect(() => registry.prepare()).not.toThrow();
    chmodSync(registry.directory, 0o755);
    expect(() => registry.prepare()).toThrow(/is open to other users/);
  });

  it('keeps socket addresses short enough for the system', () => {
    const far = new Registry(join(folder, 'x'.repeat(120)));
    expect(Buffer.byteLength(far.socketPath('1-abc'))).toBeLessThanOrEqual(107);
  });
});

describe('lines and requests', () => {
  it('are cut at any byte', () => {
    const bytes = Buffer.from('{"a":"ü"}\n\n{"b":2}\nrest');
    for (let at = 0; at <= bytes.length; at++) {
      const lines = new LineSplitter();
      const all = [...(lines.push(bytes.subarray(0, at)) ?? []), ...(lines.push(bytes.subarray(at)) ?? [])];
      expect(all).toEqual(['{"a":"ü"}', '{"b":2}']);
    }
  });

  it('are bounded', () => {
    expect(new LineSplitter().push(Buffer.alloc(LINE_BYTES_MAX + 1, 'x'))).toBeUndefined();
  });

  it('are none of ours when a field is missing', () => {
    for (const json of [
      undefined,
      null,
      [],
      { id: 1 },
      { id: 'x', verb: 'status' },
      { id: 1, verb: 'ping', to: 'a' },
    ]) {
      expect(readRequest(json)).toBeUndefined();
    }
  });
});
