import { type QualityOfService, Status } from '@fogwisp/protocol';
import { detailOf } from './answers.js';
import type { CallOptions, DeliveryOptions, Pong, Published } from './calls.js';
import type { Commands, EndEvent } from './commands.js';
import { FogError, refusalOf } from './errors.js';
import { decodeBody, encodeBody, type Value } from './value.js';

const TIMEOUT_MS = 5000;

/** The calls of a device that end with an answer. Their names have been checked. */
export class Caller {
  readonly #commands: Commands;
  readonly #messageBytesMax: number;

  constructor(commands: Commands, messageBytesMax: number) {
    this.#commands = commands;
    this.#messageBytesMax = messageBytesMax;
  }

  async request(peer: string, path: string, value: Value, options: CallOptions): Promise<Value> {
    const timeoutMs = timeoutOf(options);
    const subject = { what: 'request', target: peer, path, timeoutMs } as const;
    const body = this.#encode(value, `the body of "${path}"`);
    const command = { kind: 'request', to: peer, path, body, deadlineMs: timeoutMs } as const;
    const event = await this.#commands.run(command, subject, options.signal);
    assertKind(event, 'response');
    if (event.status !== Status.ok) throw refusalOf(event.status, detailOf(event.body), subject);
    const answer = decodeBody(event.body);
    if (answer.ok) return answer.value;
    const message = `the answer of "${peer}" to "${path}" is not one CBOR value`;
    throw new FogError('valueInvalid', message, { peer });
  }

  async publish(topic: string, value: Value, options: DeliveryOptions): Promise<Published> {
    const qos = qosOf(options);
    const body = this.#encode(value, `the value of "${topic}"`);
    const subject = { what: 'publish', target: topic, path: '', timeoutMs: 0 } as const;
    const event = await this.#commands.run({ kind: 'publish', topic, body, qos }, subject);
    assertKind(event, 'published');
    return { subscribers: event.subscribers, lost: event.lost, kept: event.kept };
  }

  async ping(peer: string, options: CallOptions): Promise<Pong> {
    const timeoutMs = timeoutOf(options);
    const subject = { what: 'ping', target: peer, path: '', timeoutMs } as const;
    const command = { kind: 'ping', to: peer, deadlineMs: timeoutMs } as const;
    const event = await this.#commands.run(command, subject, options.signal);
    assertKind(event, 'pong');
    return { roundTripMs: event.roundTripMs, path: event.path };
  }

  /** Tells all peers that this device goes. */
  async stop(sleepMs: number | undefined): Promise<void> {
    await this.#commands.run({ kind: 'stop', sleepMs }, { what: 'stop', target: '', path: '', timeoutMs: 0 });
  }

  #encode(value: Value, what: string): Uint8Array {
    const body = encodeBody(value, what);
    if (body.length <= this.#messageBytesMax) return body;
    const size = `${what} is ${body.length} bytes, a message may carry ${this.#messageBytesMax}`;
    throw new FogError('tooLarge', `${size}: send it in parts`);
  }
}

function timeoutOf({ timeoutMs = TIMEOUT_MS }: CallOptions): number {
  if (timeoutMs > 0 && Number.isFinite(timeoutMs)) return Math.ceil(timeoutMs);
  throw new FogError('misuse', `timeoutMs is ${timeoutMs}: give milliseconds above 0`);
}

export function qosOf({ qos = 0 }: DeliveryOptions): QualityOfService {
  if (qos === 0 || qos === 1) return qos;
  throw new FogError('misuse', `qos is ${qos}: give 0 or 1`);
}

/** The node ends each command with the event of its kind or with `failed`. */
function assertKind<K extends EndEvent['kind']>(
  event: EndEvent,
  kind: K,
): asserts event is Extract<EndEvent, { kind: K }> {
  if (event.kind === kind) return;
  throw new Error(`invariant broken: a command ended with ${event.kind}, not ${kind}`);
}
