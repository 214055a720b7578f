import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, copyBytes, equalBytes } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { encodeUtf8 } from '../kernel/utf8.js';

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
/** Crockford's: case does not matter, and o, i and l are read as the digits they look like. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const DIGIT_COUNT = 56;

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
  let text = PREFIX;
  let bits = 0;
  let bitCount = 0;
  for (const byte of concatBytes(network.key, network.id.subarray(0, CHECK_BYTES))) {
    bits = (bits << 8) | byte;
    for (bitCount += 8; bitCount >= 5; bitCount -= 5) text += DIGITS.charAt((bits >> (bitCount - 5)) & 31);
    bits &= (1 << bitCount) - 1;
  }
  return text;
}

/** Undefined for anything mistyped. Case, blanks and further dashes do not matter. */
export function parseNetworkKey(suite: CryptoSuite, text: string): NetworkKey | undefined {
  const typed = text.trim().toLowerCase();
  if (!typed.startsWith(PREFIX)) return undefined;
  const bytes = fromDigits(typed.substring(PREFIX.length));
  if (bytes === undefined) return undefined;
  const network = networkFromKey(suite, bytes.subarray(0, KEY_BYTES));
  return equalBytes(bytes.subarray(KEY_BYTES), network.id.subarray(0, CHECK_BYTES)) ? network : undefined;
}

function fromDigits(text: string): Uint8Array | undefined {
  const digits = text.replace(/[-\s]/g, '').replace(/o/g, '0').replace(/[il]/g, '1');
  if (digits.length !== DIGIT_COUNT) return undefined;
  const bytes = new Uint8Array(KEY_BYTES + CHECK_BYTES);
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    bitCount += 5;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[at++] = bits >> bitCount;
  }
  return bytes;
}
