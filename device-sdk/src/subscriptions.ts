import type { Command, CommandId, NodeEvent, PeerName, QualityOfService } from '@fogwisp/protocol';
import type { Dispose } from './answers.js';
import { messageOf } from './errors.js';
import { type Pattern, parsePattern } from './name.js';
import type { Logger } from './options.js';
import { decodeBody, type Value } from './value.js';

export interface MessageDetails {
  readonly from: PeerName;
  readonly topic: string;
}

export type Listener = (value: Value, details: MessageDetails) => void | Promise<void>;

type MessageEvent = Extract<NodeEvent, { kind: 'message' }>;

interface Entry {
  readonly parsed: Pattern;
  readonly listeners: Map<symbol, Listener>;
  qos: QualityOfService;
}

export interface SubscriptionsOptions {
  submit(command: Command): CommandId;
  readonly logger: Logger;
}

/** The patterns this device listens to. The node knows each pattern once, however many listeners it has here. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  subscribe(pattern: string, listener: Listener, qos: QualityOfService): Dispose {
    const key = Symbol(pattern);
    const entry = this.#entryOf(pattern, qos);
    entry.listeners.set(key, listener);
    return () => {
      if (!entry.listeners.delete(key) || entry.listeners.size > 0) return;
      if (!this.#entries.delete(pattern)) return; // the device has stopped
      this.#options.submit({ kind: 'unsubscribe', pattern });
    };
  }

  handleMessage(event: MessageEvent): void {
    const entries = [...this.#entries.values()].filter((entry) => matches(entry.parsed, event));
    if (entries.length === 0) return;
    const body = decodeBody(event.body);
    const from = event.from.name === '' ? event.from.id : event.from.name;
    if (!body.ok) {
      this.#options.logger.warn(`${from}/${event.topic} was dropped: not one deterministic CBOR value`);
      return;
    }
    const details = { from: event.from, topic: event.topic };
    for (const entry of entries) {
      for (const listener of [...entry.listeners.values()]) this.#tell(listener, body.value, details);
    }
  }

  stop(): void {
    this.#entries.clear();
  }

  /** The strictest listener decides the quality of service of a pattern. */
  #entryOf(pattern: string, qos: QualityOfService): Entry {
    let entry = this.#entries.get(pattern);
    if (entry !== undefined && entry.qos >= qos) return entry;
    entry ??= { parsed: parsePattern(pattern), listeners: new Map(), qos };
    this.#options.submit({ kind: 'subscribe', pattern, qos });
    entry.qos = qos;
    this.#entries.set(pattern, entry);
    return entry;
  }

  /** One listener that throws must not keep the message from the next one. */
  #tell(listener: Listener, value: Value, details: MessageDetails): void {
    const warn = (thrown: unknown) =>
      this.#options.logger.warn(`a listener of "${details.topic}" threw: ${messageOf(thrown)}`);
    try {
      const done = listener(value, details);
      if (done instanceof Promise) done.catch(warn);
    } catch (thrown) {
      warn(thrown);
    }
  }
}

function matches(pattern: Pattern, event: MessageEvent): boolean {
  if (pattern.topic !== event.topic) return false;
  return (
    pattern.publisher === '*' || pattern.publisher === event.from.name || pattern.publisher === event.from.id
  );
}
