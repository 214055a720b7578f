import { readFileSync } from 'node:fs';
import type { MqttConfig, TlsConfig } from '../config/config.js';
import type { Mesh, PeerReport } from '../mesh.js';
import type { Reading } from '../readings.js';
import { Bridge } from './bridge.js';
import { BrokerClient, type BrokerReport, type Incoming } from './broker-client.js';
import type { LoginOptions } from './client-options.js';
import { type EmbeddedBroker, startEmbeddedBroker } from './embedded.js';
import { listenAtBroker } from './listener.js';
import { loadRawEncoder } from './raw.js';

export interface MqttBridgeOptions {
  readonly mesh: Mesh;
  readonly config: MqttConfig;
  readonly describe: () => { readonly facts: string; readonly peers: string };
  readonly onTrouble: (trouble: string) => void;
}

/**
 * The MQTT side of a gateway: the broker (ours or theirs), the client that keeps at it, the bridge that
 * speaks.
 */
export class MqttBridge {
  readonly isEmbedded: boolean;
  readonly #bridge: Bridge;
  readonly #client: BrokerClient;
  readonly #embedded: EmbeddedBroker | undefined;
  readonly #url: string;
  readonly #login: LoginOptions;

  private constructor(parts: {
    bridge: Bridge;
    client: BrokerClient;
    embedded: EmbeddedBroker | undefined;
    url: string;
    login: LoginOptions;
  }) {
    this.#bridge = parts.bridge;
    this.#client = parts.client;
    this.#embedded = parts.embedded;
    this.#url = parts.url;
    this.#login = parts.login;
    this.isEmbedded = parts.embedded !== undefined;
  }

  /** Undefined when the configuration wants no broker. */
  static async start(options: MqttBridgeOptions): Promise<MqttBridge | undefined> {
    const { mesh, config, describe, onTrouble } = options;
    const { broker } = config;
    if (broker.kind === 'none') return undefined;
    const login = { username: config.username, password: config.password, ...filesOf(config.tls) };
    const raw = config.raw ? await loadRawEncoder() : undefined;
    const embedded =
      broker.kind === 'embedded' ? await startEmbeddedBroker({ ...broker, ...login }) : undefined;
    const url = broker.kind === 'url' ? broker.url : (embedded?.url ?? '');
    const bridge: Bridge = new Bridge({
      mesh,
      base: config.base,
      raw,
      describe,
      onTrouble,
      send: (message) => client.publish(message),
    });
    const client = new BrokerClient({
      url,
      login,
      clientId: `fogwisp-${mesh.id.substring(0, 12)}`,
      will: { topic: bridge.topics.bridgeState, payload: Bridge.offlinePayload },
      filters: bridge.topics.commandFilters,
      queueMessagesMax: config.queueMessagesMax,
      onOnline: () => bridge.handleOnline(),
      onMessage: (message) => bridge.handleMessage(message),
      onTrouble,
    });
    client.start();
    return new MqttBridge({ bridge, client, embedded, url, login });
  }

  get report(): BrokerReport {
    return this.#client.report;
  }

  get base(): string {
    return this.#bridge.topics.base;
  }

  handleReading(reading: Reading): void {
    this.#bridge.handleReading(reading);
  }

  handlePeer(peer: PeerReport): void {
    this.#bridge.handlePeer(peer);
  }

  listen(filter: string, onMessage: (message: Incoming) => void, signal: AbortSignal): Promise<void> {
    const version = this.report.version === '5' ? 5 : 4;
    return listenAtBroker({ url: this.#url, login: this.#login, version, filter, onMessage, signal });
  }

  async stop(): Promise<void> {
    this.#bridge.handleStop();
    await this.#client.stop();
    await this.#embedded?.close();
  }
}

function filesOf(tls: TlsConfig): LoginOptions {
  return {
    ca: fileOf('ca', tls.ca),
    cert: fileOf('certificate', tls.certificate),
    key: fileOf('key', tls.key),
  };
}

function fileOf(key: keyof TlsConfig, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown trouble';
    throw new Error(`"mqtt.tls.${key}": ${path} cannot be read (${code})`, { cause: thrown });
  }
}
