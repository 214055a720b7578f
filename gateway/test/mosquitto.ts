import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { until } from './fake-mesh.js';
import { atEnd } from './test-broker.js';

export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly contentType: string | undefined;
}

export interface Listener {
  readonly heard: readonly Heard[];
  /** What came on one topic, in order. */
  textsOf(topic: string): string[];
  publish(topic: string, text: string): Promise<unknown>;
}

/** The user's broker, on loopback. */
export async function startMosquitto(port: number, more = 'allow_anonymous true'): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\npersistence false\nuser root\n${more}\n`);
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
  atEnd(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  await until('Mosquitto', () => answersAt(port));
  return child;
}

/** Any other program that uses the broker. */
export async function startListener(port: number): Promise<Listener> {
  const heard: Heard[] = [];
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    reconnectPeriod: 100,
  });
  client.on('error', () => undefined);
  client.on('message', (topic, payload, packet) =>
    heard.push({ topic, text: payload.toString(), contentType: packet.properties?.contentType }),
  );
  await client.subscribeAsync('#', { qos: 1 });
  atEnd(() => client.end(true));
  const textsOf = (topic: string) => heard.filter((each) => each.topic === topic).map((each) => each.text);
  return { heard, textsOf, publish: (topic, text) => client.publishAsync(topic, text, { qos: 1 }) };
}

function answersAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
