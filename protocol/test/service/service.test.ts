import { describe, expect, it } from 'vitest';
import { type Command, type NodeEvent, type PeerReport, Status } from '../../src/api.js';
import { nobleSuite } from '../../src/crypto/noble.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import { BOARD_LIMITS, type Limits, PI_LIMITS } from '../../src/limits.js';
import { ServiceMachine } from '../../src/service/service.js';
import { Wire, type WireOptions } from './wire.js';

const suite = nobleSuite();

function identityOf(seed: number): Identity {
  let state = seed;
  return createIdentity(suite, {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        bytes[i] = state >>> 16;
      }
    },
  });
}

const ATTIC = identityOf(1);
const SHED = identityOf(2);
const BARN = identityOf(3);

function machine(identity: Identity, name: string, limits: Limits = PI_LIMITS): ServiceMachine {
  return new ServiceMachine({ now: 0, suite, identity, limits, boot: 1, name, claimedAt: 0 });
}

/** attic - shed - barn: only neighbours know each other at first, and routes lead to the far end. */
function build(options: WireOptions = {}, limits: Limits = PI_LIMITS): Wire {
  const wire = new Wire(options);
  wire.add(ATTIC.key, machine(ATTIC, 'attic', limits));
  wire.add(SHED.key, machine(SHED, 'shed', limits));
  wire.add(BARN.key, machine(BARN, 'barn', limits));
  for (const identity of [ATTIC, SHED, BARN]) wire.react(identity.key, answers(wire, identity));
  return wire;
}

function connect(wire: Wire): void {
  wire.open(ATTIC.key, SHED.key);
  wire.open(SHED.key, BARN.key);
  wire.input(ATTIC.key, { kind: 'route', destination: BARN.short, firstHop: SHED.key });
  wire.input(BARN.key, { kind: 'route', destination: ATTIC.short, firstHop: SHED.key });
}

function answers(wire: Wire, identity: Identity): (event: NodeEvent) => void {
  return (event) => {
    if (event.kind !== 'request') return;
    wire.command(identity.key, {
      kind: 'respond',
      request: event.request,
      status: Status.ok,
      body: event.body,
    });
  };
}

function request(to: string, deadlineMs = 20_000): Command {
  return { kind: 'request', to, path: 'temp/get', body: EMPTY, deadlineMs };
}

/** The last report on each peer, by name. */
function reports(wire: Wire, key: string): Record<string, PeerReport> {
  return Object.fromEntries(wire.of(key, 'peer').map(({ peer }) => [peer.name, peer]));
}

describe.each([
  ['as a Pi', PI_LIMITS],
  ['as a board', BOARD_LIMITS],
])('all services together (§9), %s', (_title, limits) => {
  it('asks a node by its name before anything is known of it', () => {
    const wire = build({ seed: 3, loss: 0.2, duplicate: 0.2, jitterMs: 30 }, limits);
    wire.command(ATTIC.key, request('barn'));
    wire.run(500);
    connect(wire);
    wire.run(20_000);
    expect(wire.of(ATTIC.key, 'response')).toMatchObject([{ status: Status.ok }]);
    // On a lossy wire the question may come before the name of who asks.
    expect(wire.of(BARN.key, 'request')).toMatchObject([{ from: { id: ATTIC.key } }]);
  });

  it('subscribes to a node as soon as it is known, and to all of them', () => {
    const wire = build({}, limits);
    wire.command(ATTIC.key, { kind: 'subscribe', pattern: 'barn/door', qos: 1 });
    wire.command(BARN.key, { kind: 'subscribe', pattern: '*/door', qos: 0 });
    connect(wire);
    wire.run(2000);
    wire.command(BARN.key, { kind: 'publish', topic: 'door', body: EMPTY, qos: 1 });
    wire.command(SHED.key, { kind: 'publish', topic: 'door', body: EMPTY, qos: 0 });
    wire.command(ATTIC.key, { kind: 'publish', topic: 'door', body: EMPTY, qos: 0 });
    wire.run(2000);
    expect(wire.of(ATTIC.key, 'message').map(({ from }) => from.name)).toEqual(['barn']);
    expect(wire.of(BARN.key, 'message').map(({ from }) => from.name)).toEqual(['barn', 'shed', 'attic']);
    expect(wire.of(BARN.key, 'published')).toMatchObject([{ subscribers: 2, lost: 0 }]);
  });

  it('reports peers as they become known, are heard, and go', () => {
    const wire = build({}, limits);
    connect(wire);
    wire.run(2000);
    expect(reports(wire, ATTIC.key)).toMatchObject({
      shed: { status: 'online' },
      barn: { status: 'unknown', path: { kind: 'unknown', reason: 'notContacted' } },
    });
    wire.input(ATTIC.key, { kind: 'route', destination: BARN.short, firstHop: undefined });
    wire.close(ATTIC.key, SHED.key, 'unreachable');
    expect(reports(wire, ATTIC.key)).toMatchObject({
      shed: { status: 'offline', path: { kind: 'none' } },
      barn: { status: 'unknown', path: { kind: 'none', reason: 'noRoute' } },
    });
  });

  it('survives the restart of a peer with everything under way', () => {
    const wire = build({ seed: 5, loss: 0.2, duplicate: 0.2, jitterMs: 30 }, limits);
    connect(wire);
    wire.command(ATTIC.key, { kind: 'subscribe', pattern: 'barn/door', qos: 1 });
    wire.run(3000);
    wire.command(ATTIC.key, request('barn'));
    wire.restart(BARN.key, machine(BARN, 'barn', limits));
    wire.run(3000);
    wire.command(BARN.key, { kind: 'publish', topic: 'door', body: EMPTY, qos: 1 });
    wire.run(20_000);
    expect(wire.of(ATTIC.key, 'response').length).toBe(1);
    expect(wire.of(ATTIC.key, 'message').length).toBe(1);
    expect(wire.of(BARN.key, 'published')).toMatchObject([{ subscribers: 1, lost: 0 }]);
  });

  it('passes a new name on, and what was bound to the old one follows', () => {
    const wire = build({}, limits);
    connect(wire);
    wire.run(2000);
    wire.input(SHED.key, { kind: 'rename', name: 'cellar' });
    wire.run(1000);
    wire.command(ATTIC.key, request('cellar'));
    wire.command(ATTIC.key, request('shed', 1000));
    wire.run(2000);
    expect(wire.of(ATTIC.key, 'response').length).toBe(1);
    expect(wire.of(ATTIC.key, 'failed').map(({ code }) => code)).toEqual(['unknownPeer']);
  });

  it('keeps tags apart', () => {
    const wire = build({}, limits);
    connect(wire);
    wire.run(1000);
    wire.command(ATTIC.key, { kind: 'subscribe', pattern: 'shed/door', qos: 1 });
    const body = new Uint8Array(3000);
    wire.command(ATTIC.key, { kind: 'request', to: 'shed', path: 'big', body, deadlineMs: 5000 });
    wire.run(1000);
    wire.command(SHED.key, { kind: 'publish', topic: 'door', body: EMPTY, qos: 1 });
    wire.run(1000);
    expect(wire.of(ATTIC.key, 'response')).toMatchObject([{ body }]);
    expect(wire.of(SHED.key, 'published')).toMatchObject([{ subscribers: 1, lost: 0 }]);
  });

  it('ignores what is for nobody', () => {
    const wire = build({}, limits);
    const message = { kind: 'ack', cumulative: 1 };
    wire.input(ATTIC.key, { kind: 'message', from: SHED.key, message, delivery: 'datagram' });
    expect(wire.dropped(ATTIC.key)).toEqual(['unexpected']);
  });
});
