import { readU32, writeU32 } from '../kernel/bytes.js';
import { decodeUtf8, encodeUtf8 } from '../kernel/utf8.js';

/** Where the store keeps it. */
export const CLAIM_KEY = 'claim';

/** When this node first took its name (SPEC §9.3), as stored: 4 bytes of Unix seconds, then the name. */
export function encodeClaim(name: string, claimedAt: number): Uint8Array {
  const text = encodeUtf8(name);
  const value = new Uint8Array(4 + text.length);
  writeU32(value, 0, claimedAt);
  value.set(text, 4);
  return value;
}

/** Unix seconds; 0 when nothing is stored, or for another name. */
export function claimOf(stored: Uint8Array | undefined, name: string): number {
  if (stored === undefined || stored.length < 4 || decodeUtf8(stored.subarray(4)) !== name) return 0;
  return readU32(stored, 0);
}
