import type {
  Command,
  CommandId,
  FailureCode,
  NodeEvent,
  PeerName,
  QualityOfService,
} from '@fogwisp/protocol';
import type { Dispose } from './answers.js';
import { messageOf } from './errors.js';
import { Listeners } from './listeners.js';
import { type Pattern, parsePattern } from './name.js';
import type { Logger } from './options.js';
import { decodeBody, type Value } from './value.js';

/** What a listener is told besides the value. */
export interface MessageDetails {
  readonly from: PeerName;
  readonly topic: string;
}

/** Called for each publication; what it throws, now or later, is logged. */
export type Listener = (value: Value, details: MessageDetails) => unknown;

interface Message {
  readonly value: Value;
  readonly details: MessageDetails;
}

type MessageEvent = Extract<NodeEvent, { kind: 'message' }>;

interface Entry {
  readonly parsed: Pattern;
  readonly listeners: Listeners<Message>;
  qos: QualityOfService;
  /** The command that asked for it last. */
  command: CommandId;
}

export interface SubscriptionsOptions {
  submit(command: Command): CommandId;
  readonly logger: Logger;
}

/**
 * The patterns this device listens to. The node knows each pattern once, however many listeners it has here.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  subscribe(pattern: string, listener: Listener, qos: QualityOfService): Dispose {
    const entry = this.#entryOf(pattern, qos);
    const dispose = entry.listeners.add(({ value, details }) => listener(value, details));
    return () => {
      dispose();
      if (!entry.listeners.isEmpty || this.#entries.get(pattern) !== entry) return;
      this.#entries.delete(pattern);
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
    const warn = (thrown: unknown) =>
      this.#options.logger.warn(`a listener of "${event.topic}" threw: ${messageOf(thrown)}`);
    for (const entry of entries) entry.listeners.tell({ value: body.value, details }, warn);
  }

  /** Only told when a subscription fails, so a warning is all there is. */
  handleFailed(command: CommandId, code: FailureCode): void {
    for (const [pattern, entry] of this.#entries) {
      if (entry.command !== command) continue;
      this.#options.logger.warn(
        `nothing will come for "${pattern}" (${code}): dispose of another subscription first`,
      );
    }
  }

  stop(): void {
    this.#entries.clear();
  }

  /** The strictest listener decides the quality of service of a pattern. */
  #entryOf(pattern: string, qos: QualityOfService): Entry {
    let entry = this.#entries.get(pattern);
    if (entry !== undefined && entry.qos >= qos) return entry;
    const parsed = entry?.parsed ?? parsePattern(pattern);
    const command = this.#options.submit({ kind: 'subscribe', pattern, qos });
    entry ??= { parsed, listeners: new Listeners(), qos, command };
    entry.qos = qos;
    entry.command = command;
    this.#entries.set(pattern, entry);
    return entry;
  }
}

function matches(pattern: Pattern, event: MessageEvent): boolean {
  if (pattern.topic !== event.topic) return false;
  return (
    pattern.publisher === '*' || pattern.publisher === event.from.name || pattern.publisher === event.from.id
  );
}
