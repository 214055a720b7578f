import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, copyBytes } from '../kernel/bytes.js';
import { encodeUtf8 } from '../kernel/utf8.js';

/** What a key of the index is made of, besides a node's id, which is one as it is (SPEC §9.6). */
export type KeyKind = 'name' | 'topic';

const KEY_BYTES = 8;

/** Without the network key nobody can tell what is looked for. */
export function keyOf(suite: CryptoSuite, networkKey: Uint8Array, kind: KeyKind, text: string): Uint8Array {
  const data = concatBytes(encodeUtf8(`fogwisp ${kind}`), new Uint8Array(1), encodeUtf8(text));
  return copyBytes(suite.hmac(networkKey, data).subarray(0, KEY_BYTES));
}
