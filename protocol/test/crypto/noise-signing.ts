import { expect, it } from 'vitest';
import { HandshakeState, type PatternName } from '../../src/crypto/noise.js';
import type { CryptoSuite, KeyPair } from '../../src/crypto/suite.js';
import { EMPTY, fromHex } from '../../src/kernel/bytes.js';
import { encodeUtf8 } from '../../src/kernel/utf8.js';

const PATTERNS = ['KK', 'IK', 'XX'] as const;
const PSK = new Uint8Array(32).fill(7);

/** The y of all points of order 1, 2, 4 and 8; an X25519 key made of one gives a secret of zeros. */
const SMALL_ORDER = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((text) => fromHex(text) ?? EMPTY);

/** An Ed25519 public key with the X25519 secret that follows from its seed. */
function signingStatic(suite: CryptoSuite, name: string): KeyPair {
  const seed = suite.hash(encodeUtf8(name));
  return { publicKey: suite.signKeyPair(seed).publicKey, secretKey: suite.dhSecretFromSign(seed) };
}

interface Side {
  readonly suite: CryptoSuite;
  readonly initiator: boolean;
  readonly s: KeyPair;
  readonly rs: Uint8Array | undefined;
  readonly hasSigningStatics?: boolean;
}

function sideOf(pattern: PatternName, { hasSigningStatics = true, ...side }: Side): HandshakeState {
  const e = side.suite.dhKeyPair(side.suite.hash(new Uint8Array([side.initiator ? 1 : 2])));
  return new HandshakeState({ ...side, pattern, prologue: EMPTY, psk: PSK, e, hasSigningStatics });
}

/** Writes and reads until both sides are complete; false as soon as either refuses. */
function run(alice: HandshakeState, bob: HandshakeState): boolean {
  for (let from = alice, to = bob; !to.isComplete || !from.isComplete; [from, to] = [to, from]) {
    const message = from.writeMessage(EMPTY);
    if (message === undefined || to.readMessage(message) === undefined) return false;
  }
  return true;
}

/** Tests of Ed25519 static keys in handshakes between a node with suite `a` and one with suite `b`. */
export function signingStaticTests(a: CryptoSuite, b: CryptoSuite): void {
  for (const pattern of PATTERNS) {
    it(`${pattern} completes and shows each side the Ed25519 key of the other`, () => {
      const [alice, bob] = pairOf(pattern, a, b);
      expect(run(alice, bob)).toBe(true);
      expect(alice.handshakeHash).toEqual(bob.handshakeHash);
      expect(alice.split().send).toEqual(bob.split().receive);
      expect(alice.remoteStatic).toEqual(signingStatic(a, 'bob').publicKey);
      expect(bob.remoteStatic).toEqual(signingStatic(b, 'alice').publicKey);
    });

    it(`${pattern} fails against a side that takes static keys for X25519`, () => {
      const [alice, bob] = pairOf(pattern, a, b, false);
      expect(run(alice, bob)).toBe(false);
    });

    it(`${pattern} aborts when a static key is of small order (all-zero secret)`, () => {
      const honest = signingStatic(a, 'alice');
      for (const publicKey of SMALL_ORDER) {
        const bad = { publicKey, secretKey: signingStatic(b, 'bob').secretKey };
        expect(run(...facing(pattern, a, b, honest, bad)), 'as the responder').toBe(false);
        expect(run(...facing(pattern, a, b, bad, honest)), 'as the initiator').toBe(false);
      }
    });
  }
}

function pairOf(pattern: PatternName, a: CryptoSuite, b: CryptoSuite, isAlike = true) {
  const [s, rs] = [signingStatic(a, 'alice'), signingStatic(b, 'bob')];
  return facing(pattern, a, b, s, rs, isAlike);
}

function facing(
  pattern: PatternName,
  a: CryptoSuite,
  b: CryptoSuite,
  mine: KeyPair,
  theirs: KeyPair,
  isAlike = true,
): [HandshakeState, HandshakeState] {
  const responderKnown = pattern === 'XX' ? undefined : theirs.publicKey;
  const initiatorKnown = pattern === 'KK' ? mine.publicKey : undefined;
  return [
    sideOf(pattern, { suite: a, initiator: true, s: mine, rs: responderKnown }),
    sideOf(pattern, {
      suite: b,
      initiator: false,
      s: theirs,
      rs: initiatorKnown,
      hasSigningStatics: isAlike,
    }),
  ];
}
