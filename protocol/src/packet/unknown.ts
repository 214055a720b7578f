import { readU16, writeU16 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { layoutFault } from './clear.js';
import type { ConnectionId } from './connection-id.js';

/*
 * UNKNOWN (SPEC §4.4): type 1, connection id 2. "A session packet under this id came, and I have no such
 * session." Nothing protects it: it only makes the receiver doubt its path, and it is far smaller than what
 * it answers.
 */

const UNKNOWN = 0x0d;
export const UNKNOWN_BYTES = 3;

export interface UnknownPacket {
  readonly kind: 'unknown';
  /** As it stood in the packet: what the receiver of UNKNOWN writes to its peer. */
  readonly connection: ConnectionId;
}

export function encodeUnknown(connection: ConnectionId): Uint8Array {
  const packet = new Uint8Array(UNKNOWN_BYTES);
  packet[0] = UNKNOWN;
  writeU16(packet, 1, connection);
  return packet;
}

export function decodeUnknown(bytes: Uint8Array): UnknownPacket | DropReason {
  return layoutFault(bytes, UNKNOWN, UNKNOWN_BYTES) ?? { kind: 'unknown', connection: readU16(bytes, 1) };
}
