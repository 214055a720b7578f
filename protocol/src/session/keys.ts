import { hkdf } from '../crypto/hkdf.js';
import type { CryptoSuite, TagLength } from '../crypto/suite.js';
import { concatBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { Instant } from '../kernel/time.js';
import { DAY_MS, SECOND_MS } from '../kernel/time.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import type { ReplayWindow } from './replay.js';

const KEY_BYTES = 32;

/**
 * What a handshake yields, seen from one end (SPEC §7.2): five keys of 32 B, and the suite that they are for.
 * One array holds them, as on a board an array costs as much as what is in it; each getter gives a view.
 */
export class SessionKeys {
  readonly suite: CryptoSuite;
  readonly #bytes: Uint8Array;

  constructor(suite: CryptoSuite, keys: readonly Uint8Array[]) {
    this.suite = suite;
    this.#bytes = concatBytes(...keys);
  }

  get send(): Uint8Array {
    return this.#key(0);
  }

  get receive(): Uint8Array {
    return this.#key(1);
  }

  /** The next keys of each direction (SPEC §7.6). */
  replaceSend(key: Uint8Array): void {
    this.#bytes.set(key, 0);
  }

  replaceReceive(key: Uint8Array): void {
    this.#bytes.set(key, KEY_BYTES);
  }

  /** Keys of the MICs on forward frames between neighbours (SPEC §8.4). */
  get hopSend(): Uint8Array {
    return this.#key(2);
  }

  get hopReceive(): Uint8Array {
    return this.#key(3);
  }

  /** Seed of the resumption ticket (SPEC §7.7); the same at both ends. */
  get resumption(): Uint8Array {
    return this.#key(4);
  }

  #key(index: number): Uint8Array {
    return this.#bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES);
  }
}

/** Derives all keys of a session from the chaining key at the end of a handshake or resumption. */
export function deriveSessionKeys(
  suite: CryptoSuite,
  chainingKey: Uint8Array,
  isInitiator: boolean,
): SessionKeys {
  const [first, second] = pair(suite, chainingKey, EMPTY);
  const [hopFirst, hopSecond] = pair(suite, chainingKey, encodeUtf8('fogwisp hop'));
  const [resumption] = pair(suite, chainingKey, encodeUtf8('fogwisp resumption'));
  return new SessionKeys(
    suite,
    isInitiator
      ? [first, second, hopFirst, hopSecond, resumption]
      : [second, first, hopSecond, hopFirst, resumption],
  );
}

export function pair(
  suite: CryptoSuite,
  salt: Uint8Array,
  input: Uint8Array,
): readonly [Uint8Array, Uint8Array] {
  const keys = hkdf(suite, salt, input, 2);
  return [keys[0] as Uint8Array, keys[1] as Uint8Array];
}

/** A key is replaced after this many packets or this long (SPEC §7.6). */
const REKEY_PACKETS = 0x10_0000;
const REKEY_AGE_MS = DAY_MS;
/** Reordered packets under the key before are still opened for this long. */
const OLD_KEY_MS = 10 * SECOND_MS;
/** Packets whose short tag failed, after which no short tag is accepted any more (SPEC §7.4). */
const SHORT_TAG_FAILURES_MAX = 0x10_0000;

function ratchet(suite: CryptoSuite, key: Uint8Array): Uint8Array {
  return pair(suite, key, encodeUtf8('fogwisp rekey'))[0];
}

/** The sending direction of a session: key, phase and counter. */
export class SealingKey {
  readonly #keys: SessionKeys;
  #phase: 0 | 1 = 0;
  #counter = 0;
  #flippedAtCounter = 0;
  #flippedAt: Instant;
  #isFlipConfirmed = true;

  constructor(keys: SessionKeys, now: Instant) {
    this.#keys = keys;
    this.#flippedAt = now;
  }

  get phase(): 0 | 1 {
    return this.#phase;
  }

  /** Counter of the next packet. */
  get counter(): number {
    return this.#counter;
  }

  /** Moves to the next key when the present one is worn; call before the header is written. */
  renew(now: Instant): void {
    const isWorn =
      this.#counter - this.#flippedAtCounter >= REKEY_PACKETS || now - this.#flippedAt >= REKEY_AGE_MS;
    if (!isWorn || !this.#isFlipConfirmed) return;
    this.#keys.replaceSend(ratchet(this.#keys.suite, this.#keys.send));
    this.#phase = this.#phase === 0 ? 1 : 0;
    this.#flippedAtCounter = this.#counter;
    this.#flippedAt = now;
    this.#isFlipConfirmed = false;
  }

  /** The peer acknowledged something; what was sent from `counter` on proves that it follows the phase. */
  confirm(counter: number): void {
    if (counter >= this.#flippedAtCounter) this.#isFlipConfirmed = true;
  }

  /** The whole packet: header, ciphertext and tag. */
  seal(header: Uint8Array, plain: Uint8Array, tagLength: TagLength): Uint8Array {
    const { suite, send: key } = this.#keys;
    const counter = this.#counter++;
    const whole = suite.sealBehind?.(key, counter, header, plain, tagLength);
    if (whole !== undefined) return whole;
    const sealed = suite.seal(key, counter, header, plain, tagLength);
    const packet = new Uint8Array(header.length + sealed.length);
    packet.set(header);
    packet.set(sealed, header.length);
    return packet;
  }
}

/** The receiving direction: present key, the one before for a while, the one after when the peer flips. */
export class OpeningKey {
  readonly window: ReplayWindow;
  readonly #keys: SessionKeys;
  #phase: 0 | 1 = 0;
  #old: { readonly key: Uint8Array; readonly until: Instant } | undefined;
  #shortTagFailures = 0;

  constructor(keys: SessionKeys, window: ReplayWindow) {
    this.#keys = keys;
    this.window = window;
  }

  /** The plaintext, and the counter marked as seen; or why the packet is dropped. */
  open(
    now: Instant,
    phase: 0 | 1,
    counter: number,
    header: Uint8Array,
    sealed: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array | DropReason {
    if (tagLength === 8 && this.#shortTagFailures >= SHORT_TAG_FAILURES_MAX) return 'authentication';
    if (this.#old !== undefined && now >= this.#old.until) this.#old = undefined;
    if (!this.window.wouldAccept(counter)) return 'replay';
    const key = this.#keyFor(phase, counter);
    const plain = key && this.#keys.suite.open(key, counter, header, sealed, tagLength);
    if (key === undefined || plain === undefined) {
      if (tagLength === 8) this.#shortTagFailures++;
      return 'authentication';
    }
    if (phase !== this.#phase && counter > this.window.highest) {
      this.#old = { key: copyBytes(this.#keys.receive), until: now + OLD_KEY_MS };
      this.#keys.replaceReceive(key);
      this.#phase = phase;
    }
    this.window.accept(counter);
    return plain;
  }

  /** The other phase is the next key for a counter beyond all others, else the one before. */
  #keyFor(phase: 0 | 1, counter: number): Uint8Array | undefined {
    const key = this.#keys.receive;
    if (phase === this.#phase) return key;
    return counter > this.window.highest ? ratchet(this.#keys.suite, key) : this.#old?.key;
  }
}
