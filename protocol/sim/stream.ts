import { FRAME_END } from '@fogwisp/protocol';
import type { Prng } from './prng.js';

/** What turns packets into bytes on a stream and back; the framer of the protocol has this shape. */
export interface Framing {
  encodeFrame(packet: Uint8Array): Uint8Array;
  push(bytes: Uint8Array): void;
  /** The next whole packet, undefined when none is complete. */
  shift(): Uint8Array | undefined;
}

export interface StreamOptions {
  /** One for each end, because decoders have state; default the framer of the protocol. */
  readonly makeFraming?: () => Framing;
  /** Probabilities per byte: a flipped bit, a byte that vanishes, a byte from nowhere. */
  readonly flip?: number;
  readonly vanish?: number;
  readonly appear?: number;
  /** Reads give 1 ... so many bytes at a time (default 64). */
  readonly chunkBytesMax?: number;
}

export const CHUNK_BYTES_MAX = 64;

/** What goes on the line: on an idle one a separator first, so that noise before it spoils no frame. */
export function lineBytes(frame: Uint8Array, isIdle: boolean): Uint8Array {
  if (!isIdle) return frame;
  const bytes = new Uint8Array(frame.length + 1);
  bytes[0] = FRAME_END;
  bytes.set(frame, 1);
  return bytes;
}

/** The bytes as a noisy line gives them: some flipped, some lost, some invented. */
export function addNoise(bytes: Uint8Array, options: StreamOptions, random: Prng): Uint8Array {
  const { flip = 0, vanish = 0, appear = 0 } = options;
  if (flip === 0 && vanish === 0 && appear === 0) return bytes;
  const heard: number[] = [];
  for (const byte of bytes) {
    if (random.chance(appear)) heard.push(random.below(256));
    if (random.chance(vanish)) continue;
    heard.push(random.chance(flip) ? byte ^ (1 << random.below(8)) : byte);
  }
  return new Uint8Array(heard);
}

/** A copy with one to three flipped bits or, one time in four, with its end cut off. */
export function damage(bytes: Uint8Array, random: Prng): Uint8Array {
  if (bytes.length > 1 && random.chance(0.25)) {
    return new Uint8Array(bytes.subarray(0, random.between(1, bytes.length - 1)));
  }
  const damaged = new Uint8Array(bytes);
  for (let flips = random.between(1, 3); flips > 0; flips--) {
    const at = random.below(damaged.length);
    damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
  }
  return damaged;
}
