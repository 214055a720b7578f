import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { startEmbeddedBroker } from '../src/bridge/embedded.js';
import { FakeMesh, idOf, until } from './fake-mesh.js';
import { atEnd, endAll, reading, startBridge, startBroker, startListener, url } from './test-broker.js';

afterEach(endAll);

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

  it('tells who sleeps, until when, and when that is over', async () => {
    const broker = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(broker));
    const asleep = { status: 'asleep', dueAt: mesh.now() + 600_000 } as const;
    const told = () => broker.got.filter((each) => each.startsWith('fog/attic/availability'));
    bridge.handlePeer(mesh.tell('attic'));
    await until('online', () => told().some((each) => each.includes('online')));
    bridge.handlePeer(mesh.tell('attic', asleep));
    bridge.handlePeer(mesh.tell('attic', { ...asleep, path: { kind: 'none', since: 5 } }));
    await until('asleep', () => told().some((each) => each.includes('asleep')));
    bridge.handlePeer(mesh.tell('attic', { status: 'offline' }));
    await until('offline', () => told().some((each) => each.includes('offline')));
    const due = /"state":"asleep","due":"([^"]+)"/.exec(told().join('\n'))?.[1] ?? '';
    expect(Math.abs(Date.parse(due) - Date.now() - 600_000)).toBeLessThan(30_000);
    expect(told().filter((each) => each.includes('asleep'))).toHaveLength(1);
    expect(told().at(-1)).toBe('fog/attic/availability {"state":"offline"}');
  });

  it('moves a peer to its name once that is known, and clears what was retained before', async () => {
    const broker = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(broker));
    const id = idOf('attic');
    bridge.handlePeer(mesh.tell('attic', { name: '' }));
    bridge.handleReading({ peer: { id, name: '' }, topic: 'load', value: 1 });
    bridge.handlePeer(mesh.tell('attic'));
    await until('an empty queue', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    const { heard } = await startListener(broker.url);
    await until('its availability', () => heard.has('fog/attic/availability') && heard.has('fog/attic/link'));
    expect(heard.get('fog/attic')).toEqual(['{"load":1}']);
    expect([...heard.keys()].filter((topic) => topic.includes(id.substring(0, 16)))).toEqual([]);
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

describe('the embedded broker', () => {
  it('takes a free port when its own is taken, unless that port was asked for', async () => {
    const { port } = await startBroker();
    const options = { bind: '127.0.0.1', port, isPortFixed: false };
    const broker = await startEmbeddedBroker(options);
    atEnd(() => broker.close());
    expect(broker.port).not.toBe(port);
    await expect(startEmbeddedBroker({ ...options, isPortFixed: true })).rejects.toThrow(
      /another program has that port/,
    );
  });

  it('asks for the password where there is one', async () => {
    const options = { bind: '127.0.0.1', port: 0, isPortFixed: false, username: 'me', password: 'secret' };
    const broker = await startEmbeddedBroker(options);
    atEnd(() => broker.close());
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
