import { type Command, type NodeEvent, Status } from '../../src/api.js';
import type { NodeKey } from '../../src/kernel/link.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import { RequestMachine } from '../../src/service/request.js';
import { keyFor, Wire, type WireOptions } from './wire.js';

export const ALICE = keyFor('a');
export const BOB = keyFor('b');
export const CAROL = keyFor('c');

export function bytes(text: string): Uint8Array {
  return new Uint8Array([...text].map((letter) => letter.charCodeAt(0)));
}

export function text(body: Uint8Array): string {
  return String.fromCharCode(...body);
}

export function request(to: string, path: string, body = '', deadlineMs = 10_000): Command {
  return { kind: 'request', to, path, body: bytes(body), deadlineMs };
}

export function machine(self: NodeKey, limits: Partial<Limits> = {}): RequestMachine {
  return new RequestMachine({ self, limits: { ...PI_LIMITS, ...limits } });
}

/** Three nodes; every one answers `path` with its own name and the body, after `answerMs`. */
export function build(options: WireOptions = {}, limits: Partial<Limits> = {}, answerMs = 0): Wire {
  const wire = new Wire(options);
  for (const key of [ALICE, BOB, CAROL]) wire.add(key, machine(key, limits));
  for (const key of [ALICE, BOB, CAROL]) wire.react(key, echo(wire, key, answerMs));
  wire.name(ALICE, 'alice');
  wire.name(BOB, 'bob');
  wire.name(CAROL, 'carol');
  return wire;
}

export function echo(wire: Wire, key: NodeKey, answerMs: number): (event: NodeEvent) => void {
  return (event) => {
    if (event.kind !== 'request') return;
    const body = bytes(`${event.path}:${text(event.body)}`);
    const answer: Command = { kind: 'respond', request: event.request, status: Status.ok, body };
    wire.schedule(answerMs, () => wire.command(key, answer));
  };
}

export function requestsOn(wire: Wire): { alias: number | undefined; path: string | undefined }[] {
  return wire.sent.flatMap(({ message }) => (message.kind === 'request' ? [message] : []));
}
