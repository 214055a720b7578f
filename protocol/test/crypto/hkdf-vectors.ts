import { expect, it } from 'vitest';
import { hkdfExpand } from '../../src/crypto/hkdf.js';
import type { CryptoSuite } from '../../src/crypto/suite.js';
import { toHex } from '../../src/kernel/bytes.js';
import { hex, readVectors } from '../support/vectors.js';

interface HkdfVector {
  readonly id: number;
  readonly input: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly output: string;
  readonly valid: boolean;
}

export function hkdfVectorTests(suite: CryptoSuite): void {
  it('agrees with the HKDF vectors, and gives no more than 255 blocks', () => {
    for (const vector of readVectors<HkdfVector>('wycheproof-hkdf-sha256.json')) {
      const key = suite.hmac(hex(vector.salt), hex(vector.input));
      const expand = () => toHex(hkdfExpand(suite, key, hex(vector.info), vector.size));
      if (vector.valid) expect(expand(), `vector ${vector.id}`).toBe(vector.output);
      else expect(expand, `vector ${vector.id}`).toThrow();
    }
  });
}
