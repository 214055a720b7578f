import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { HandshakeState, type PatternName } from '../../src/crypto/noise.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import { encodeUtf8 } from '../../src/kernel/utf8.js';
import { signingStaticTests } from './noise-signing.js';
import { noiseVectorTests } from './noise-vectors.js';

const suite = nobleSuite();
const PSK = suite.hash(encodeUtf8('network key'));

function pair(name: string) {
  return suite.dhKeyPair(suite.hash(encodeUtf8(name)));
}

/** Both sides of a psk0 handshake, each knowing what the pattern lets it know. */
function sides(pattern: PatternName, psk: Uint8Array = PSK): [HandshakeState, HandshakeState] {
  const [s, rs] = [pair('alice'), pair('bob')];
  const knows = { initiator: pattern === 'KK' || pattern === 'IK', responder: pattern === 'KK' };
  return [
    new HandshakeState({
      suite,
      pattern,
      initiator: true,
      prologue: EMPTY,
      psk: PSK,
      s,
      e: pair('alice, once'),
      rs: knows.initiator ? rs.publicKey : undefined,
    }),
    new HandshakeState({
      suite,
      pattern,
      initiator: false,
      prologue: EMPTY,
      psk,
      s: rs,
      e: pair('bob, once'),
      rs: knows.responder ? s.publicKey : undefined,
    }),
  ];
}

function write(side: HandshakeState, payload: Uint8Array = EMPTY): Uint8Array {
  const message = side.writeMessage(payload);
  if (message === undefined) throw new Error('no message');
  return message;
}

describe('Noise vectors', () => noiseVectorTests(suite));

describe('Noise with Ed25519 static keys (SPEC §3.3)', () => signingStaticTests(suite, suite));

describe('Noise handshakes as the session uses them', () => {
  it('have the sizes of SPEC §4.3 less their clear bytes', () => {
    const sizes = (['KK', 'IK', 'XX'] as const).map((pattern) => {
      const [alice, bob] = sides(pattern);
      const found: number[] = [];
      for (let from = alice, to = bob; !from.isComplete; [from, to] = [to, from]) {
        const message = write(from);
        found.push(message.length);
        expect(to.readMessage(message)).toEqual(EMPTY);
      }
      return found;
    });
    expect(sizes).toEqual([
      [48, 48],
      [96, 48],
      [48, 96, 64],
    ]);
  });

  it('end with the same keys, hash and chaining key on both sides, and each knows the other', () => {
    for (const pattern of ['KK', 'IK', 'XX'] as const) {
      const [alice, bob] = sides(pattern);
      bob.readMessage(write(alice));
      alice.readMessage(write(bob));
      if (pattern === 'XX') bob.readMessage(write(alice));
      expect(alice.split().send).toEqual(bob.split().receive);
      expect(alice.split().receive).toEqual(bob.split().send);
      expect(alice.split().send).not.toEqual(alice.split().receive);
      expect(alice.handshakeHash).toEqual(bob.handshakeHash);
      expect(alice.chainingKey).toEqual(bob.chainingKey);
      expect(alice.remoteStatic).toEqual(pair('bob').publicKey);
      expect(bob.remoteStatic).toEqual(pair('alice').publicKey);
    }
  });

  it('are bound to the clear bytes that travel with a message', () => {
    const [alice, bob] = sides('KK');
    alice.mixHash(encodeUtf8('clear'));
    const message = write(alice);
    bob.mixHash(encodeUtf8('forged'));
    expect(bob.readMessage(message)).toBeUndefined();
    bob.mixHash(encodeUtf8('clear'));
    expect(bob.readMessage(message)).toEqual(EMPTY);
  });

  it('fail at the first message under another network key', () => {
    for (const pattern of ['KK', 'IK', 'XX'] as const) {
      const [alice, bob] = sides(pattern, suite.hash(PSK));
      expect(bob.readMessage(write(alice))).toBeUndefined();
    }
  });

  it('go on after any junk and any changed message, as if it had not come', () => {
    const patterns = fc.constantFrom<PatternName>('KK', 'IK', 'XX');
    fc.assert(
      fc.property(
        patterns,
        fc.uint8Array({ maxLength: 120 }),
        fc.nat(47),
        fc.boolean(),
        (pattern, junk, at, cut) => {
          const [alice, bob] = sides(pattern);
          for (let from = alice, to = bob; !from.isComplete; [from, to] = [to, from]) {
            const message = write(from, encodeUtf8('hello'));
            to.mixHash(junk);
            expect(to.readMessage(junk)).toBeUndefined();
            const changed = cut ? message.subarray(0, at) : new Uint8Array(message);
            if (!cut) changed[at] = (changed[at] ?? 0) ^ 1;
            expect(to.readMessage(changed)).toBeUndefined();
            expect(to.readMessage(message)).toEqual(encodeUtf8('hello'));
          }
          expect(alice.handshakeHash).toEqual(bob.handshakeHash);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('fail when the other ephemeral key is a point of small order (all-zero secret)', () => {
    const [, bob] = sides('XX');
    const zero = { publicKey: new Uint8Array(32), secretKey: pair('x').secretKey };
    const mallory = new HandshakeState({
      suite,
      pattern: 'XX',
      initiator: true,
      prologue: EMPTY,
      psk: PSK,
      e: zero,
    });
    expect(bob.readMessage(write(mallory))).toEqual(EMPTY);
    expect(bob.writeMessage(EMPTY)).toBeUndefined();
  });

  it('refuse to be used out of turn or before their end', () => {
    const [alice, bob] = sides('KK');
    expect(() => bob.writeMessage(EMPTY)).toThrow('take turns');
    expect(() => alice.readMessage(EMPTY)).toThrow('take turns');
    expect(() => alice.split()).toThrow('complete');
  });
});
