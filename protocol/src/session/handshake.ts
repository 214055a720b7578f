/**
 * The handshake (SPEC §7.2): Noise KKpsk0, IKpsk0 or XXpsk0 over 25519, ChaChaPoly, SHA-256, psk0 = the network key.
 * Static keys on the wire are Ed25519 keys, mapped to X25519 for the Diffie-Hellman (SPEC §3.3), so that key, id and
 * DH key are one. The clear bytes of each packet are mixed into the hash before its first token.
 */
import { concatBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { HandshakeState } from '../crypto/noise.js';
import type { CryptoSuite, KeyPair } from '../crypto/suite.js';
import type { Identity } from '../identity/identity.js';
import { isAcceptableKey } from '../identity/identity.js';
import type { NetworkKey } from '../identity/network.js';
import {
  type Answer,
  encodeAnswer,
  encodeConfirmation,
  encodeInitiation,
  type HandshakePattern,
  type Initiation,
} from '../packet/clear.js';
import { deriveSessionKeys, type SessionKeys } from './keys.js';

/** Who we are, for every handshake of a node. */
export interface HandshakeSelf {
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly network: NetworkKey;
}

/** Bytes of a KK initiator's id that H1 names, masked (SPEC §7.2). */
export const KEY_ID_BYTES = 5;
/** Forged answers to one attempt, after which it is given up. */
const FORGED_ANSWERS_MAX = 8;

/** XOR of the key id with HMAC(network key, e): its own inverse. */
export function maskKeyId(self: HandshakeSelf, keyId: Uint8Array, ephemeral: Uint8Array): Uint8Array {
  const mask = self.suite.hmac(self.network.key, ephemeral);
  return keyId.map((byte, i) => byte ^ (mask[i] as number));
}

function start(self: HandshakeSelf, pattern: HandshakePattern, e: KeyPair, initiator: boolean, rs?: Uint8Array) {
  const shape = pattern === 'KK' ? 0 : pattern === 'IK' ? 1 : 2;
  return new HandshakeState({
    suite: self.suite,
    pattern,
    initiator,
    prologue: concatBytes(encodeUtf8('fogwisp/1'), self.network.id, new Uint8Array([shape])),
    psks: [{ position: 0, key: self.network.key }],
    s: { publicKey: self.identity.publicKey, secretKey: self.identity.dh.secretKey },
    hasSigningStatics: true,
    e,
    ...(rs === undefined ? {} : { rs }),
  });
}

export interface Finished {
  readonly keys: SessionKeys;
  /** Ed25519 key of the other end. */
  readonly publicKey: Uint8Array;
}

/** Our side of a handshake that we began. */
export class Attempt {
  readonly pattern: HandshakePattern;
  readonly connection: number;
  readonly ephemeral: Uint8Array;
  readonly #self: HandshakeSelf;
  readonly #e: KeyPair;
  readonly #remote: Uint8Array | undefined;
  #noise: HandshakeState;
  #packet: Uint8Array;
  #forgedAnswers = 0;

  /** `remote`: the responder's Ed25519 key, required by KK and IK. */
  constructor(self: HandshakeSelf, pattern: HandshakePattern, connection: number, e: KeyPair, remote?: Uint8Array) {
    this.#self = self;
    this.pattern = pattern;
    this.connection = connection;
    this.#e = e;
    this.ephemeral = e.publicKey;
    this.#remote = remote;
    this.#noise = start(self, pattern, e, true, remote);
    this.#packet = this.#write();
  }

  /** H1, to be sent and sent again. */
  get packet(): Uint8Array {
    return this.#packet;
  }

  /** Adds the answer to a RETRY to H1 (SPEC §7.3). */
  prove(secretEpoch: number, cookie: Uint8Array): void {
    const bare = this.#packet.subarray(0, this.#packet.length);
    const proof = proofOf(this.#self, cookie, bare);
    this.#packet = encodeInitiation({ ...this.#clear(), noise: bare.subarray(this.#clearLength()), proof: { secretEpoch, mac: proof } });
  }

  /** Reads H2. A forged one changes nothing: the attempt goes on, a few times. */
  finish(answer: Answer): (Finished & { readonly confirmation: Uint8Array | undefined }) | undefined {
    this.#noise.mixHash(answer.clear);
    const payload = this.#noise.readMessage(answer.noise);
    const remote = this.#noise.remoteStatic;
    if (payload === undefined || remote === undefined || !isAcceptableKey(remote)) {
      if (++this.#forgedAnswers <= FORGED_ANSWERS_MAX) this.#rewind();
      return undefined;
    }
    const confirmation = this.pattern === 'XX' ? this.#confirm(answer.responder) : undefined;
    const keys = deriveSessionKeys(this.#self.suite, this.#noise.chainingKey, true);
    return { keys, publicKey: copyBytes(remote), confirmation };
  }

  get isSpent(): boolean {
    return this.#forgedAnswers > FORGED_ANSWERS_MAX;
  }

  #confirm(responder: number): Uint8Array {
    const clear = encodeConfirmation({ responder, noise: EMPTY });
    this.#noise.mixHash(clear);
    return concatBytes(clear, this.#noise.writeMessage(EMPTY));
  }

  #rewind(): void {
    this.#noise = start(this.#self, this.pattern, this.#e, true, this.#remote);
    this.#write();
  }

  #write(): Uint8Array {
    const clear = encodeInitiation({ ...this.#clear(), noise: EMPTY, proof: undefined });
    this.#noise.mixHash(clear);
    return concatBytes(clear, this.#noise.writeMessage(EMPTY));
  }

  #clear() {
    const keyId = this.#self.identity.id.subarray(0, KEY_ID_BYTES);
    const maskedKeyId = this.pattern === 'KK' ? maskKeyId(this.#self, keyId, this.#e.publicKey) : undefined;
    return { pattern: this.pattern, initiator: this.connection, maskedKeyId };
  }

  #clearLength(): number {
    return encodeInitiation({ ...this.#clear(), noise: EMPTY, proof: undefined }).length;
  }
}

/** HMAC(network key, cookie | H1)[0..8]: shows that the initiator receives at its address and knows the network. */
export function proofOf(self: HandshakeSelf, cookie: Uint8Array, initiation: Uint8Array): Uint8Array {
  return copyBytes(self.suite.hmac(self.network.key, concatBytes(cookie, initiation)).subarray(0, 8));
}

/** Our side of a handshake that somebody else began. */
export class Reply {
  readonly connection: number;
  readonly ephemeral: Uint8Array;
  readonly packet: Uint8Array;
  readonly initiator: number;
  readonly #self: HandshakeSelf;
  readonly #noise: HandshakeState;
  readonly #pattern: HandshakePattern;

  private constructor(self: HandshakeSelf, initiation: Initiation, connection: number, noise: HandshakeState) {
    this.#self = self;
    this.#noise = noise;
    this.#pattern = initiation.pattern;
    this.connection = connection;
    this.initiator = initiation.initiator;
    this.ephemeral = copyBytes(initiation.noise.subarray(0, 32));
    const clear = encodeAnswer({ initiator: initiation.initiator, responder: connection, noise: EMPTY });
    noise.mixHash(clear);
    this.packet = concatBytes(clear, noise.writeMessage(EMPTY));
  }

  /** Reads H1; `remote` is the initiator's Ed25519 key, required by KK. */
  static to(
    self: HandshakeSelf,
    initiation: Initiation,
    connection: number,
    e: KeyPair,
    remote: Uint8Array | undefined,
  ): Reply | DropReason {
    const noise = start(self, initiation.pattern, e, false, remote);
    noise.mixHash(initiation.clear);
    if (noise.readMessage(initiation.noise) === undefined) return 'authentication';
    const theirs = noise.remoteStatic;
    if (theirs !== undefined && !isAcceptableKey(theirs)) return 'authentication';
    return new Reply(self, initiation, connection, noise);
  }

  /** KK and IK: known after H1. XX: after `confirm`. */
  finished(): Finished | undefined {
    const remote = this.#noise.remoteStatic;
    if (!this.#noise.isComplete || remote === undefined) return undefined;
    const keys = deriveSessionKeys(this.#self.suite, this.#noise.chainingKey, false);
    return { keys, publicKey: copyBytes(remote) };
  }

  /** XX: reads H3. A forged one ends the handshake, which the initiator begins again. */
  confirm(clear: Uint8Array, message: Uint8Array): Finished | undefined {
    if (this.#pattern !== 'XX' || this.#noise.isComplete) return undefined;
    this.#noise.mixHash(clear);
    if (this.#noise.readMessage(message) === undefined) return undefined;
    const remote = this.#noise.remoteStatic;
    return remote !== undefined && isAcceptableKey(remote) ? this.finished() : undefined;
  }
}
