import { assert, unreachable } from '../kernel/assert.js';
import { concatBytes, copyBytes } from '../kernel/bytes.js';
import { type SymmetricSnapshot, SymmetricState } from './noise-symmetric.js';
import type { CryptoSuite, KeyPair } from './suite.js';

/**
 * The Noise Protocol Framework, revision 34, for the suite 25519_ChaChaPoly_SHA256: one interpreter of
 * handshake patterns (Noise §5.3) and psk modifiers (Noise §9), with the specification's names.
 *
 * A handshake is a list of messages, each a list of tokens; the two sides take turns. The state keeps a
 * checkpoint after each message, and one that fails leaves it as it was there: junk from anybody else ends no
 * handshake.
 */

const DH_BYTES = 32;
const PSK_BYTES = 32;
const MESSAGE_BYTES_MAX = 65_535; // Noise §3

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss';
type PskPlace = 0 | 1 | 2 | 3;

interface HandshakePattern {
  /** Whose static key the other side knows beforehand. */
  readonly known: { readonly initiator: boolean; readonly responder: boolean };
  readonly messages: readonly (readonly Token[])[];
}

/** Noise §7.5. The first letter: the initiator's static key; the second: the responder's. */
const PATTERNS = {
  NN: {
    known: { initiator: false, responder: false },
    messages: [['e'], ['e', 'ee']],
  },
  KK: {
    known: { initiator: true, responder: true },
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  IK: {
    known: { initiator: false, responder: true },
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  XX: {
    known: { initiator: false, responder: false },
    messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
  },
} as const satisfies Record<string, HandshakePattern>;

export type PatternName = keyof typeof PATTERNS;

export interface HandshakeOptions {
  readonly suite: CryptoSuite;
  readonly pattern: PatternName;
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** 32 B; makes the pattern `psk0`, or what `pskPlace` says. */
  readonly psk?: Uint8Array | undefined;
  readonly pskPlace?: PskPlace;
  /** Own static keys, where the pattern has any. */
  readonly s?: KeyPair | undefined;
  /**
   * Deviation: static public keys are Ed25519 keys, on the wire and in the hash, and are mapped to X25519
   * (RFC 7748 §4.1) for the Diffie-Hellman only; `s.secretKey` is the X25519 secret.
   */
  readonly hasSigningStatics?: boolean;
  /** Own ephemeral keys; for this handshake only. */
  readonly e: KeyPair;
  /** The other side's static key, where the pattern knows it beforehand. */
  readonly rs?: Uint8Array | undefined;
}

/** What a failed message falls back to. */
interface Checkpoint {
  readonly symmetric: SymmetricSnapshot;
  readonly rs: Uint8Array | undefined;
  readonly re: Uint8Array | undefined;
}

/** Noise §5.3 */
export class HandshakeState {
  readonly #suite: CryptoSuite;
  readonly #messages: readonly (readonly Token[])[];
  readonly #isInitiator: boolean;
  readonly #psk: Uint8Array | undefined;
  readonly #pskPlace: PskPlace;
  readonly #s: KeyPair | undefined;
  readonly #e: KeyPair;
  readonly #hasSigningStatics: boolean;
  readonly #symmetric: SymmetricState;
  #rs: Uint8Array | undefined;
  #re: Uint8Array | undefined;
  #turn = 0;
  /** As after the message before; undefined while nothing has changed since. */
  #checkpoint: Checkpoint | undefined;

  constructor(options: HandshakeOptions) {
    const { suite, pattern, initiator, psk, pskPlace = 0, rs } = options;
    assert(psk === undefined || psk.length === PSK_BYTES, 'a psk has 32 bytes');
    this.#suite = suite;
    this.#messages = PATTERNS[pattern].messages;
    this.#isInitiator = initiator;
    this.#psk = psk;
    this.#pskPlace = pskPlace;
    this.#s = options.s;
    this.#e = options.e;
    this.#hasSigningStatics = options.hasSigningStatics === true;
    this.#rs = rs === undefined ? undefined : copyBytes(rs);
    const modifier = psk === undefined ? '' : `psk${pskPlace}`;
    this.#symmetric = new SymmetricState(suite, `Noise_${pattern}${modifier}_25519_ChaChaPoly_SHA256`);
    this.#symmetric.mixHash(options.prologue);
    const { known } = PATTERNS[pattern];
    if (known.initiator) this.#symmetric.mixHash(this.#staticOf(true));
    if (known.responder) this.#symmetric.mixHash(this.#staticOf(false));
  }

  get isComplete(): boolean {
    return this.#turn === this.#messages.length;
  }

  get handshakeHash(): Uint8Array {
    return copyBytes(this.#symmetric.h);
  }

  get chainingKey(): Uint8Array {
    return copyBytes(this.#symmetric.ck);
  }

  get remoteStatic(): Uint8Array | undefined {
    return this.#rs === undefined ? undefined : copyBytes(this.#rs);
  }

  /** For clear bytes that travel with the next message, on both sides before its first token. */
  mixHash(bytes: Uint8Array): void {
    this.#save();
    this.#symmetric.mixHash(bytes);
  }

  /** The next message, or undefined when the other side's key makes a shared secret of zeros. */
  writeMessage(payload: Uint8Array): Uint8Array | undefined {
    assert(this.#isMyTurn, 'the sides of a handshake take turns');
    const parts: Uint8Array[] = [];
    this.#save();
    this.#mixPsk(0);
    for (const token of this.#messages[this.#turn] ?? []) {
      if (!this.#writeToken(token, parts)) return this.#fail();
    }
    this.#mixPsk(this.#turn + 1);
    parts.push(this.#symmetric.encryptAndHash(payload));
    const message = concatBytes(...parts);
    assert(message.length <= MESSAGE_BYTES_MAX, 'a Noise message has at most 65535 bytes');
    this.#advance();
    return message;
  }

  /** The payload of the other side's message, or undefined, and then all is as after the message before. */
  readMessage(bytes: Uint8Array): Uint8Array | undefined {
    assert(!this.isComplete && !this.#isMyTurn, 'the sides of a handshake take turns');
    this.#save();
    if (bytes.length > MESSAGE_BYTES_MAX) return this.#fail();
    this.#mixPsk(0);
    let at = 0;
    for (const token of this.#messages[this.#turn] ?? []) {
      const used = this.#readToken(token, bytes.subarray(at));
      if (used === undefined) return this.#fail();
      at += used;
    }
    this.#mixPsk(this.#turn + 1);
    if (bytes.length < at + this.#symmetric.overhead) return this.#fail();
    const payload = this.#symmetric.decryptAndHash(bytes.subarray(at));
    if (payload === undefined) return this.#fail();
    this.#advance();
    return payload;
  }

  /** The transport keys, 32 B each. */
  split(): { readonly send: Uint8Array; readonly receive: Uint8Array } {
    assert(this.isComplete, 'keys come out of a complete handshake');
    const [first, second] = this.#symmetric.split();
    return this.#isInitiator ? { send: first, receive: second } : { send: second, receive: first };
  }

  get #isMyTurn(): boolean {
    return !this.isComplete && (this.#turn % 2 === 0) === this.#isInitiator;
  }

  #writeToken(token: Token, parts: Uint8Array[]): boolean {
    switch (token) {
      case 'e':
        parts.push(this.#e.publicKey);
        this.#mixEphemeral(this.#e.publicKey);
        return true;
      case 's':
        parts.push(this.#symmetric.encryptAndHash(this.#staticOf(this.#isInitiator)));
        return true;
      case 'ee':
      case 'es':
      case 'se':
      case 'ss':
        return this.#mixDh(token);
      default:
        return unreachable(token);
    }
  }

  /** How many of `bytes` the token took, or undefined when they do not verify. */
  #readToken(token: Token, bytes: Uint8Array): number | undefined {
    switch (token) {
      case 'e':
        if (bytes.length < DH_BYTES) return undefined;
        this.#re = copyBytes(bytes.subarray(0, DH_BYTES));
        this.#mixEphemeral(this.#re);
        return DH_BYTES;
      case 's': {
        const length = DH_BYTES + this.#symmetric.overhead;
        if (bytes.length < length) return undefined;
        this.#rs = this.#symmetric.decryptAndHash(bytes.subarray(0, length));
        return this.#rs === undefined ? undefined : length;
      }
      case 'ee':
      case 'es':
      case 'se':
      case 'ss':
        return this.#mixDh(token) ? 0 : undefined;
      default:
        return unreachable(token);
    }
  }

  /** The first letter of the token names the initiator's key, the second the responder's. */
  #mixDh(token: 'ee' | 'es' | 'se' | 'ss'): boolean {
    const [mine, theirs] = this.#isInitiator ? [token[0], token[1]] : [token[1], token[0]];
    const pair = mine === 'e' ? this.#e : this.#s;
    const remote = theirs === 'e' ? this.#re : this.#rs;
    assert(pair !== undefined && remote !== undefined, 'a handshake has the keys of its tokens');
    const isMapped = theirs === 's' && this.#hasSigningStatics;
    const shared = this.#suite.dh(pair.secretKey, isMapped ? this.#suite.dhPublicFromSign(remote) : remote);
    if (shared === undefined) return false;
    this.#symmetric.mixKey(shared);
    return true;
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    if (this.#psk !== undefined) this.#symmetric.mixKey(publicKey); // Noise §9.2
  }

  /**
   * psk0 stands before the first token of the first message, psk1, psk2, psk3 after the last of that message.
   */
  #mixPsk(place: number): void {
    if (this.#psk === undefined || place !== this.#pskPlace) return;
    if (place === 0 && this.#turn !== 0) return;
    this.#symmetric.mixKeyAndHash(this.#psk);
  }

  #staticOf(isInitiator: boolean): Uint8Array {
    const key = isInitiator === this.#isInitiator ? this.#s?.publicKey : this.#rs;
    assert(key !== undefined, 'a handshake has the static keys of its pattern');
    return key;
  }

  #advance(): void {
    this.#turn++;
    this.#checkpoint = undefined;
  }

  #save(): void {
    this.#checkpoint ??= { symmetric: this.#symmetric.save(), rs: this.#rs, re: this.#re };
  }

  #fail(): undefined {
    const before = this.#checkpoint;
    this.#checkpoint = undefined;
    if (before === undefined) return undefined;
    this.#symmetric.restore(before.symmetric);
    this.#rs = before.rs;
    this.#re = before.re;
    return undefined;
  }
}
