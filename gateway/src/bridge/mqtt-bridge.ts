import { readFileSync } from 'node:fs';
import type { MqttConfig, TlsConfig } from '../config/config.js';
import type { Mesh, NodeKey, PeerReport } from '../mesh.js';
import type { Reading } from '../readings.js';
import { Agreement } from './agreement.js';
import { Bridge, type Descriptions } from './bridge.js';
import { BrokerClient, type BrokerReport, type Incoming } from './broker-client.js';
import type { LoginOptions } from './client-options.js';
import { type EmbeddedBroker, startEmbeddedBroker } from './embedded.js';
import { listenAtBroker } from './listener.js';
import { Partners } from './partners.js';
import { loadRawEncoder, type RawEncoder } from './raw.js';

export interface MqttBridgeOptions {
  readonly mesh: Mesh;
  readonly config: MqttConfig;
  readonly describe: () => Descriptions;
  readonly onTrouble: (trouble: string) => void;
}

/** What has to be waited for. */
interface Parts {
  readonly raw: RawEncoder | undefined;
  readonly embedded: EmbeddedBroker | undefined;
  readonly url: string;
  readonly login: LoginOptions;
}

/**
 * The MQTT side of a gateway: the broker (ours or theirs), the clients that keep at it, the bridge that
 * speaks, and the other gateways that do.
 */
export class MqttBridge {
  readonly isEmbedded: boolean;
  readonly #options: MqttBridgeOptions;
  readonly #embedded: EmbeddedBroker | undefined;
  readonly #url: string;
  readonly #login: LoginOptions;
  readonly #agreement: Agreement;
  readonly #bridge: Bridge;
  readonly #client: BrokerClient;
  /** A connection has one last will; the one of this gateway alone needs another. */
  readonly #presence: BrokerClient;
  readonly #partners: Partners;
  #hasJoined = false;
  #isAmongOthers = false;

  private constructor(options: MqttBridgeOptions, parts: Parts) {
    const { mesh, config, describe, onTrouble } = options;
    this.#options = options;
    this.#embedded = parts.embedded;
    this.#url = parts.url;
    this.#login = parts.login;
    this.isEmbedded = parts.embedded !== undefined;
    const now = () => performance.now();
    const agreement = new Agreement(mesh.id, now());
    this.#agreement = agreement;
    this.#bridge = new Bridge({
      mesh,
      base: config.base,
      raw: parts.raw,
      agreement,
      now,
      nameOf: (id) => this.#partners.nameOf(id),
      describe,
      onTrouble,
      send: (message) => this.#client.publish(message),
    });
    const { topics } = this.#bridge;
    this.#partners = new Partners({
      mesh,
      topics,
      agreement,
      now,
      onPartner: () => this.#onPartner(),
      onTick: (gains) => {
        this.#bridge.handleGains(gains);
        this.#bridge.handleTick();
      },
      onJoined: (isAmongOthers) => this.#onJoined(isAmongOthers),
      onDenied: () => this.#bridge.handleDenied(),
      onTrouble,
    });
    this.#client = this.#makeClient();
    this.#presence = this.#makePresence();
  }

  /** Undefined when the configuration wants no broker. */
  static async start(options: MqttBridgeOptions): Promise<MqttBridge | undefined> {
    const { config } = options;
    const { broker } = config;
    if (broker.kind === 'none') return undefined;
    const login = { username: config.username, password: config.password, ...filesOf(config.tls) };
    const raw = config.raw ? await loadRawEncoder() : undefined;
    const embedded =
      broker.kind === 'embedded' ? await startEmbeddedBroker({ ...broker, ...login }) : undefined;
    const url = broker.kind === 'url' ? broker.url : (embedded?.url ?? '');
    const bridge = new MqttBridge(options, { raw, embedded, url, login });
    bridge.#client.start();
    bridge.#presence.start();
    bridge.#partners.start();
    return bridge;
  }

  get report(): BrokerReport {
    return this.#client.report;
  }

  get base(): string {
    return this.#bridge.topics.base;
  }

  /** The gateways that share the broker with this one now. */
  get partners(): readonly string[] {
    return this.#agreement.living(performance.now()).map((id) => this.#partners.nameOf(id));
  }

  /** The gateway that speaks for a device on the broker. */
  speakerOf(device: NodeKey): string {
    const { mesh } = this.#options;
    const id = this.#agreement.winnerOf(performance.now(), device);
    return id === mesh.id ? mesh.name : this.#partners.nameOf(id);
  }

  handleReading(reading: Reading): void {
    this.#bridge.handleReading(reading);
  }

  handlePeer(peer: PeerReport): void {
    this.#bridge.handlePeer(peer);
  }

  handleRole(): void {
    this.#bridge.handleRole();
  }

  /** Whether the readings of a device come here: only then this gateway may speak for it. */
  handleHeard(device: NodeKey, isHeard: boolean): void {
    this.#partners.setHeard(device, isHeard);
  }

  listen(filter: string, onMessage: (message: Incoming) => void, signal: AbortSignal): Promise<void> {
    const version = this.report.version === '5' ? 5 : 4;
    return listenAtBroker({ url: this.#url, login: this.#login, version, filter, onMessage, signal });
  }

  async stop(): Promise<void> {
    this.#bridge.handleStop(this.partners.length === 0);
    this.#partners.stop();
    this.#tellPresence('offline');
    await Promise.all([this.#client.stop(), this.#presence.stop()]);
    await this.#embedded?.close();
  }

  #makeClient(): BrokerClient {
    const { mesh, config, onTrouble } = this.#options;
    const { topics } = this.#bridge;
    return new BrokerClient({
      url: this.#url,
      login: this.#login,
      clientId: `fogwisp-${mesh.id.substring(0, 12)}`,
      will: { topic: topics.bridgeState, payload: Bridge.offlinePayload },
      filters: config.agree ? [...topics.commandFilters, topics.gatewayFilter] : topics.commandFilters,
      queueMessagesMax: config.queueMessagesMax,
      onOnline: () => {
        this.#partners.handleBroker(true);
        this.#bridge.handleOnline();
      },
      onOffline: () => this.#partners.handleBroker(false),
      onMessage: (message) => {
        if (!this.#partners.handleMessage(message)) this.#bridge.handleMessage(message);
      },
      onTrouble,
    });
  }

  #makePresence(): BrokerClient {
    const { mesh } = this.#options;
    return new BrokerClient({
      url: this.#url,
      login: this.#login,
      clientId: `fogwisp-${mesh.id.substring(0, 12)}-p`,
      will: { topic: this.#presenceTopic, payload: this.#presencePayload('offline') },
      filters: [],
      queueMessagesMax: 1,
      onOnline: () => this.#tellPresence('online'),
      onMessage: () => undefined,
      onTrouble: () => undefined, // the other connection tells it
    });
  }

  #onPartner(): void {
    this.#client.follow(this.#bridge.topics.partnerFilters, () => {
      if (this.#isAmongOthers) return;
      this.#isAmongOthers = true;
      this.#bridge.handlePartner();
      this.#partners.handleListening();
    });
  }

  #onJoined(isAmongOthers: boolean): void {
    if (isAmongOthers && !this.#hasJoined) this.#client.withdraw();
    this.#hasJoined = true;
    this.#client.pump();
  }

  #tellPresence(state: 'online' | 'offline'): void {
    const payload = this.#presencePayload(state);
    this.#presence.publish({ topic: this.#presenceTopic, payload, retain: true, latest: true });
  }

  get #presenceTopic(): string {
    return this.#bridge.topics.gatewayState(this.#options.mesh.name);
  }

  #presencePayload(state: 'online' | 'offline'): string {
    return JSON.stringify({ state, id: this.#options.mesh.id });
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
