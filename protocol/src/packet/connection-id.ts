import { assert } from '../kernel/assert.js';
import { readU16, writeU16 } from '../kernel/bytes.js';

/**
 * The name that the receiver of a session's packets chose for that session: 0 ... 255 takes one byte on the
 * wire, 256 ... 65535 two. The number implies the length, so each id has exactly one spelling.
 */
export type ConnectionId = number;

export const CONNECTION_ID_MAX = 0xffff;
/** The least id that RESUME and RESUME-ACK, which have no length byte, can carry. */
export const LONG_CONNECTION_ID_MIN = 0x100;
/** In a handshake packet: a length byte, then two bytes. */
export const CONNECTION_FIELD_BYTES = 3;

export function connectionIdLength(connection: ConnectionId): 1 | 2 {
  assert(connection >= 0 && connection <= CONNECTION_ID_MAX, 'a connection id has 16 bits');
  return connection < LONG_CONNECTION_ID_MIN ? 1 : 2;
}

export function writeConnectionField(bytes: Uint8Array, at: number, connection: ConnectionId): void {
  bytes[at] = connectionIdLength(connection);
  writeU16(bytes, at + 1, connection);
}

/** The id in a handshake packet, or undefined when its length byte is not the one that the id implies. */
export function readConnectionField(bytes: Uint8Array, at: number): ConnectionId | undefined {
  const connection = readU16(bytes, at + 1);
  return bytes[at] === connectionIdLength(connection) ? connection : undefined;
}
