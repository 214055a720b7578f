import { assert } from '../kernel/assert.js';
import { readU32, writeU32 } from '../kernel/bytes.js';
import { Outbox } from '../kernel/machine.js';
import { cobsDecode, cobsEncode, cobsLengthMax } from './cobs.js';
import { Crc32 } from './crc32.js';

/**
 * Packets on a byte stream (SPEC §2.4): COBS(packet | CRC-32, big endian), then a zero. A zero stands nowhere
 * else, so after noise, or in the middle of a stream, the next zero is the end of a frame to drop and the
 * start of a good one. A sender whose line was idle puts a zero first: noise on the line then spoils no
 * frame.
 *
 * Bytes go in as they come, in pieces of at most 256 KiB; drain `shift` after each `push`. What is kept
 * between pushes is one unfinished frame of bounded length.
 */

/** Ends each frame, and stands nowhere in one. */
export const FRAME_END = 0;

/** Largest packet unless the link says otherwise; a stream that is cut off in it holds as much. */
export const FRAME_BYTES_MAX = 4096;

const CRC_BYTES = 4;
const CAPACITY = 256;
/** Who has room for such frames has 8 kB for a fast checksum. */
const FAST_FROM_BYTES = 4096;

/** CRC-32 by whatever the host has for it. */
export interface Checksum {
  of(bytes: Uint8Array): number;
}

/** One direction of a byte stream each way: packets to frames, and bytes as they come to packets. */
export class Framer {
  readonly #frameBytesMax: number;
  readonly #encodedBytesMax: number;
  readonly #crc: Checksum;
  readonly #packets = new Outbox<Uint8Array>();
  #body: Uint8Array | undefined;
  /** The frame that has begun. */
  #partial = new Uint8Array(CAPACITY);
  #partialLength = 0;
  #isOverlong = false;
  #dropped = 0;

  /** `frameBytesMax`: of the packet in a frame; longer ones are dropped. */
  constructor(frameBytesMax: number = FRAME_BYTES_MAX, checksum?: Checksum) {
    this.#frameBytesMax = frameBytesMax;
    this.#crc = checksum ?? new Crc32(frameBytesMax >= FAST_FROM_BYTES ? 'fast' : 'small');
    this.#encodedBytesMax = cobsLengthMax(frameBytesMax + CRC_BYTES);
  }

  /** Frames that were too long, or whose stuffing or checksum was wrong. */
  get dropped(): number {
    return this.#dropped;
  }

  /** With the zero at its end; the packet has 1 to `frameBytesMax` bytes. */
  encodeFrame(packet: Uint8Array): Uint8Array {
    assert(
      packet.length > 0 && packet.length <= this.#frameBytesMax,
      'a frame carries a packet it has room for',
    );
    const body = this.#bodyOf(packet.length + CRC_BYTES);
    body.set(packet, 0);
    writeU32(body, packet.length, this.#crc.of(packet));
    const frame = new Uint8Array(cobsLengthMax(body.length) + 1);
    const end = cobsEncode(body, frame, 0);
    return frame.subarray(0, end + 1); // the array was zero: so is the end of the frame
  }

  /** Bytes as they came, borrowed until return; drain `shift` then. */
  push(bytes: Uint8Array): void {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(FRAME_END, from);
      if (end < 0) break;
      this.#finish(bytes.subarray(from, end));
      from = end + 1;
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from));
  }

  /** The next packet, which the caller owns. */
  shift(): Uint8Array | undefined {
    return this.#packets.shift();
  }

  /** Who has room for large frames keeps the memory of one. */
  #bodyOf(length: number): Uint8Array {
    if (this.#frameBytesMax < FAST_FROM_BYTES) return new Uint8Array(length);
    this.#body ??= new Uint8Array(this.#frameBytesMax + CRC_BYTES);
    return this.#body.subarray(0, length);
  }

  #finish(tail: Uint8Array): void {
    if (this.#partialLength === 0 && !this.#isOverlong) {
      this.#decode(tail); // all of it came at once
      return;
    }
    this.#keep(tail);
    if (this.#isOverlong) this.#dropped++;
    else this.#decode(this.#partial.subarray(0, this.#partialLength));
    this.#partialLength = 0;
    this.#isOverlong = false;
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#partialLength + bytes.length;
    if (this.#isOverlong || length > this.#encodedBytesMax) {
      this.#isOverlong = true;
      return;
    }
    if (length > this.#partial.length) {
      const grown = new Uint8Array(
        Math.min(Math.max(length, 2 * this.#partial.length), this.#encodedBytesMax),
      );
      grown.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialLength);
    this.#partialLength = length;
  }

  #decode(encoded: Uint8Array): void {
    if (encoded.length === 0) return; // two zeros: the line was idle
    const packet = this.#packetOf(encoded);
    if (packet === undefined) this.#dropped++;
    else this.#packets.push(packet);
  }

  #packetOf(encoded: Uint8Array): Uint8Array | undefined {
    if (encoded.length > this.#encodedBytesMax) return undefined;
    const body = new Uint8Array(encoded.length);
    const length = (cobsDecode(encoded, body) ?? 0) - CRC_BYTES;
    if (length <= 0 || length > this.#frameBytesMax) return undefined;
    const packet = body.subarray(0, length);
    return this.#crc.of(packet) === readU32(body, length) ? packet : undefined;
  }
}
