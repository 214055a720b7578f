import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';
import { MqttBridge } from '../src/bridge/mqtt-bridge.js';
import { MQTT_DEFAULT, type MqttConfig } from '../src/config/config.js';
import { type FakeMesh, idOf } from './fake-mesh.js';

const ends: (() => unknown)[] = [];

/** To be called after each test. */
export async function endAll(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

export function atEnd(end: () => unknown): void {
  ends.push(end);
}

export interface TestBroker {
  readonly port: number;
  readonly url: string;
  /** Everything that was published here, as 'topic payload'. */
  readonly got: readonly string[];
  /** As from one more client. */
  publish(topic: string, payload: string): void;
  /** Cuts every connection; the broker itself goes on. */
  cut(): void;
  /** Without a goodbye, as when it is killed; what it remembered is gone. */
  kill(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly port?: number;
  /** Hangs up on whoever publishes there. */
  readonly hangsUpOn?: string;
}

export async function startBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const broker = await Aedes.createBroker({
    authorizePublish: (client, packet, done) => {
      if (packet.topic === options.hangsUpOn) client?.close();
      else done();
    },
  });
  const got: string[] = [];
  broker.on('publish', ({ topic, payload }) => {
    if (!topic.startsWith('$SYS')) got.push(`${topic} ${payload.toString()}`);
  });
  const sockets = new Set<Socket>();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const publish = (topic: string, text: string) => {
    const payload = Buffer.from(text);
    broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => undefined);
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', () => {
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
  return { port, url: `mqtt://127.0.0.1:${port}`, got, publish, cut, kill };
}

export async function startBridge(
  mesh: FakeMesh,
  config: Partial<MqttConfig>,
): Promise<{ bridge: MqttBridge; troubles: string[] }> {
  const troubles: string[] = [];
  const bridge = await MqttBridge.start({
    mesh,
    config: { ...MQTT_DEFAULT, ...config },
    describe: () => ({ facts: '{"version":"test"}', peers: '[]', topology: '{}' }),
    onTrouble: (trouble) => troubles.push(trouble),
  });
  if (bridge === undefined) throw new Error('the test wants a bridge');
  ends.push(() => bridge.stop());
  return { bridge, troubles };
}

/** A client of the same broker that keeps everything it hears. */
export async function startListener(
  url: string,
): Promise<{ heard: Map<string, string[]>; client: MqttClient }> {
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

export const url = (broker: TestBroker) => ({ broker: { kind: 'url', url: broker.url } }) as const;
export const reading = (value: number) => ({
  peer: { id: idOf('attic'), name: 'attic' },
  topic: 'load',
  value,
});
