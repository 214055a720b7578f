import { expect, it } from 'vitest';
import { type HandshakeOptions, HandshakeState, type PatternName } from '../../src/crypto/noise.js';
import { CipherState } from '../../src/crypto/noise-symmetric.js';
import type { CryptoSuite, KeyPair } from '../../src/crypto/suite.js';
import { toHex } from '../../src/kernel/bytes.js';
import { hex, readVectors } from '../support/vectors.js';

interface NoiseVector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_static?: string;
  readonly init_ephemeral: string;
  readonly init_remote_static?: string;
  readonly init_psks?: readonly string[];
  readonly resp_prologue: string;
  readonly resp_static?: string;
  readonly resp_ephemeral: string;
  readonly resp_remote_static?: string;
  readonly resp_psks?: readonly string[];
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

/**
 * Registers one test per vector: both sides, every message both ways, the hash, and transport messages after
 * it.
 */
export function noiseVectorTests(suite: CryptoSuite): void {
  for (const vector of readVectors<NoiseVector>('noise-25519-chachapoly-sha256.json')) {
    it(vector.protocol_name, () => checkVector(suite, vector));
  }
}

function checkVector(suite: CryptoSuite, vector: NoiseVector): void {
  const sides = [initiatorOf(suite, vector), responderOf(suite, vector)] as const;
  let [writer, reader]: readonly HandshakeState[] = sides;
  let ciphers: readonly { send: CipherState; receive: CipherState }[] = [];
  for (const [index, message] of vector.messages.entries()) {
    const payload = hex(message.payload);
    const [from, to] = index % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    [writer, reader] = [sides[from], sides[to]];
    if (!writer.isComplete) {
      expect(toHex(writer.writeMessage(payload) ?? hex(''))).toBe(message.ciphertext);
      expect(reader.readMessage(hex(message.ciphertext))).toEqual(payload);
      if (writer.isComplete) ciphers = sides.map((side) => ciphersOf(suite, side));
      continue;
    }
    expect(ciphers[from]?.send.encryptWithAd(hex(''), payload)).toEqual(hex(message.ciphertext));
    expect(ciphers[to]?.receive.decryptWithAd(hex(''), hex(message.ciphertext))).toEqual(payload);
  }
  for (const side of sides) {
    expect(side.isComplete).toBe(true);
    expect(toHex(side.handshakeHash)).toBe(vector.handshake_hash);
  }
}

function initiatorOf(suite: CryptoSuite, vector: NoiseVector): HandshakeState {
  return new HandshakeState({
    ...patternOf(vector.protocol_name),
    suite,
    initiator: true,
    prologue: hex(vector.init_prologue),
    psk: vector.init_psks?.map(hex)[0],
    s: pairOf(suite, vector.init_static),
    e: suite.dhKeyPair(hex(vector.init_ephemeral)),
    rs: vector.init_remote_static === undefined ? undefined : hex(vector.init_remote_static),
  });
}

function responderOf(suite: CryptoSuite, vector: NoiseVector): HandshakeState {
  return new HandshakeState({
    ...patternOf(vector.protocol_name),
    suite,
    initiator: false,
    prologue: hex(vector.resp_prologue),
    psk: vector.resp_psks?.map(hex)[0],
    s: pairOf(suite, vector.resp_static),
    e: suite.dhKeyPair(hex(vector.resp_ephemeral)),
    rs: vector.resp_remote_static === undefined ? undefined : hex(vector.resp_remote_static),
  });
}

function ciphersOf(suite: CryptoSuite, side: HandshakeState): { send: CipherState; receive: CipherState } {
  const { send, receive } = side.split();
  return { send: new CipherState(suite, send), receive: new CipherState(suite, receive) };
}

function pairOf(suite: CryptoSuite, secret: string | undefined): KeyPair | undefined {
  return secret === undefined ? undefined : suite.dhKeyPair(hex(secret));
}

function patternOf(name: string): Required<Pick<HandshakeOptions, 'pattern' | 'pskPlace'>> {
  const match = /^Noise_([A-Z]+)(?:psk([0-3]))?_25519_ChaChaPoly_SHA256$/.exec(name);
  return { pattern: match?.[1] as PatternName, pskPlace: Number(match?.[2] ?? 0) as 0 | 1 | 2 | 3 };
}
