import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { identityFromSeed } from '../../src/identity/identity.js';
import { networkFromKey } from '../../src/identity/network.js';
import { fromHex, toHex } from '../../src/kernel/bytes.js';
import type { DropReason } from '../../src/kernel/fault.js';
import { decodeH1, decodeH2, decodeH3, type HandshakePattern } from '../../src/packet/handshake.js';
import {
  decodeResumeFloor,
  encodeResume,
  encodeResumeAck,
  isFloorAuthentic,
  resumeAckClear,
  resumeClear,
} from '../../src/packet/resume.js';
import { decodeSessionHeader } from '../../src/packet/session-header.js';
import { Attempt, Reply } from '../../src/session/handshake.js';
import { deriveSessionKeys, pair, type SessionKeys } from '../../src/session/keys.js';
import { Session } from '../../src/session/session.js';
import { resumedKeys, TicketTable } from '../../src/session/tickets.js';
import vectors from '../../vectors/handshake.json' with { type: 'json' };

/** The other implementation of these vectors was written from SPEC.md alone. */
const suite = nobleSuite();
const network = networkFromKey(suite, hex(vectors.networkKey));
const initiator = nodeOf(vectors.initiator);
const responder = nodeOf(vectors.responder);

type Vector = (typeof vectors.handshakes)[number];

function hex(text: string): Uint8Array {
  return present(fromHex(text));
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the vector leads to a value');
  return value;
}

function parsed<T>(value: T | DropReason): T {
  if (typeof value === 'string') throw new Error(`dropped: ${value}`);
  return value;
}

function nodeOf(vector: { readonly seed: string; readonly ephemeralSecret: string }) {
  const identity = present(identityFromSeed(suite, hex(vector.seed)));
  const self = { suite, identity, network, certificate: undefined };
  return { identity, e: suite.dhKeyPair(hex(vector.ephemeralSecret)), self };
}

function run(vector: Vector): { packets: string[]; ours: SessionKeys; theirs: SessionKeys } {
  const pattern = vector.pattern as HandshakePattern;
  const { initiatorConnection, responderConnection } = vector;
  const known = pattern === 'XX' ? undefined : responder.identity.publicKey;
  const attempt = new Attempt(initiator.self, pattern, initiatorConnection, initiator.e, known);
  const knownToThem = pattern === 'KK' ? initiator.identity.publicKey : undefined;
  const h1 = parsed(decodeH1(attempt.packet));
  const reply = parsed(Reply.to(responder.self, h1, responderConnection, responder.e, knownToThem));
  const finished = present(attempt.finish(parsed(decodeH2(reply.packet))));
  const packets = [attempt.packet, reply.packet];
  if (finished.confirmation !== undefined) packets.push(finished.confirmation);
  const confirmed =
    finished.confirmation === undefined
      ? reply.finished()
      : reply.confirm(parsed(decodeH3(finished.confirmation)));
  return { packets: packets.map(toHex), ours: finished.keys, theirs: present(confirmed).keys };
}

function sessionOf(keys: SessionKeys, localConnection: number, remoteConnection: number): Session {
  return new Session({ keys, localConnection, remoteConnection, now: 0, replayWidth: 64 });
}

describe('identities and network (§5)', () => {
  it('are the vectors', () => {
    expect(toHex(network.id)).toBe(vectors.networkId);
    for (const [{ identity, e }, vector] of [
      [initiator, vectors.initiator],
      [responder, vectors.responder],
    ] as const) {
      expect(toHex(identity.publicKey)).toBe(vector.publicKey);
      expect(identity.key).toBe(vector.id);
      expect(toHex(e.publicKey)).toBe(vector.ephemeral);
    }
  });
});

describe.each(vectors.handshakes)('handshake $pattern (§7.2)', (vector) => {
  it('gives the packets and keys of the vector', () => {
    const { packets, ours, theirs } = run(vector);
    const { k1, k2, hop1, hop2, resumption } = vector.keys;
    expect(packets).toEqual(vector.packets);
    const names = ['send', 'receive', 'hopSend', 'hopReceive', 'resumption'] as const;
    const inHex = (keys: SessionKeys) => Object.fromEntries(names.map((name) => [name, toHex(keys[name])]));
    expect(inHex(ours)).toEqual({ send: k1, receive: k2, hopSend: hop1, hopReceive: hop2, resumption });
    expect(inHex(theirs)).toEqual({ send: k2, receive: k1, hopSend: hop2, hopReceive: hop1, resumption });
  });

  it('makes session packets that are the vector, and opens them (§7.4)', () => {
    const { ours, theirs } = run(vector);
    const a = sessionOf(ours, vector.initiatorConnection, vector.responderConnection);
    const b = sessionOf(theirs, vector.responderConnection, vector.initiatorConnection);
    const body = hex(vector.body);
    expect(toHex(a.seal(0, body, false))).toBe(vector.first);
    expect(toHex(b.seal(0, body, true))).toBe(vector.back);
    expect(parsed(b.open(0, parsed(decodeSessionHeader(hex(vector.first))), false)).body).toEqual(body);
    expect(parsed(a.open(0, parsed(decodeSessionHeader(hex(vector.back))), true)).body).toEqual(body);
    expect(toHex(pair(suite, ours.send, new TextEncoder().encode('fogwisp rekey'))[0])).toBe(vector.nextKey1);
  });

  it('leaves a ticket that resumes as in the vector (§7.7)', () => {
    const seed = hex(vector.keys.resumption);
    const theirTicket = new TicketTable(suite, responder.identity, 4).issue(
      initiator.identity.publicKey,
      seed,
      0,
    ).ticket;
    const { ticket } = new TicketTable(suite, initiator.identity, 4).issue(
      responder.identity.publicKey,
      seed,
      0,
    );
    expect(ticket.id).toBe(Number.parseInt(vector.ticket, 16));

    const { counter, resumerConnection, answererConnection } = vector;
    const clear = resumeClear(resumerConnection, ticket.id, counter);
    const sealed = suite.seal(ticket.sendKey, counter, clear, new Uint8Array(0), 16);
    expect(toHex(encodeResume(clear, sealed))).toBe(vector.resume);

    const nonce = hex(vector.nonce);
    const { chainingKey, acknowledge } = resumedKeys(suite, theirTicket, counter, nonce, false);
    expect(resumedKeys(suite, ticket, counter, nonce, true)).toEqual({ chainingKey, acknowledge });
    const ackClear = resumeAckClear(resumerConnection, answererConnection, nonce);
    const tag = suite.seal(acknowledge, 0, ackClear, new Uint8Array(0), 16);
    expect(toHex(encodeResumeAck(ackClear, tag))).toBe(vector.resumeAck);
    expect(toHex(deriveSessionKeys(suite, chainingKey, true).send)).toBe(vector.resumedK1);

    const floor = parsed(decodeResumeFloor(hex(vector.resumeFloor)));
    expect(floor.counterFloor).toBe(vector.counterFloor);
    expect(isFloorAuthentic(suite, ticket.receiveKey, floor)).toBe(true);
  });
});
