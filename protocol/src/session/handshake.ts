/**
 * The handshake (SPEC §7.2): Noise KKpsk0, IKpsk0 or XXpsk0 over 25519, ChaChaPoly, SHA-256, psk0 = the
 * network key. Static keys on the wire are Ed25519 keys, mapped to X25519 for the Diffie-Hellman (SPEC §3.3),
 * so that key, id and DH key are one. The clear bytes of each packet are mixed into the hash before its first
 * token.
 */

import { HandshakeState } from '../crypto/noise.js';
import type { CryptoSuite, KeyPair } from '../crypto/suite.js';
import { type Certificate, decodeCertificate } from '../identity/certificate.js';
import type { Identity } from '../identity/identity.js';
import { isAcceptableKey } from '../identity/identity.js';
import type { NetworkKey } from '../identity/network.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import {
  encodeH1,
  encodeH2,
  encodeH3,
  type H1Packet,
  type H2Packet,
  type H3Packet,
  type HandshakePattern,
  h1Clear,
  h2Clear,
  h3Clear,
  MASKED_KEY_BYTES,
  maskKey,
  proofMac,
} from '../packet/handshake.js';
import { deriveSessionKeys, type SessionKeys } from './keys.js';

/** Who we are, for every handshake of a node. */
export interface HandshakeSelf {
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly network: NetworkKey;
  /** Encoded (SPEC §5.5); goes with the static key, so at first contact only. */
  readonly certificate?: Uint8Array | undefined;
}

/** Forged answers to one packet that are looked at: each costs up to three Diffie-Hellmans. */
const FORGED_ANSWERS_MAX = 8;

function start(
  self: HandshakeSelf,
  pattern: HandshakePattern,
  e: KeyPair,
  initiator: boolean,
  rs: Uint8Array | undefined,
): HandshakeState {
  const shape = pattern === 'KK' ? 0 : pattern === 'IK' ? 1 : 2;
  return new HandshakeState({
    suite: self.suite,
    pattern,
    initiator,
    prologue: concatBytes(encodeUtf8('fogwisp/1'), self.network.id, new Uint8Array([shape])),
    psk: self.network.key,
    s: { publicKey: self.identity.publicKey, secretKey: self.identity.dh.secretKey },
    hasSigningStatics: true,
    e,
    rs,
  });
}

export interface Finished {
  readonly keys: SessionKeys;
  /** Ed25519 key of the other end. */
  readonly publicKey: Uint8Array;
  /** What the other end showed, not verified; undefined when it showed none. */
  readonly certificate: Certificate | undefined;
}

/** A payload that is no certificate says nothing. */
function certificateIn(payload: Uint8Array): Certificate | undefined {
  return payload.length === 0 ? undefined : decodeCertificate(payload);
}

/** Our side of a handshake that we began. */
export class Attempt {
  readonly pattern: HandshakePattern;
  readonly connection: number;
  readonly ephemeral: Uint8Array;
  readonly #self: HandshakeSelf;
  readonly #e: KeyPair;
  readonly #clear: Uint8Array;
  readonly #message: Uint8Array;
  readonly #noise: HandshakeState;
  #packet: Uint8Array;
  #forgedAnswers = 0;
  #isSpent = false;

  /** `remote`: the responder's Ed25519 key, required by KK and IK. */
  constructor(
    self: HandshakeSelf,
    pattern: HandshakePattern,
    connection: number,
    e: KeyPair,
    remote?: Uint8Array,
  ) {
    this.#self = self;
    this.pattern = pattern;
    this.connection = connection;
    this.#e = e;
    this.ephemeral = e.publicKey;
    this.#clear = h1Clear(pattern, connection, this.#maskedKey());
    this.#noise = start(self, pattern, e, true, remote);
    this.#noise.mixHash(this.#clear);
    const message = this.#noise.writeMessage(pattern === 'IK' ? (self.certificate ?? EMPTY) : EMPTY);
    assert(message !== undefined, 'only acceptable keys are opened to');
    this.#message = message;
    this.#packet = encodeH1(this.#clear, this.#message);
  }

  get packet(): Uint8Array {
    return this.#packet;
  }

  /** H1, to be sent, the first time or again: the answer to it is awaited anew. */
  send(): Uint8Array {
    this.#forgedAnswers = 0;
    return this.#packet;
  }

  /** There was an answer that nothing can follow: begin a new attempt. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** So many answers were forged that no more are looked at before H1 is sent again. */
  get isWeary(): boolean {
    return this.#forgedAnswers >= FORGED_ANSWERS_MAX;
  }

  /** Adds the answer to a RETRY to H1 (SPEC §7.3). */
  prove(secretEpoch: number, cookie: Uint8Array): void {
    const { suite, network } = this.#self;
    const mac = proofMac(suite, network.key, cookie, { clear: this.#clear, noise: this.#message });
    this.#packet = encodeH1(this.#clear, this.#message, { secretEpoch, mac });
  }

  /**
   * Reads H2 and makes H3 (XX only). A forged H2 changes nothing: the attempt goes on. One with a key that is
   * not acceptable came from somebody who knows the network key, and ends it.
   */
  finish(answer: H2Packet): (Finished & { readonly confirmation: Uint8Array | undefined }) | undefined {
    if (this.#isSpent) return undefined;
    this.#noise.mixHash(answer.clear);
    const payload = this.#noise.readMessage(answer.noise);
    if (payload === undefined) {
      this.#forgedAnswers++;
      return undefined;
    }
    this.#isSpent = true;
    const remote = this.#noise.remoteStatic;
    if (remote === undefined || !isAcceptableKey(remote)) return undefined;
    const confirmation = this.pattern === 'XX' ? this.#confirm(answer.responder) : undefined;
    if (!this.#noise.isComplete) return undefined;
    const keys = deriveSessionKeys(this.#self.suite, this.#noise.chainingKey, true);
    return { keys, publicKey: copyBytes(remote), certificate: certificateIn(payload), confirmation };
  }

  #confirm(responder: number): Uint8Array | undefined {
    const clear = h3Clear(responder);
    this.#noise.mixHash(clear);
    const message = this.#noise.writeMessage(this.#self.certificate ?? EMPTY);
    return message && encodeH3(clear, message);
  }

  #maskedKey(): Uint8Array | undefined {
    if (this.pattern !== 'KK') return undefined;
    const { suite, network, identity } = this.#self;
    return maskKey(suite, network.key, this.#e.publicKey, identity.id.subarray(0, MASKED_KEY_BYTES));
  }
}

/** Our side of a handshake that somebody else began. */
export class Reply {
  readonly connection: number;
  readonly initiator: number;
  /** Of the initiator: tells a repeated H1 from a new one. */
  readonly ephemeral: Uint8Array;
  /** H2, to be sent again when H1 comes again. */
  readonly packet: Uint8Array;
  readonly #self: HandshakeSelf;
  /** Undefined once it is complete: what came of it is all that a board can afford to keep. */
  #noise: HandshakeState | undefined;
  #finished: Finished | undefined;

  private constructor(
    self: HandshakeSelf,
    initiation: H1Packet,
    connection: number,
    noise: HandshakeState,
    packet: Uint8Array,
  ) {
    this.#self = self;
    this.#noise = noise;
    this.connection = connection;
    this.initiator = initiation.connection;
    this.ephemeral = copyBytes(initiation.noise.subarray(0, 32));
    this.packet = packet;
  }

  /** Reads H1; `remote` is the initiator's Ed25519 key, required by KK. */
  static to(
    self: HandshakeSelf,
    initiation: H1Packet,
    connection: number,
    e: KeyPair,
    remote: Uint8Array | undefined,
  ): Reply | DropReason {
    const noise = start(self, initiation.pattern, e, false, remote);
    noise.mixHash(initiation.clear);
    const payload = noise.readMessage(initiation.noise);
    if (payload === undefined) return 'authentication';
    const theirs = noise.remoteStatic;
    if (theirs !== undefined && !isAcceptableKey(theirs)) return 'authentication';
    const clear = h2Clear(initiation.connection, connection);
    noise.mixHash(clear);
    const mine = initiation.pattern === 'KK' ? undefined : self.certificate;
    const message = noise.writeMessage(mine ?? EMPTY);
    if (message === undefined) return 'authentication';
    const reply = new Reply(self, initiation, connection, noise, encodeH2(clear, message));
    if (noise.isComplete) reply.#finish(noise, payload);
    return reply;
  }

  /** KK and IK: known after H1. XX: undefined until `confirm`. */
  finished(): Finished | undefined {
    return this.#finished;
  }

  /** XX: reads H3. A forged one changes nothing. */
  confirm(packet: H3Packet): Finished | undefined {
    if (this.#noise === undefined) return undefined;
    this.#noise.mixHash(packet.clear);
    const payload = this.#noise.readMessage(packet.noise);
    if (payload === undefined) return undefined;
    this.#finish(this.#noise, payload);
    return this.#finished;
  }

  #finish(noise: HandshakeState, payload: Uint8Array): void {
    this.#noise = undefined;
    const publicKey = noise.remoteStatic;
    if (publicKey === undefined || !isAcceptableKey(publicKey)) return;
    const keys = deriveSessionKeys(this.#self.suite, noise.chainingKey, false);
    this.#finished = { keys, publicKey, certificate: certificateIn(payload) };
  }
}
