import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { BRIDGE_NAME } from './cast.js';

const FRESH_MS_MAX = 60_000;
const TOPIC = `fog/${BRIDGE_NAME}`;

/** Mosquitto, killed and started again, and somebody who listens there. */
export class SoakBroker {
  readonly url: string;
  readonly #file: string;
  #child: ChildProcess;
  #client: MqttClient | undefined;
  #heard = 0;

  /** Undefined where Mosquitto is missing. */
  static start(folder: string, port: number): SoakBroker | undefined {
    if (spawnSync('mosquitto', ['-h'], { stdio: 'ignore' }).error !== undefined) return undefined;
    return new SoakBroker(folder, port);
  }

  private constructor(folder: string, port: number) {
    this.url = `mqtt://127.0.0.1:${port}`;
    this.#file = join(folder, 'mosquitto.conf');
    writeFileSync(
      this.#file,
      `listener ${port} 127.0.0.1\npersistence false\nallow_anonymous true\nuser root\n`,
    );
    this.#child = this.#spawn();
  }

  /** With a broker that forgot everything. */
  restart(): void {
    this.#child.once('exit', () => {
      this.#child = this.#spawn();
    });
    this.#child.stdin?.end();
  }

  /** True when a reading of the bridge comes that was not kept by the broker. */
  async isFed(): Promise<boolean> {
    const client = mqtt.connect(this.url, { reconnectPeriod: 300 });
    this.#client = client;
    client.on('error', () => undefined);
    client.on('connect', () => client.subscribe('fog/#'));
    client.on('message', (topic, _payload, { retain }) => {
      if (!retain && topic === TOPIC) this.#heard++;
    });
    const until = performance.now() + FRESH_MS_MAX;
    while (this.#heard === 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return this.#heard > 0;
  }

  close(): void {
    this.#client?.end(true);
    this.#child.removeAllListeners('exit');
    this.#child.stdin?.end();
  }

  /** Under a shell that reads from us and kills it when we end in any way. */
  #spawn(): ChildProcess {
    const script = 'mosquitto -c "$1" & broker=$!; cat >/dev/null; kill -9 "$broker"; wait';
    return spawn('sh', ['-c', script, 'sh', this.#file], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // Ctrl-C is for us alone
    });
  }
}
