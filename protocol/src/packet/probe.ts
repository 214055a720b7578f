import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { layoutFault, SHORT_MAC_BYTES, shortMac } from './clear.js';

/*
 * PROBE (SPEC §4.8): type 1, attempt 3, place 1, MAC 8. The place names one address that the sender tries;
 * its highest bit says that this is the answer to a probe of the receiver. Both ends have a key for what
 * they send, so a probe proves who sent it, and an answer that the probe arrived.
 */

const PROBE = 0x09;
export const ATTEMPT_BYTES = 3;
const CLEAR_BYTES = 1 + ATTEMPT_BYTES + 1;
export const PROBE_BYTES = CLEAR_BYTES + SHORT_MAC_BYTES;
const ANSWER = 0x80;
export const PLACE_COUNT = 0x80;

const CONTEXT = 'fogwisp probe';

/** Instead of all that behind the type: bytes that the receiver chose, from a stranger. */
export const COOKIE_BYTES = PROBE_BYTES - 1;

export interface Probe {
  readonly kind: 'probe';
  /** Names the attempt at both ends. */
  readonly attempt: Uint8Array;
  readonly place: number;
  readonly isAnswer: boolean;
}

export function encodeProbe(
  suite: CryptoSuite,
  key: Uint8Array,
  { attempt, place, isAnswer }: Omit<Probe, 'kind'>,
): Uint8Array {
  const clear = concatBytes(Uint8Array.of(PROBE), attempt, Uint8Array.of(place + (isAnswer ? ANSWER : 0)));
  return concatBytes(clear, macOf(suite, key, clear));
}

export function encodeCookieProbe(cookie: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(PROBE), cookie);
}

/** The MAC is for `isProbeAuthentic`, once the attempt says under which key. */
export function decodeProbe(bytes: Uint8Array): Probe | DropReason {
  const fault = layoutFault(bytes, PROBE, PROBE_BYTES);
  if (fault !== undefined) return fault;
  const place = bytes[CLEAR_BYTES - 1] as number;
  return {
    kind: 'probe',
    attempt: copyBytes(bytes.subarray(1, 1 + ATTEMPT_BYTES)),
    place: place & (ANSWER - 1),
    isAnswer: place >= ANSWER,
  };
}

export function isProbeAuthentic(suite: CryptoSuite, key: Uint8Array, bytes: Uint8Array): boolean {
  return equalBytes(macOf(suite, key, bytes.subarray(0, CLEAR_BYTES)), bytes.subarray(CLEAR_BYTES));
}

function macOf(suite: CryptoSuite, key: Uint8Array, clear: Uint8Array): Uint8Array {
  return shortMac(suite, key, encodeUtf8(CONTEXT), clear);
}
