import type { Command, QualityOfService } from '../../src/api.js';
import type { NodeKey } from '../../src/kernel/link.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import { PublishMachine } from '../../src/service/publish.js';
import { keyFor, Wire, type WireOptions } from './wire.js';

export const ALICE = keyFor('a');
export const BOB = keyFor('b');
export const CAROL = keyFor('c');

export function bytes(text: string): Uint8Array {
  return new Uint8Array([...text].map((letter) => letter.charCodeAt(0)));
}

export function machine(self: NodeKey, limits: Partial<Limits> = {}): PublishMachine {
  return new PublishMachine({ self, limits: { ...PI_LIMITS, ...limits } });
}

export function build(options: WireOptions = {}, limits: Partial<Limits> = {}): Wire {
  const wire = new Wire(options);
  for (const key of [ALICE, BOB, CAROL]) wire.add(key, machine(key, limits));
  wire.name(ALICE, 'alice');
  wire.name(BOB, 'bob');
  wire.name(CAROL, 'carol');
  return wire;
}

export function publish(topic: string, body: string, qos: QualityOfService = 0): Command {
  return { kind: 'publish', topic, body: bytes(body), qos };
}

export function subscribe(pattern: string, qos: QualityOfService = 0): Command {
  return { kind: 'subscribe', pattern, qos };
}

/** What a node heard, as 'publisher topic body'. */
export function heard(wire: Wire, key: NodeKey): string[] {
  return wire
    .of(key, 'message')
    .map((event) => `${event.from.name} ${event.topic} ${String.fromCharCode(...event.body)}`);
}

export function sentKinds(wire: Wire): string[] {
  return wire.sent.map(({ message, delivery }) => `${message.kind} ${delivery}`);
}
