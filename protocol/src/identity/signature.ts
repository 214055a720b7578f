import { CborWriter } from '../cbor/writer.js';
import type { CryptoSuite } from '../crypto/suite.js';

/** What signatures are for (SPEC §5.3). None can be taken for one of another kind. */
export type SignedKind = 'fogwisp record' | 'fogwisp certificate' | 'fogwisp invitation' | 'fogwisp entry';

export const SIGNATURE_BYTES = 64;

/** The bytes under a signature: the kind as a CBOR text, then the body as it travels. */
export function signedBytes(kind: SignedKind, body: Uint8Array): Uint8Array {
  return new CborWriter(kind.length + 1 + body.length).text(kind).raw(body).finish();
}

export function signAs(suite: CryptoSuite, kind: SignedKind, seed: Uint8Array, body: Uint8Array): Uint8Array {
  return suite.sign(seed, signedBytes(kind, body));
}
