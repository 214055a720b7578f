import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { copyBytes, fromHex, toHex } from '../kernel/bytes.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';

/** Names of a node (SPEC §5.2): 16 bytes of hash, or for forwarding their first 8. */
export const NODE_ID_BYTES = 16;
export const SHORT_ID_BYTES = 8;

/** The first 16 bytes of SHA-256 of the Ed25519 public key. */
export function nodeIdOf(suite: CryptoSuite, publicKey: Uint8Array): Uint8Array {
  return copyBytes(suite.hash(publicKey).subarray(0, NODE_ID_BYTES));
}

/** The id of 16 bytes as 32 lower-case hexadecimal digits. */
export function nodeKeyOf(id: Uint8Array): NodeKey {
  assert(id.length === NODE_ID_BYTES, 'a node id has 16 bytes');
  return toHex(id);
}

/** Of a whole id, or of one that is short already. */
export function shortKeyOf(id: Uint8Array | NodeKey): ShortKey {
  const short =
    typeof id === 'string' ? id.substring(0, 2 * SHORT_ID_BYTES) : toHex(id.subarray(0, SHORT_ID_BYTES));
  assert(short.length === 2 * SHORT_ID_BYTES, 'a short key has 16 digits');
  return short;
}

/** The 8 bytes of a short id. */
export function shortBytes(short: ShortKey): Uint8Array {
  const bytes = fromHex(short);
  assert(bytes?.length === SHORT_ID_BYTES, 'a short key has 16 hexadecimal digits');
  return bytes;
}
