import { Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { shortBytes, shortKeyOf } from '../../src/identity/id.js';
import type { DirectVia, Via } from '../../src/kernel/link.js';
import { ipOf } from '../../src/packet/endpoint.js';
import { COOKIE_BYTES, PROBE_BYTES } from '../../src/packet/probe.js';
import { SessionKeys } from '../../src/session/keys.js';
import type { TraversalMessage, TraversalOutput } from '../../src/traversal/doors.js';
import { Traversal } from '../../src/traversal/traversal.js';
import { SUITE } from '../node/network.js';
import { UDP_LINK } from './pair.js';

const VICTIM = '192.0.2.66:6666';
const [ROGUE, HELPER, FAR, LATE] = [1, 2, 3, 4];

/** One node; its neighbors are named by their session, and their addresses by it too. */
class Station {
  now = 1000;
  readonly machine = new Traversal({ self: '00'.repeat(16), suite: SUITE, random: new Prng(1, 1) });
  readonly outputs: TraversalOutput[] = [];

  constructor() {
    this.machine.handleInput(this.now, { kind: 'linkUp', link: 1, info: UDP_LINK });
    this.#meet(ROGUE, addressOf(ROGUE));
    this.#meet(HELPER, addressOf(HELPER));
    this.#meet(FAR, { kind: 'relayed', peer: shortKeyOf(keyOf(FAR)) });
    this.#meet(LATE, addressOf(LATE));
    this.outputs.length = 0;
  }

  get probes(): readonly Extract<TraversalOutput, { kind: 'transmit' }>[] {
    return this.outputs.filter((output) => output.kind === 'transmit');
  }

  say(session: number, message: TraversalMessage): void {
    this.machine.handleInput(this.now, { kind: 'message', session, message });
    this.#drain();
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (let at = this.machine.pollTimeout(); at !== undefined && at <= until; ) {
      this.now = Math.max(this.now, at);
      this.machine.handleInput(this.now, { kind: 'timeout' });
      this.#drain();
      at = this.machine.pollTimeout();
    }
    this.now = until;
  }

  #meet(session: number, via: Via): void {
    const keys = new SessionKeys(
      SUITE,
      Array.from({ length: 5 }, (_, i) => new Uint8Array(32).fill(i + 1)),
    );
    const peer = keyOf(session);
    const inputs = [
      { kind: 'opened', session, peer, keys, formerKeys: undefined },
      { kind: 'attached', session },
      { kind: 'path', session, via, isValid: true },
    ] as const;
    for (const input of inputs) this.machine.handleInput(this.now, input);
    this.#drain();
  }

  #drain(): void {
    for (let o = this.machine.pollOutput(); o !== undefined; o = this.machine.pollOutput())
      this.outputs.push(o);
  }
}

function keyOf(session: number): string {
  return `${session}`.repeat(32);
}

function addressOf(session: number): DirectVia {
  return { kind: 'direct', link: 1, address: `198.51.100.${session}:7000` };
}

/** Eight ports of one box: more than the PUNCH pays for. */
function punchOf(address: readonly number[], attempt = 0): TraversalMessage {
  const endpoints = Uint8Array.of(0x04, ...address, 0x20, 0x00);
  const id = Uint8Array.of(attempt, 0, 0);
  return { kind: 'punch', attempt: id, nat: 3, step: 1, roundTripMs: 100, endpoints };
}

describe('neighbors who ask for probes (§7.12)', () => {
  const cookie = new Uint8Array(COOKIE_BYTES);

  it('have one of 13 bytes a second sent, wherever they say', () => {
    const station = new Station();
    for (let i = 0; i < 300; i++) {
      station.say(ROGUE, { kind: 'probeFor', cookie, observed: `192.0.2.${i % 200}:6666` });
      station.run(10);
    }
    expect(station.probes.length).toBeGreaterThan(0);
    expect(station.probes.length).toBeLessThanOrEqual(3);
    for (const { bytes } of station.probes) expect(bytes.length).toBe(PROBE_BYTES);
  });

  it('have none sent by who hears them only by way of others', () => {
    const station = new Station();
    station.say(FAR, { kind: 'probeFor', cookie, observed: VICTIM });
    expect(station.probes).toEqual([]);
  });

  it('get them to where they are seen: whom they ask tells nobody another address', () => {
    const station = new Station();
    station.say(ROGUE, { kind: 'probeWanted', cookie });
    const told = station.outputs.flatMap((o) => (o.kind === 'send' ? [[o.session, o.message]] : []));
    expect(told).toEqual([
      [HELPER, { kind: 'probeFor', cookie, observed: addressOf(ROGUE).address }],
      [ROGUE, { kind: 'probeFor', cookie, observed: addressOf(HELPER).address }],
    ]);
  });
});

describe('a peer that names one address after the other (§7.11)', () => {
  it('is followed once in 2 s, and three probes go to each', () => {
    const station = new Station();
    for (let i = 0; i < 100; i++) {
      station.say(FAR, punchOf([192, 0, 2, 100 + i], i));
      station.run(100);
    }
    const followed = station.outputs.filter((o) => o.kind === 'send' && o.message.kind === 'sync');
    expect(followed).toHaveLength(5);
    expect(station.probes.length).toBeGreaterThan(0);
    expect(station.probes.length).toBeLessThanOrEqual(3 * followed.length);
  });
});

describe('a witness (§7.11)', () => {
  const destination = shortBytes(shortKeyOf(keyOf(FAR)));
  const witness = { kind: 'witness', destination, observed: VICTIM } as const;

  /** What goes to the victim when the far one names it, and some of the neighbors vouch for it. */
  function probesTo(vouch: (asked: readonly number[]) => readonly number[], by = FAR): number {
    const station = new Station();
    station.say(by, punchOf([192, 0, 2, 66]));
    const asked = station.outputs.flatMap((o) =>
      o.kind === 'send' && o.message.kind === 'witnessWanted' ? [o.session] : [],
    );
    expect(asked).not.toContain(by);
    expect(new Set(asked).size).toBe(2);
    const about = { ...witness, destination: shortBytes(shortKeyOf(keyOf(by))) };
    for (const voucher of vouch(asked)) station.say(voucher, about);
    station.run(10_000);
    return station.probes.filter(({ via }) => ipOf(via.address) === ipOf(VICTIM)).length;
  }

  it('that was not asked counts for nothing: three probes for a PUNCH', () => {
    expect(probesTo(() => [])).toBe(3);
    expect(probesTo((asked) => [ROGUE, HELPER, LATE].filter((one) => !asked.includes(one)))).toBe(3);
    expect(probesTo(() => [FAR])).toBe(3);
  });

  it('is never who is asked about', () => {
    expect(probesTo(() => [ROGUE], ROGUE)).toBe(3);
  });

  it('has one say: ten probes in all are three bytes for each that it and the PUNCH had', () => {
    expect(probesTo(([one = 0]) => [one])).toBe(9);
    expect(probesTo(([one = 0]) => [one, one, one])).toBe(9);
    expect(probesTo((asked) => asked)).toBe(12);
  });

  it('tells only from where it gets packets itself', () => {
    const station = new Station();
    const ask = (session: number) =>
      station.say(ROGUE, { kind: 'witnessWanted', destination: shortBytes(shortKeyOf(keyOf(session))) });
    for (const session of [HELPER, FAR, 9]) ask(session);
    const told = station.outputs.flatMap((o) =>
      o.kind === 'send' && o.message.kind === 'witness' ? [o.message.observed] : [],
    );
    expect(told).toEqual([addressOf(HELPER).address, '', '']);
  });
});
