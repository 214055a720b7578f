import type { Random } from '../../src/kernel/random.js';

/** A repeatable stream for tests (xorshift32). */
export function testRandom(seed: number): Random {
  let state = seed | 1;
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        bytes[i] = state >>> 8;
      }
    },
  };
}
