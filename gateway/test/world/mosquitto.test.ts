import { afterEach, describe, expect, it } from 'vitest';
import { MqttBridge } from '../../src/bridge/mqtt-bridge.js';
import { MQTT_DEFAULT, type MqttConfig } from '../../src/config/config.js';
import { freePort } from '../../tools/free-port.js';
import { FakeMesh, idOf, until } from '../fake-mesh.js';
import { startListener, startMosquitto } from '../mosquitto.js';
import { needs } from '../needs.js';
import { atEnd, endAll } from '../test-broker.js';

const mosquitto = needs('mosquitto', 'a Mosquitto broker');

afterEach(endAll);

async function startBridge(
  mesh: FakeMesh,
  port: number,
  more: Partial<MqttConfig> = {},
): Promise<{ bridge: MqttBridge; troubles: string[] }> {
  const troubles: string[] = [];
  const bridge = await MqttBridge.start({
    mesh,
    config: { ...MQTT_DEFAULT, broker: { kind: 'url', url: `mqtt://127.0.0.1:${port}` }, ...more },
    describe: () => ({ facts: '{}', peers: '[]', topology: '{}' }),
    onTrouble: (trouble) => troubles.push(trouble),
  });
  if (bridge === undefined) throw new Error('the test wants a bridge');
  atEnd(() => bridge.stop());
  return { bridge, troubles };
}

const attic = { id: idOf('attic'), name: 'attic' };

describe.skipIf(mosquitto.isMissing)(mosquitto.title, () => {
  it('is spoken to in MQTT 5, with content types', async () => {
    const port = await freePort();
    await startMosquitto(port);
    const { heard } = await startListener(port);
    const { bridge, troubles } = await startBridge(new FakeMesh(), port, { raw: true });
    bridge.handleReading({ peer: attic, topic: 'load', value: 0.3 });
    await until('the raw reading', () => heard.some((each) => each.topic.startsWith('fog/raw/')));
    expect(bridge.report.version).toBe('5');
    const state = heard.find((each) => each.topic === 'fog/attic');
    expect(state).toEqual({ topic: 'fog/attic', text: '{"load":0.3}', contentType: 'application/json' });
    expect(heard.find((each) => each.topic.startsWith('fog/raw/'))?.contentType).toBe('application/cbor');
    expect(troubles).toEqual([]);
  });

  it('gets a command to the device and its answer back', async () => {
    const port = await freePort();
    await startMosquitto(port);
    const mesh = new FakeMesh();
    mesh.answer('bench', 'led', (body) => body);
    const { bridge } = await startBridge(mesh, port);
    bridge.handlePeer(mesh.tell('bench'));
    await until('online', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    const { heard, publish } = await startListener(port);
    await publish('fog/bench/set/led', 'true');
    await until('the new state', () => heard.some((each) => each.topic === 'fog/bench'));
    expect(heard.find((each) => each.topic === 'fog/bench')?.text).toBe('{"led":true}');
    expect(heard.find((each) => each.topic === 'fog/bench/response')?.text).toContain('"status":"ok"');
  });

  it('that is killed and restarted is caught up with, and hears again what it forgot', async () => {
    const port = await freePort();
    const first = await startMosquitto(port);
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, port);
    bridge.handlePeer(mesh.tell('attic'));
    await until('online', () => bridge.report.state === 'online');
    const before = await startListener(port);
    for (let value = 0; value < 200; value++) bridge.handleReading({ peer: attic, topic: 'load', value });
    await until('some', () => before.heard.length > 20);
    first.kill('SIGKILL');
    for (let value = 200; value < 400; value++) bridge.handleReading({ peer: attic, topic: 'load', value });
    await until('the outage', () => bridge.report.state !== 'online');
    await startMosquitto(port);
    await until(
      'an empty queue',
      () => bridge.report.state === 'online' && bridge.report.queued === 0,
      30_000,
    );
    expect(bridge.report.dropped).toBe(0);
    const late = await startListener(port);
    await until('what is retained', () => late.heard.some((each) => each.topic === 'fog/bridge/state'));
    expect(late.heard.find((each) => each.topic === 'fog/attic')?.text).toBe('{"load":399}');
    expect(late.heard.find((each) => each.topic === 'fog/attic/availability')?.text).toBe(
      '{"state":"online"}',
    );
  });

  it('that refuses us is told about, and tried again', async () => {
    const port = await freePort();
    await startMosquitto(port, 'allow_anonymous false');
    const { bridge, troubles } = await startBridge(new FakeMesh(), port, {
      username: 'me',
      password: 'wrong',
    });
    await until('the refusal', () => bridge.report.reason !== undefined);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatch(
      /^no broker at mqtt:\/\/127\.0\.0\.1:\d+: Connection refused: Not authorized/,
    );
    expect(troubles[0]).not.toContain('wrong');
  });

  it('that takes no large message refuses that one alone', async () => {
    const port = await freePort();
    await startMosquitto(port, 'allow_anonymous true\nmax_packet_size 2000');
    const { heard } = await startListener(port);
    const { bridge, troubles } = await startBridge(new FakeMesh(), port);
    await until('online', () => bridge.report.state === 'online');
    bridge.handleReading({ peer: { id: idOf('big'), name: 'big' }, topic: 'page', value: 'x'.repeat(5000) });
    bridge.handleReading({ peer: attic, topic: 'load', value: 1 });
    await until('the other reading', () => heard.some((each) => each.topic === 'fog/attic'));
    expect(troubles.join()).toMatch(/the broker takes at most 2000 bytes: fog\/big was dropped/);
  });
});
