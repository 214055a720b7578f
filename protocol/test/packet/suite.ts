import { createCipheriv, createHmac } from 'node:crypto';
import type { CryptoSuite } from '../../src/crypto/suite.js';

/** Only what packets need, from node:crypto: independent of the suite that the protocol ships. */
export function packetSuite(): CryptoSuite {
  const absent = (): never => {
    throw new Error('packets do not need this primitive');
  };
  return {
    hash: absent,
    hmac: (key, message) => new Uint8Array(createHmac('sha256', key).update(message).digest()),
    dhKeyPair: absent,
    dh: absent,
    signKeyPair: absent,
    sign: absent,
    verify: absent,
    dhPublicFromSign: absent,
    dhSecretFromSign: absent,
    seal: (key, counter, ad, plain, tagLength) => {
      const nonce = Buffer.alloc(12);
      nonce.writeBigUInt64LE(BigInt(counter), 4);
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      cipher.setAAD(ad, { plaintextLength: plain.length });
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return new Uint8Array([...text, ...cipher.getAuthTag().subarray(0, tagLength)]);
    },
    open: absent,
  };
}
