import type { Random } from '@fogwisp/protocol';

/** Where firmware draws from its hardware. */
export interface NativeRandom {
  /** At most 256 bytes at once. */
  random(length: number): ArrayBuffer;
}

const BYTES_MAX = 256;

export function nativeRandom(native: NativeRandom): Random {
  return {
    fill(bytes) {
      for (let at = 0; at < bytes.length; at += BYTES_MAX) {
        const length = Math.min(BYTES_MAX, bytes.length - at);
        bytes.set(new Uint8Array(native.random(length)), at);
      }
    },
  };
}
