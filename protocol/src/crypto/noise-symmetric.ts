import { concatBytes, copyBytes, EMPTY } from '../kernel/bytes.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { hkdf } from './hkdf.js';
import type { CryptoSuite } from './suite.js';

/** The two lower objects of the Noise Protocol Framework (revision 34), with the specification's names. */

const TAG_BYTES = 16;
const HASH_BYTES = 32;

/** Noise §5.1 */
export class CipherState {
  readonly #suite: CryptoSuite;
  #k: Uint8Array | undefined;
  #n = 0;

  constructor(suite: CryptoSuite, key?: Uint8Array) {
    this.#suite = suite;
    this.#k = key;
  }

  get hasKey(): boolean {
    return this.#k !== undefined;
  }

  encryptWithAd(ad: Uint8Array, plain: Uint8Array): Uint8Array {
    if (this.#k === undefined) return copyBytes(plain);
    return this.#suite.seal(this.#k, this.#n++, ad, plain, TAG_BYTES);
  }

  /** Undefined when the tag does not verify; the nonce then stays. */
  decryptWithAd(ad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (this.#k === undefined) return copyBytes(sealed);
    const plain = this.#suite.open(this.#k, this.#n, ad, sealed, TAG_BYTES);
    if (plain !== undefined) this.#n++;
    return plain;
  }

  get nonce(): number {
    return this.#n;
  }

  setNonce(n: number): void {
    this.#n = n;
  }
}

/** All that a SymmetricState consists of. */
export interface SymmetricSnapshot {
  readonly ck: Uint8Array;
  readonly h: Uint8Array;
  readonly cipher: CipherState;
  readonly n: number;
}

/** Noise §5.2. Key and hash arrays are replaced, never written to, so that a snapshot is four references. */
export class SymmetricState {
  readonly #suite: CryptoSuite;
  #ck: Uint8Array;
  #h: Uint8Array;
  #cipher: CipherState;

  constructor(suite: CryptoSuite, protocolName: string) {
    this.#suite = suite;
    const name = encodeUtf8(protocolName);
    this.#h = new Uint8Array(HASH_BYTES);
    if (name.length <= HASH_BYTES) this.#h.set(name);
    else this.#h = suite.hash(name);
    this.#ck = this.#h;
    this.#cipher = new CipherState(suite);
  }

  get h(): Uint8Array {
    return this.#h;
  }

  get ck(): Uint8Array {
    return this.#ck;
  }

  /** Bytes that encryptAndHash adds. */
  get overhead(): number {
    return this.#cipher.hasKey ? TAG_BYTES : 0;
  }

  mixHash(bytes: Uint8Array): void {
    this.#h = this.#suite.hash(concatBytes(this.#h, bytes));
  }

  mixKey(input: Uint8Array): void {
    const [ck, key] = hkdf(this.#suite, this.#ck, input, 2);
    this.#ck = ck;
    this.#cipher = new CipherState(this.#suite, key);
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [ck, hash, key] = hkdf(this.#suite, this.#ck, input, 3);
    this.#ck = ck;
    this.mixHash(hash);
    this.#cipher = new CipherState(this.#suite, key);
  }

  encryptAndHash(plain: Uint8Array): Uint8Array {
    const sealed = this.#cipher.encryptWithAd(this.#h, plain);
    this.mixHash(sealed);
    return sealed;
  }

  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plain = this.#cipher.decryptWithAd(this.#h, sealed);
    if (plain !== undefined) this.mixHash(sealed);
    return plain;
  }

  /** The initiator's sending key, then the responder's. */
  split(): readonly [Uint8Array, Uint8Array] {
    return hkdf(this.#suite, this.#ck, EMPTY, 2);
  }

  save(): SymmetricSnapshot {
    return { ck: this.#ck, h: this.#h, cipher: this.#cipher, n: this.#cipher.nonce };
  }

  restore(snapshot: SymmetricSnapshot): void {
    this.#ck = snapshot.ck;
    this.#h = snapshot.h;
    this.#cipher = snapshot.cipher;
    this.#cipher.setNonce(snapshot.n);
  }
}
