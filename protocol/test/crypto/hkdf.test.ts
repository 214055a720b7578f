import { describe, expect, it } from 'vitest';
import { hkdf, hkdfExpand } from '../../src/crypto/hkdf.js';
import { nobleSuite } from '../../src/crypto/noble.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import { hkdfVectorTests } from './hkdf-vectors.js';

describe('HKDF (RFC 5869)', () => {
  const suite = nobleSuite();
  hkdfVectorTests(suite);

  it('of Noise is extract, then expand with empty info (Noise §4.3)', () => {
    const salt = suite.hash(EMPTY);
    const input = suite.hash(salt);
    const whole = hkdfExpand(suite, suite.hmac(salt, input), EMPTY, 96);
    const [first, second, third] = hkdf(suite, salt, input, 3);
    expect([...first, ...second, ...third]).toEqual([...whole]);
    expect(hkdf(suite, salt, input, 2)).toEqual([first, second]);
  });
});
