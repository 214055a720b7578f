import { describe, expect, it } from 'vitest';
import type { ShortKey } from '../../src/kernel/link.js';
import { decodeForward } from '../../src/packet/forward.js';
import { LAN } from './fake-suite.js';
import { A, B, byId, byLabel, frame, greeted, kinds, PACKET } from './frames.js';
import { destination, entry, key, Lone } from './lone.js';

const KEYS = [1, 2, 3].map((n) => new Uint8Array(32).fill(0xa0 + n));
/** That station A came up with. */
const FIRST = new Uint8Array(32).fill(A + 100);

/** Station A has new keys: what it sends is under KEYS[n], or still under those before. */
function renew(lone: Lone, n: number): void {
  const receiveKey = KEYS[n] ?? FIRST;
  const via = { kind: 'direct', link: A, address: '' } as const;
  const keys = { sendKey: new Uint8Array(32).fill(n), receiveKey, formerKey: KEYS[n - 1] ?? FIRST };
  lone.input({ kind: 'neighborUp', neighbor: A, id: Lone.stationId(A), via, link: LAN, ...keys });
  lone.routes(B, entry(5, {}));
  lone.take();
}

/** What becomes of a frame from A with that counter, under that key. */
function fateAt(lone: Lone) {
  return (counter: number, hopKey: Uint8Array): string => {
    lone.input(frame(A, counter, byId(A, destination(5)), hopKey));
    return kinds(lone).at(-1) ?? '';
  };
}

/** By which kind of frame a packet goes there. */
function kindTo(lone: Lone, to: ShortKey): string {
  lone.take();
  lone.input({ kind: 'send', to, packet: PACKET });
  const [sent] = lone.take();
  if (sent?.kind !== 'transmit') throw new Error('it is sent');
  const onward = decodeForward(sent.bytes);
  return typeof onward === 'string' ? onward : onward.kind;
}

describe('a label that is told for another pair (SPEC §8.4)', () => {
  it('is not used for the former one any more', () => {
    const lone = greeted();
    lone.routes(B, entry(6, {}));
    const kindsTo = (...of: number[]): string[] => of.map((n) => kindTo(lone, key(n)));
    const source = Lone.stationId(0).subarray(0, 8);
    lone.from(B, { kind: 'label', label: 0, source, destination: destination(5) });
    expect(kindsTo(5, 6)).toEqual(['label', 'byId']);
    lone.from(B, { kind: 'label', label: 0, source, destination: destination(6) });
    expect(kindsTo(5, 6)).toEqual(['byId', 'label']);
  });
});

describe('a neighbor with new keys (SPEC §8.4)', () => {
  it('may go on under those before, not under older ones', () => {
    const lone = greeted();
    const at = fateAt(lone);
    expect(at(0, FIRST)).toBe('transmit');
    renew(lone, 0);
    expect(at(1, FIRST)).toBe('transmit');
    expect(at(0, KEYS[0] ?? FIRST)).toBe('transmit');
    renew(lone, 1);
    expect(at(2, FIRST)).toBe('authentication');
    expect(at(1, KEYS[0] ?? FIRST)).toBe('transmit');
    expect(at(0, KEYS[1] ?? FIRST)).toBe('transmit');
  });

  it('is heard once with each frame, under each of them', () => {
    const lone = greeted();
    const at = fateAt(lone);
    expect(at(7, FIRST)).toBe('transmit');
    renew(lone, 0);
    expect(at(7, FIRST)).toBe('replay');
    expect(at(7, KEYS[0] ?? FIRST)).toBe('transmit');
    expect(at(7, KEYS[0] ?? FIRST)).toBe('replay');
  });

  it('keeps the labels that it got, with their meaning', () => {
    const lone = greeted();
    lone.routes(B, entry(6, {}));
    lone.take();
    lone.input(frame(A, 0, byId(A, destination(5))));
    const [label] = lone.sent('label');
    renew(lone, 0);
    lone.routes(B, entry(6, {}));
    lone.take();
    lone.input(frame(A, 1, byId(A, destination(6))));
    const [other] = lone.sent('label');
    expect(other?.message.label).not.toBe(label?.message.label);
    lone.input(frame(A, 2, byId(A, destination(5))));
    expect(lone.sent('label')).toEqual([label]); // it may have forgotten
    lone.input(frame(A, 3, byLabel(label?.message.label ?? 9)));
    const [sent] = lone.take();
    if (sent?.kind !== 'transmit') throw new Error('it is forwarded');
    const onward = decodeForward(sent.bytes);
    expect(onward).toMatchObject({ kind: 'byId', destination: destination(5) });
  });

  it('is not taken at its word for labels that it gave before', () => {
    const lone = greeted();
    const [source, to] = [Lone.stationId(0).subarray(0, 8), Lone.stationId(A).subarray(0, 8)];
    lone.routes(A, { ...entry(0, { hops: 0, metric: 0 }), destination: to });
    lone.take();
    expect(kindTo(lone, Lone.key(A))).toBe('byId');
    lone.from(A, { kind: 'label', label: 4, source, destination: to });
    expect(kindTo(lone, Lone.key(A))).toBe('label');
    renew(lone, 0);
    lone.routes(A, { ...entry(0, { hops: 0, metric: 0 }), destination: to });
    lone.take();
    expect(kindTo(lone, Lone.key(A))).toBe('byId');
  });
});
