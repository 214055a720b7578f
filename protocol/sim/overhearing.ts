import type { CryptoSuite } from '@fogwisp/protocol';
import { tampering } from './tampering.js';

// Messages (SPEC §6.1)
const CONTROL = 22;
const ADVERT = 10;
const RELEASE = 14;

// CBOR major types and how long their heads are (RFC 8949 §3)
const MAJOR_SHIFT = 5;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const SHORT_MAX = 23;
const ONE_BYTE = 24;

/** Counts the messages of the election that members say, where they go into the sealed part. */
export class Overhearing {
  /** Of all members: adverts, and what is asked of supernodes and answered. */
  electionCount = 0;

  suite(suite: CryptoSuite): CryptoSuite {
    return tampering(suite, (plain) => {
      this.#listen(plain);
      return plain;
    });
  }

  /** A body is a sequence of items; types stand where no string or list is. */
  #listen(plain: Uint8Array): void {
    for (let at = 0; at < plain.length; at = behind(plain, at)) {
      const next = plain[at + 1] ?? 0;
      if (plain[at] === CONTROL && next >= ADVERT && next <= RELEASE) this.electionCount++;
    }
  }
}

/** Where the item that begins there ends. */
function behind(bytes: Uint8Array, at: number): number {
  const head = bytes[at] ?? 0;
  const major = head >> MAJOR_SHIFT;
  const short = head & 0x1f;
  const extra = short < ONE_BYTE ? 0 : 1 << (short - ONE_BYTE);
  let count = short;
  if (short > SHORT_MAX) {
    count = 0;
    for (let i = 1; i <= extra; i++) count = count * 256 + (bytes[at + i] ?? 0);
  }
  let end = at + 1 + extra;
  if (major === BYTES || major === TEXT) return end + count;
  if (major === ARRAY) for (let i = 0; i < count && end < bytes.length; i++) end = behind(bytes, end);
  return end;
}
