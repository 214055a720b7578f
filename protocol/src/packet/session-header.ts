import { assert } from '../kernel/assert.js';
import { readU16, writeU16 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { type ConnectionId, connectionIdLength } from './connection-id.js';

/*
 * The header of a session packet (SPEC §4.5): one byte of flags, the receiver's connection id, the low bytes
 * of the packet counter. It is the associated data of what follows.
 *
 *   1 phase cid-1 (2 bits) counter-1 (2 bits) short-tag extension
 */

const SESSION = 0x80;
const PHASE_SHIFT = 6;
const CONNECTION_SHIFT = 4;
const COUNTER_SHIFT = 2;
const SHORT_TAG = 0b10;
/** Reserved for later versions: a packet that has it is dropped. */
const EXTENSION = 0b01;

export type CounterLength = 1 | 2 | 3 | 4;

export interface SessionHeader {
  /** Which of the two keys of this direction. */
  readonly phase: 0 | 1;
  readonly connection: ConnectionId;
  /** When written: the whole counter. When read: its low bytes, see `expandCounter`. */
  readonly counter: number;
  readonly counterLength: CounterLength;
  readonly tagLength: 8 | 16;
}

export interface SessionPacket extends SessionHeader {
  readonly kind: 'session';
  /** The header's bytes, associated data of `sealed`. */
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
}

/** How many packets may be under way before a counter of that many bytes becomes ambiguous, times two. */
const COUNTER_RANGE = [0, 0x100, 0x1_0000, 0x100_0000, 0x1_0000_0000] as const;

export function encodeSessionHeader(header: SessionHeader): Uint8Array {
  const { phase, connection, counterLength, tagLength } = header;
  const connectionLength = connectionIdLength(connection);
  const bytes = new Uint8Array(1 + connectionLength + counterLength);
  const lengths = ((connectionLength - 1) << CONNECTION_SHIFT) | ((counterLength - 1) << COUNTER_SHIFT);
  bytes[0] = SESSION | (phase << PHASE_SHIFT) | lengths | (tagLength === 8 ? SHORT_TAG : 0);
  if (connectionLength === 1) bytes[1] = connection;
  else writeU16(bytes, 1, connection);
  let rest = header.counter;
  for (let at = bytes.length - 1; at > connectionLength; at--) {
    bytes[at] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
  return bytes;
}

export function decodeSessionHeader(bytes: Uint8Array): SessionPacket | DropReason {
  const flags = bytes[0];
  if (flags === undefined) return 'empty';
  if (flags < SESSION) return 'unknownType';
  const connectionLength = ((flags >> CONNECTION_SHIFT) & 3) + 1;
  const counterLength = (((flags >> COUNTER_SHIFT) & 3) + 1) as CounterLength; // 2 bits and 1
  const tagLength = (flags & SHORT_TAG) !== 0 ? 8 : 16;
  const length = 1 + connectionLength + counterLength;
  if ((flags & EXTENSION) !== 0 || connectionLength > 2) return 'malformed';
  if (bytes.length < length + tagLength) return 'truncated';

  const connection = connectionLength === 1 ? (bytes[1] as number) : readU16(bytes, 1);
  if (connectionIdLength(connection) !== connectionLength) return 'malformed';
  let counter = 0;
  for (let at = 1 + connectionLength; at < length; at++) counter = counter * 0x100 + (bytes[at] as number);
  return {
    kind: 'session',
    phase: (flags & (1 << PHASE_SHIFT)) === 0 ? 0 : 1,
    connection,
    counter,
    counterLength,
    tagLength,
    header: bytes.subarray(0, length),
    sealed: bytes.subarray(length),
  };
}

/** The whole counter with these low bytes that is closest to `expected`, as in RFC 9000 appendix A.3. */
export function expandCounter(truncated: number, counterLength: CounterLength, expected: number): number {
  const range = COUNTER_RANGE[counterLength];
  assert(truncated < range, 'a truncated counter fits its bytes');
  const candidate = expected - (expected % range) + truncated;
  if (candidate + range / 2 <= expected && candidate + range <= Number.MAX_SAFE_INTEGER)
    return candidate + range;
  if (candidate > expected + range / 2 && candidate >= range) return candidate - range;
  return candidate;
}
