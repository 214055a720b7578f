import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, copyBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';

/*
 * What the clear packets share (SPEC §4.2 to §4.4, §4.8): fixed packed layouts behind 0x04 to 0x0d.
 * Decoders return views into the packet, or the reason to drop it. The `clear` part of a handshake packet is
 * what precedes its Noise message: both sides mix it into the handshake hash before the first token.
 */

export const PROTOCOL_VERSION = 1;

export const PUBLIC_KEY_BYTES = 32;
export const TAG_BYTES = 16;
/** MACs that only keep outsiders away; what they protect is authenticated again by a session. */
export const SHORT_MAC_BYTES = 8;

/** Why a packet cannot have the layout of `type` with `least` to `most` bytes, or undefined when it can. */
export function layoutFault(
  bytes: Uint8Array,
  type: number,
  least: number,
  most = least,
): DropReason | undefined {
  if (bytes.length === 0) return 'empty';
  if (bytes[0] !== type) return 'unknownType';
  if (bytes.length < least) return 'truncated';
  return bytes.length > most ? 'oversize' : undefined;
}

/** HMAC-SHA-256 over the concatenation of `parts`, cut to 8 bytes. */
export function shortMac(suite: CryptoSuite, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return copyBytes(suite.hmac(key, concatBytes(...parts)).subarray(0, SHORT_MAC_BYTES));
}
