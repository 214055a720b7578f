import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, copyBytes, equalBytes } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { fromDigits, toDigits } from './digits.js';

/** The secret that makes a network: who has it may take part (SPEC §5.6). */
export interface NetworkKey {
  /** 32 bytes, the secret. */
  readonly key: Uint8Array;
  /** 8 bytes that name the network without giving the key away. */
  readonly id: Uint8Array;
}

const KEY_BYTES = 32;
export const NETWORK_ID_BYTES = 8;

/** The start of the id. 32 + 3 bytes are 56 digits of 5 bits, and one typing error in 2^24 slips through. */
const CHECK_BYTES = 3;
const PREFIX = 'fog1-';

/** A new network. */
export function createNetworkKey(suite: CryptoSuite, random: Random): NetworkKey {
  return networkFromKey(suite, randomBytes(random, KEY_BYTES));
}

/** Throws UsageError `badNetworkKey` unless there are 32 bytes. */
export function networkFromKey(suite: CryptoSuite, key: Uint8Array): NetworkKey {
  if (key.length !== KEY_BYTES) throw new UsageError('badNetworkKey', 'a network key has 32 bytes');
  const mac = suite.hmac(key, encodeUtf8('fogwisp network id'));
  return { key: copyBytes(key), id: copyBytes(mac.subarray(0, NETWORK_ID_BYTES)) };
}

/** `fog1-` and 56 characters. */
export function formatNetworkKey(network: NetworkKey): string {
  return PREFIX + toDigits(concatBytes(network.key, network.id.subarray(0, CHECK_BYTES)));
}

/** Undefined for anything mistyped. Case, blanks and further dashes do not matter. */
export function parseNetworkKey(suite: CryptoSuite, text: string): NetworkKey | undefined {
  const typed = text.trim().toLowerCase();
  if (!typed.startsWith(PREFIX)) return undefined;
  const bytes = fromDigits(typed.substring(PREFIX.length));
  if (bytes?.length !== KEY_BYTES + CHECK_BYTES) return undefined;
  const network = networkFromKey(suite, bytes.subarray(0, KEY_BYTES));
  return equalBytes(bytes.subarray(KEY_BYTES), network.id.subarray(0, CHECK_BYTES)) ? network : undefined;
}
