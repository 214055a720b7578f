import type { IClientOptions, IClientPublishOptions, MqttClient } from 'mqtt';
import { isMessageRefusal, isVersionRefusal, reasonOf, withoutSecrets } from './broker-errors.js';
import { clientOptions, type LoginOptions, type MqttVersion } from './client-options.js';
import { type Outgoing, OutgoingQueue, sizeOf } from './queue.js';

export interface BrokerClientOptions {
  readonly url: string;
  readonly login: LoginOptions;
  readonly clientId: string;
  readonly will: { readonly topic: string; readonly payload: string };
  readonly filters: readonly string[];
  readonly queueMessagesMax: number;
  readonly onOnline: () => void;
  readonly onOffline?: () => void;
  readonly onMessage: (message: Incoming) => void;
  /** Told when something changes that a person should know. */
  readonly onTrouble: (trouble: string) => void;
}

export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** Kept by the broker from earlier, not sent now. */
  readonly isRetained: boolean;
}

export interface BrokerReport {
  readonly url: string;
  readonly state: 'connecting' | 'online' | 'offline' | 'stopped';
  readonly version: '5' | '3.1.1' | undefined;
  readonly queued: number;
  readonly dropped: number;
  /** Why it is not online. */
  readonly reason: string | undefined;
}

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;
/** Fewer than the 20 that Mosquitto allows by default. */
const SENT_MAX = 16;
const FLUSH_MS_MAX = 2000;
const DROP_REPORT_MS = 10_000;
/** Header, property and length bytes of a PUBLISH beside its topic and payload, at most. */
const PUBLISH_OVERHEAD = 64;
/** Connections in a row that broke before the broker acknowledged anything: one message must be at fault. */
const FRUITLESS_MAX = 5;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly client: MqttClient }
  | { readonly kind: 'online'; readonly client: MqttClient }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'stopped' };

/**
 * One broker, again and again: each attempt is a fresh client, and the queue here is the only memory, so that
 * a message stays ours until the broker has acknowledged it, through any number of lost connections.
 */
export class BrokerClient {
  readonly #options: BrokerClientOptions;
  readonly #queue: OutgoingQueue;
  readonly #followed = new Set<string>();
  #state: State = { kind: 'idle' };
  #version: MqttVersion = 5;
  #retryMs = RETRY_MS_MIN;
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #fruitless = 0;
  #reason: string | undefined;
  #droppedTold = 0;
  #dropToldAt = Number.NEGATIVE_INFINITY;
  #onDrained: (() => void) | undefined;

  constructor(options: BrokerClientOptions) {
    this.#options = options;
    this.#queue = new OutgoingQueue(options.queueMessagesMax);
  }

  get report(): BrokerReport {
    const { kind } = this.#state;
    const isOnline = kind === 'online';
    return {
      url: withoutSecrets(this.#options.url),
      state: kind === 'idle' ? 'connecting' : kind === 'waiting' ? 'offline' : kind,
      version: isOnline ? versionName(this.#version) : undefined,
      queued: this.#queue.length,
      dropped: this.#queue.dropped,
      reason: isOnline ? undefined : this.#reason,
    };
  }

  start(): void {
    void this.#connect();
  }

  publish(message: Outgoing): void {
    this.#queue.push(message);
    this.#tellDrops();
    this.#pump();
  }

  /** Listens there as well, now and after each connection, but not to ourselves where the broker can tell. */
  follow(filters: readonly string[], onFollowing: () => void): void {
    for (const filter of filters) this.#followed.add(filter);
    if (this.#state.kind === 'online') this.#subscribe(this.#state.client, [], onFollowing);
  }

  /** What waited for its standing may go now. */
  pump(): void {
    this.#pump();
  }

  withdraw(): void {
    this.#queue.withdraw();
  }

  /** Sends what waits, for a moment, then says goodbye. */
  async stop(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'online' && this.#queue.length > 0) await this.#drained();
    this.#to({ kind: 'stopped' });
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind === 'online') await state.client.endAsync(false).catch(() => undefined);
    if (state.kind === 'connecting') state.client.end(true);
  }

  async #connect(): Promise<void> {
    const { connect } = await import('mqtt');
    if (this.#state.kind === 'stopped') return;
    const client = connect(this.#options.url, this.#clientOptions());
    this.#to({ kind: 'connecting', client });
    client.on('connect', (packet) => this.#onConnected(client, packet.properties?.maximumPacketSize));
    client.on('message', (topic, payload, packet) =>
      this.#options.onMessage({ topic, payload, isRetained: packet.retain }),
    );
    client.on('error', (error: Error & { code?: unknown }) => this.#onError(error));
    client.on('close', () => this.#onClosed(client));
  }

  #clientOptions(): IClientOptions {
    const { login, clientId, will } = this.#options;
    const last = { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } as const;
    return {
      ...clientOptions(login, this.#version),
      clientId,
      will: this.#version === 5 ? { ...last, properties: { contentType: JSON_TYPE } } : last,
    };
  }

  #onConnected(client: MqttClient, packetBytesMax = Number.POSITIVE_INFINITY): void {
    if (this.#state.kind !== 'connecting' || this.#state.client !== client) return;
    this.#packetBytesMax = packetBytesMax;
    this.#to({ kind: 'online', client });
    if (this.#reason !== undefined)
      this.#options.onTrouble(`${withoutSecrets(this.#options.url)} is there again`);
    this.#reason = undefined;
    this.#subscribe(client, this.#options.filters);
    this.#options.onOnline();
    this.#pump();
  }

  #subscribe(client: MqttClient, own: readonly string[], onDone?: () => void): void {
    const isDeaf = this.#version === 5; // to what we publish ourselves
    const filters = own.map((filter) => [filter, { qos: 1 }] as const);
    const followed = [...this.#followed].map((filter) => [filter, { qos: 1, nl: isDeaf }] as const);
    const all = Object.fromEntries([...filters, ...followed]);
    if (Object.keys(all).length === 0) return;
    client.subscribe(all, (error) => {
      if (error !== null) this.#options.onTrouble(`the broker refuses our subscriptions: ${error.message}`);
      onDone?.();
    });
  }

  #onError(error: Error & { code?: unknown }): void {
    if (isVersionRefusal(error) && this.#version === 5) {
      this.#version = 4;
      this.#retryMs = 0; // nothing is wrong: the other version, at once
      return;
    }
    this.#fail(reasonOf(error));
  }

  #onClosed(client: MqttClient): void {
    const state = this.#state;
    if (state.kind === 'stopped' || state.kind === 'waiting' || state.kind === 'idle') return;
    if (state.client !== client) return;
    client.removeAllListeners();
    client.on('error', () => undefined); // a late error of a socket that is gone
    client.end(true);
    const retryMs = this.#retryMs;
    if (retryMs > 0)
      this.#fail(state.kind === 'online' ? 'the connection broke' : 'it closed before it greeted');
    // Some 3.1.1 brokers hang up on a version they do not know, without a word.
    if (state.kind === 'connecting' && this.#reason === 'it closed before it greeted') {
      this.#version = this.#version === 5 ? 4 : 5;
    }
    if (state.kind === 'online') this.#dropCulprit();
    if (state.kind === 'online') this.#options.onOffline?.();
    this.#queue.requeue();
    this.#retryMs = Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, retryMs * 2));
    this.#to({ kind: 'waiting', timer: setTimeout(() => void this.#connect(), retryMs) });
  }

  /** The first reason of an outage is told; the attempts that follow only change the report. */
  #fail(reason: string): void {
    const isNew = this.#reason === undefined;
    if (isNew || reason !== 'it closed before it greeted') this.#reason = reason;
    if (isNew) {
      const url = withoutSecrets(this.#options.url);
      this.#options.onTrouble(`no broker at ${url}: ${reason}; readings wait here and it is tried again`);
    }
  }

  #pump(): void {
    const state = this.#state;
    if (state.kind !== 'online') return;
    while (this.#queue.sentCount < SENT_MAX) {
      const next = this.#queue.takeNext();
      if (next === undefined) break;
      this.#send(state.client, next.number, next.message);
    }
    if (this.#queue.length === 0) this.#onDrained?.();
  }

  /** A broker that hangs up on one message would get it again for ever; after some times that one goes. */
  #dropCulprit(): void {
    if (this.#queue.sentCount === 0 || ++this.#fruitless < FRUITLESS_MAX) return;
    this.#fruitless = 0;
    const culprit = this.#queue.dropLargestSent();
    if (culprit === undefined) return;
    const what = `${culprit.topic} (${sizeOf(culprit)} bytes)`;
    this.#options.onTrouble(`the broker hung up ${FRUITLESS_MAX} times in a row: ${what} was dropped`);
  }

  #send(client: MqttClient, number: number, message: Outgoing): void {
    if (sizeOf(message) + PUBLISH_OVERHEAD > this.#packetBytesMax) {
      this.#options.onTrouble(
        `the broker takes at most ${this.#packetBytesMax} bytes: ${message.topic} was dropped`,
      );
      this.#queue.drop(number);
      return;
    }
    const payload = typeof message.payload === 'string' ? message.payload : Buffer.from(message.payload);
    client.publish(message.topic, payload, this.#publishOptions(message), (error) => {
      if (this.#state.kind !== 'online' || this.#state.client !== client) return; // requeued by #onClosed
      if (error !== undefined && error !== null) {
        if (!isMessageRefusal(error)) return; // the connection is going down: it stays in the queue
        this.#options.onTrouble(`the broker refuses ${message.topic}: ${error.message}`);
      }
      this.#fruitless = 0;
      this.#retryMs = RETRY_MS_MIN;
      this.#queue.settle(number);
      this.#pump();
    });
  }

  #publishOptions(message: Outgoing): IClientPublishOptions {
    const { retain } = message;
    if (this.#version !== 5) return { qos: 1, retain };
    return {
      qos: 1,
      retain,
      properties: { contentType: typeof message.payload === 'string' ? JSON_TYPE : CBOR_TYPE },
    };
  }

  #tellDrops(): void {
    const fresh = this.#queue.dropped - this.#droppedTold;
    const now = performance.now();
    if (fresh === 0 || now - this.#dropToldAt < DROP_REPORT_MS) return;
    this.#droppedTold = this.#queue.dropped;
    this.#dropToldAt = now;
    const { queueMessagesMax, onTrouble } = this.#options;
    onTrouble(`the queue to the broker is full (${queueMessagesMax}): ${fresh} of the oldest were dropped`);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, FLUSH_MS_MAX);
      this.#onDrained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #to(next: State): void {
    this.#state = next;
  }
}

const JSON_TYPE = 'application/json';
const CBOR_TYPE = 'application/cbor';

function versionName(version: MqttVersion): '5' | '3.1.1' {
  return version === 5 ? '5' : '3.1.1';
}
