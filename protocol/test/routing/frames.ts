import type { Limits } from '../../src/limits.js';
import { encodeForward, type ForwardFrame } from '../../src/packet/forward.js';
import type { RouterInput } from '../../src/routing/doors.js';
import { fakeSuite } from './fake-suite.js';
import { entry, Lone } from './lone.js';

/** Frames from two stations to a router that can forward to `destination(5)`, behind B. */

export const PACKET = new Uint8Array([0x80, 1, 2, 3]);
export const A = 1;
export const B = 2;

/** A frame from station `n` to `lone`, as `n` would write it, under the key that it came up with. */
export function frame(
  n: number,
  counter: number,
  fields: ForwardFrame,
  key: Uint8Array = new Uint8Array(32).fill(n + 100),
): RouterInput {
  const bytes = encodeForward(fakeSuite, key, counter, fields);
  return { kind: 'frame', via: { kind: 'direct', link: n, address: '' }, bytes };
}

export function byId(source: number, to: Uint8Array, ttl = 9): ForwardFrame {
  return {
    kind: 'byId',
    ttl,
    destination: to,
    source: Lone.stationId(source).subarray(0, 8),
    packet: PACKET,
  };
}

export function byLabel(label: number): ForwardFrame {
  return { kind: 'label', hopsLeft: 3, label, packet: PACKET };
}

export function greeted(limits: Partial<Limits> = {}): Lone {
  const lone = new Lone(limits);
  lone.greet(A);
  lone.greet(B);
  lone.routes(B, entry(5, {}));
  lone.wait(100);
  lone.take();
  return lone;
}

export function kinds(lone: Lone): readonly string[] {
  return lone
    .take()
    .map((o) => (o.kind === 'dropped' ? o.reason : o.kind === 'message' ? o.message.kind : o.kind));
}
