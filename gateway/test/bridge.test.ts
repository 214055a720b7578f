import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { startEmbeddedBroker } from '../src/bridge/embedded.js';
import { MqttBridge } from '../src/bridge/mqtt-bridge.js';
import { MQTT_DEFAULT, type MqttConfig } from '../src/config/config.js';
import { FakeMesh, idOf, until } from './fake-mesh.js';

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface TestBroker {
  readonly port: number;
  readonly url: string;
  /** Everything that was published here, as 'topic payload'. */
  readonly got: readonly string[];
  /** Cuts every connection; the broker itself goes on. */
  cut(): void;
  /** Without a goodbye, as when it is killed; what it remembered is gone. */
  kill(): Promise<void>;
}

async function startBroker(wantedPort = 0): Promise<TestBroker> {
  const broker = await Aedes.createBroker();
  const got: string[] = [];
  broker.on('publish', (packet) => got.push(`${packet.topic} ${packet.payload.toString()}`));
  const sockets = new Set<Socket>();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(wantedPort, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const kill = async () => {
    cut();
    await new Promise<void>((done) => server.close(() => done()));
    await new Promise<void>((done) => broker.close(done));
  };
  ends.push(() => (server.listening ? kill() : undefined));
  return { port, url: `mqtt://127.0.0.1:${port}`, got, cut, kill };
}

async function startBridge(
  mesh: FakeMesh,
  config: Partial<MqttConfig>,
): Promise<{ bridge: MqttBridge; troubles: string[] }> {
  const troubles: string[] = [];
  const bridge = await MqttBridge.start({
    mesh,
    config: { ...MQTT_DEFAULT, ...config },
    describe: () => ({ facts: '{"version":"test"}', peers: '[]' }),
    onTrouble: (trouble) => troubles.push(trouble),
  });
  if (bridge === undefined) throw new Error('the test wants a bridge');
  ends.push(() => bridge.stop());
  return { bridge, troubles };
}

/** A client of the same broker that keeps everything it hears. */
async function startListener(url: string): Promise<{ heard: Map<string, string[]>; client: MqttClient }> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 50 });
  const heard = new Map<string, string[]>();
  client.on('message', (topic, payload) =>
    heard.set(topic, [...(heard.get(topic) ?? []), payload.toString()]),
  );
  client.on('error', () => undefined);
  await client.subscribeAsync('#', { qos: 1 });
  ends.push(() => client.end(true));
  return { heard, client };
}

const url = (broker: TestBroker) => ({ broker: { kind: 'url', url: broker.url } }) as const;
const reading = (value: number) => ({ peer: { id: idOf('attic'), name: 'attic' }, topic: 'load', value });

describe('the bridge', () => {
  it('falls back to MQTT 3.1.1 where the broker does not know 5', async () => {
    const broker = await startBroker();
    const { bridge, troubles } = await startBridge(new FakeMesh(), url(broker));
    await until('the broker', () => bridge.report.state === 'online');
    expect(bridge.report).toMatchObject({ version: '3.1.1', queued: expect.any(Number), dropped: 0 });
    expect(troubles).toEqual([]);
  });

  it('publishes states, availability and itself, retained', async () => {
    const broker = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(broker));
    bridge.handlePeer(mesh.tell('attic'));
    bridge.handleReading(reading(0.3));
    await until('an empty queue', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    const { heard } = await startListener(broker.url);
    await until('five retained messages', () => heard.size >= 5);
    expect(heard.get('fog/attic')).toEqual(['{"load":0.3}']);
    expect(heard.get('fog/attic/availability')).toEqual(['{"state":"online"}']);
    expect(heard.get('fog/attic/link')).toEqual(['{"path":"direct","link":"lan","via":[]}']);
    expect(heard.get('fog/bridge/state')).toEqual(['{"state":"online"}']);
    expect(heard.get('fog/bridge/info')).toEqual(['{"version":"test"}']);
    expect(heard.get('fog/bridge/peers')).toEqual(['[]']);
  });

  it('says offline when it ends, and by its last will when it is cut off', async () => {
    const broker = await startBroker();
    const { bridge } = await startBridge(new FakeMesh(), url(broker));
    const states = () => broker.got.filter((each) => each.startsWith('fog/bridge/state'));
    await until('online', () => states().length === 1);
    broker.cut();
    await until('its last will, and online again', () => states().length === 3);
    await bridge.stop();
    const online = 'fog/bridge/state {"state":"online"}';
    const offline = 'fog/bridge/state {"state":"offline"}';
    expect(states()).toEqual([online, offline, online, offline]);
  });

  it('carries a set to the device as a request, and its answer back', async () => {
    const broker = await startBroker();
    const mesh = new FakeMesh();
    mesh.answer('bench', 'led', (body) => body);
    const { bridge } = await startBridge(mesh, url(broker));
    bridge.handlePeer(mesh.tell('bench'));
    await until('online', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    const { heard, client } = await startListener(broker.url);
    await client.publishAsync('fog/bench/set', '{"led":true,"transaction":"x1"}', { qos: 1 });
    await until('an answer', () => heard.has('fog/bench/response') && heard.has('fog/bench'));
    expect(heard.get('fog/bench/response')).toEqual([
      '{"path":"led","transaction":"x1","status":"ok","value":true}',
    ]);
    expect(heard.get('fog/bench')).toEqual(['{"led":true}']);
    expect(mesh.asked).toEqual([{ to: idOf('bench'), path: 'led', body: true }]);
  });

  it('tells what went wrong with a command', async () => {
    const broker = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(broker));
    await until('online', () => bridge.report.state === 'online');
    const { heard, client } = await startListener(broker.url);
    await client.publishAsync('fog/nobody/set', '{"led":true}', { qos: 1 });
    await client.publishAsync('fog/other/set', 'ON', { qos: 1 });
    await until('both answers', () => heard.has('fog/nobody/response') && heard.has('fog/other/response'));
    expect(heard.get('fog/nobody/response')).toEqual([
      '{"path":"led","status":"error","error":"unknownPeer"}',
    ]);
    expect(heard.get('fog/other/response')).toEqual(['{"status":"error","error":"not JSON: ON"}']);
  });

  it('does not obey a command that was left behind', async () => {
    const broker = await startBroker();
    const { client } = await startListener(broker.url);
    await client.publishAsync('fog/bench/set', '{"led":true}', { qos: 1, retain: true });
    const mesh = new FakeMesh();
    const { troubles } = await startBridge(mesh, url(broker));
    await until('a word about it', () => troubles.some((trouble) => trouble.includes('is retained')));
    expect(mesh.asked).toEqual([]);
  });

  it('publishes CBOR on request', async () => {
    const broker = await startBroker();
    const { client } = await startListener(broker.url);
    const bytes: number[][] = [];
    client.on('message', (topic, payload) => {
      if (topic === `fog/raw/${idOf('attic')}`) bytes.push([...payload]);
    });
    const { bridge } = await startBridge(new FakeMesh(), { ...url(broker), raw: true });
    bridge.handleReading(reading(1));
    await until('a raw reading', () => bytes.length > 0);
    expect(bytes[0]).toEqual([0x82, 0x64, 0x6c, 0x6f, 0x61, 0x64, 0x01]);
  });
});

describe('a broker that is away', () => {
  it('at the start gets everything when it comes', async () => {
    const { port, kill } = await startBroker();
    await kill();
    const { bridge, troubles } = await startBridge(new FakeMesh(), {
      broker: { kind: 'url', url: `mqtt://127.0.0.1:${port}` },
    });
    for (let value = 0; value < 50; value++) bridge.handleReading(reading(value));
    await until('the reason', () => bridge.report.reason !== undefined);
    expect(bridge.report).toMatchObject({
      state: expect.stringMatching(/offline|connecting/),
      reason: 'nobody listens there',
    });
    expect(troubles[0]).toMatch(
      /^no broker at mqtt:\/\/127\.0\.0\.1:\d+: nobody listens there; readings wait here/,
    );
    const broker = await startBroker(port);
    const readings = () => broker.got.filter((each) => each.startsWith('fog/attic {'));
    await until('all readings', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    expect(readings().slice(0, 50)).toEqual(
      Array.from({ length: 50 }, (_, value) => `fog/attic {"load":${value}}`),
    );
  });

  it('in the middle loses nothing that was acknowledged to us, and hears what is retained again', async () => {
    const first = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(first));
    bridge.handlePeer(mesh.tell('attic'));
    await until('online', () => bridge.report.state === 'online');
    const { heard } = await startListener(first.url);
    for (let value = 0; value < 30; value++) bridge.handleReading(reading(value));
    await until('some of them', () => (heard.get('fog/attic')?.length ?? 0) > 0);
    await first.kill();
    for (let value = 30; value < 60; value++) bridge.handleReading(reading(value));
    const second = await startBroker(first.port);
    await until(
      'the last',
      () => heard.get('fog/attic')?.at(-1) === '{"load":59}' && bridge.report.queued === 0,
    );
    const values = new Set(heard.get('fog/attic'));
    expect([...Array(60).keys()].filter((value) => !values.has(`{"load":${value}}`))).toEqual([]);
    const late = await startListener(second.url);
    await until(
      'what is retained',
      () => late.heard.has('fog/attic/availability') && late.heard.has('fog/bridge/state'),
    );
    expect(late.heard.get('fog/attic')).toEqual(['{"load":59}']);
  });

  it('for long fills a bounded queue, which says what it drops', async () => {
    const { port, kill } = await startBroker();
    await kill();
    const config = {
      broker: { kind: 'url', url: `mqtt://127.0.0.1:${port}` },
      queueMessagesMax: 20,
    } as const;
    const { bridge, troubles } = await startBridge(new FakeMesh(), config);
    for (let value = 0; value < 100; value++) bridge.handleReading(reading(value));
    expect(bridge.report).toMatchObject({ queued: 20, dropped: 80 });
    expect(troubles.join()).toMatch(/the queue to the broker is full \(20\): \d+ of the oldest were dropped/);
  });
});

describe('the embedded broker', () => {
  it('takes a free port when its own is taken, unless that port was asked for', async () => {
    const { port } = await startBroker();
    const options = { bind: '127.0.0.1', port, isPortFixed: false };
    const broker = await startEmbeddedBroker(options);
    ends.push(() => broker.close());
    expect(broker.port).not.toBe(port);
    await expect(startEmbeddedBroker({ ...options, isPortFixed: true })).rejects.toThrow(
      /another program has that port/,
    );
  });

  it('asks for the password where there is one', async () => {
    const options = { bind: '127.0.0.1', port: 0, isPortFixed: false, username: 'me', password: 'secret' };
    const broker = await startEmbeddedBroker(options);
    ends.push(() => broker.close());
    await expect(
      mqtt.connectAsync(broker.url, { reconnectPeriod: 0, protocolVersion: 4 }, false),
    ).rejects.toThrow(/auth|Bad User/i);
    const login = { reconnectPeriod: 0, protocolVersion: 4, username: 'me', password: 'secret' } as const;
    const client = await mqtt.connectAsync(broker.url, login);
    await client.endAsync(true);
  });

  it('is what a gateway without a broker uses', async () => {
    const embedded = { kind: 'embedded', bind: '127.0.0.1', port: 0, isPortFixed: false } as const;
    const { bridge } = await startBridge(new FakeMesh(), { broker: embedded });
    bridge.handleReading(reading(7));
    await until('online', () => bridge.report.state === 'online');
    const { heard } = await startListener(bridge.report.url);
    await until('a reading', () => heard.has('fog/attic'));
    expect(bridge.isEmbedded).toBe(true);
  });
});

describe('listening at the broker', () => {
  it('gives what it gives out until the listener has enough', async () => {
    const broker = await startBroker();
    const { bridge } = await startBridge(new FakeMesh(), url(broker));
    bridge.handleReading(reading(1));
    await until('online', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    const abort = new AbortController();
    const topics: string[] = [];
    const done = bridge.listen(
      'fog/attic',
      ({ topic, isRetained }) => topics.push(`${topic} ${isRetained}`),
      abort.signal,
    );
    await until('the retained one', () => topics.length === 1);
    bridge.handleReading(reading(2));
    await until('a fresh one', () => topics.length === 2);
    expect(topics).toEqual(['fog/attic true', 'fog/attic false']);
    abort.abort();
    await done;
  });
});
