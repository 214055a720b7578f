import { equalBytes, type TagLength } from '@fogwisp/protocol';
import { requireLength } from '../bytes.js';
import { Slab } from '../slab.js';
import { LAYOUT, loopsModule } from './loops.js';

/** Longer texts are left to OpenSSL, which is the faster one from about here on. */
const TEXT_BYTES_MAX = 4096;
/** Frames between neighbours are authenticated as associated data. */
const AD_BYTES_MAX = 4096;
const BLOCK_BYTES = 64;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const FULL_TAG_BYTES = 16;
/** The text lies behind the block that becomes the key of Poly1305. */
const SOURCE = LAYOUT.source + BLOCK_BYTES;
const TARGET = LAYOUT.target + BLOCK_BYTES;
/** Words of the state, and where key and nonce lie in it (RFC 8439 §2.3). */
const CONSTANTS = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574] as const;
const KEY_AT = LAYOUT.state + 16;
const NONCE_AT = LAYOUT.state + 52;

/** The part of the JavaScript interface of WebAssembly that is used here; Node's types leave it out. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
  validate(bytes: Uint8Array): boolean;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly cipher: (end: number) => void;
  readonly absorb: (at: number, end: number) => void;
  readonly finish: () => void;
}

/**
 * ChaCha20-Poly1305 (RFC 8439) for one packet at a time: sealing it here takes less time than OpenSSL takes
 * to make its objects. The memory keeps the last key and text, as the session that owns them does.
 */
export class PacketCipher {
  readonly #loops: Exports;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #slab = new Slab();

  /** Undefined where the engine has no vector instructions, or the order of bytes is the other one. */
  static make(): PacketCipher | undefined {
    const engine = (globalThis as { readonly WebAssembly?: Engine }).WebAssembly; // absent under --jitless
    const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
    if (engine === undefined || !isLittleEndian) return undefined;
    const module = loopsModule();
    return engine.validate(module) ? new PacketCipher(engine, module) : undefined;
  }

  private constructor(engine: Engine, module: Uint8Array) {
    const instance = new engine.Instance(new engine.Module(module));
    this.#loops = instance.exports as Exports; // loopsModule exports these
    this.#bytes = new Uint8Array(this.#loops.memory.buffer);
    this.#words = new Uint32Array(this.#loops.memory.buffer);
    this.#words.set(CONSTANTS, LAYOUT.state / 4);
  }

  takes(ad: Uint8Array, text: Uint8Array): boolean {
    return ad.length <= AD_BYTES_MAX && text.length <= TEXT_BYTES_MAX;
  }

  aeadSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    plain: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array {
    return new Uint8Array(this.#seal(key, nonce, ad, plain, tagLength));
  }

  aeadSealPacket(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    plain: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array {
    const sealed = this.#seal(key, nonce, ad, plain, tagLength);
    const packet = this.#slab.take(ad.length + sealed.length);
    packet.set(ad);
    packet.set(sealed, ad.length);
    return packet;
  }

  aeadOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    sealed: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array | undefined {
    const length = sealed.length - tagLength;
    if (length < 0) return undefined;
    this.#run(key, nonce, sealed);
    this.#authenticate(ad, SOURCE, length);
    const tag = this.#bytes.subarray(LAYOUT.tag, LAYOUT.tag + tagLength);
    if (!equalBytes(tag, sealed.subarray(length))) return undefined;
    return new Uint8Array(this.#bytes.subarray(TARGET, TARGET + length));
  }

  /** A view that the next call ends. */
  #seal(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    plain: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array {
    const { length } = plain;
    this.#run(key, nonce, plain);
    this.#authenticate(ad, TARGET, length);
    this.#bytes.copyWithin(TARGET + length, LAYOUT.tag, LAYOUT.tag + tagLength);
    return this.#bytes.subarray(TARGET, TARGET + length + tagLength);
  }

  /** Into the target: the key of Poly1305 (§2.6), then the text with the key stream on it. */
  #run(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): void {
    requireLength(key, KEY_BYTES, 'key');
    requireLength(nonce, NONCE_BYTES, 'nonce');
    this.#bytes.set(key, KEY_AT);
    this.#bytes.set(nonce, NONCE_AT);
    this.#bytes.set(text, SOURCE);
    this.#loops.cipher(BLOCK_BYTES + text.length);
  }

  /** §2.8: the tag over `ad` and the `length` bytes of ciphertext at `at`; overwrites what is behind them. */
  #authenticate(ad: Uint8Array, at: number, length: number): void {
    this.#bytes.fill(0, LAYOUT.accumulator, LAYOUT.accumulatorEnd);
    if (ad.length > 0) {
      this.#bytes.set(ad, LAYOUT.ad);
      this.#loops.absorb(LAYOUT.ad, this.#pad(LAYOUT.ad + ad.length));
    }
    const end = this.#pad(at + length);
    this.#words[end / 4] = ad.length;
    this.#words[end / 4 + 1] = 0;
    this.#words[end / 4 + 2] = length;
    this.#words[end / 4 + 3] = 0;
    this.#loops.absorb(at, end + FULL_TAG_BYTES);
    this.#loops.finish();
  }

  /** Writes zeros up to a multiple of 16. */
  #pad(end: number): number {
    let at = end;
    while (at % FULL_TAG_BYTES !== 0) this.#bytes[at++] = 0;
    return at;
  }
}
