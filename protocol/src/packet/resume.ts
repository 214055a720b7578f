import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, equalBytes, readU16, readU32, writeU16, writeU32 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { layoutFault, SHORT_MAC_BYTES, shortMac, TAG_BYTES } from './clear.js';
import { type ConnectionId, LONG_CONNECTION_ID_MIN } from './connection-id.js';

/*
 * RESUME, RESUME-ACK and RESUME-FLOOR (SPEC §4.4). Connection ids have two bytes and no length here, so a
 * resumer chooses one of 256 or more. `clear` is the associated data of what is sealed.
 */

const RESUME = 0x0a;
const RESUME_ACK = 0x0b;
const RESUME_FLOOR = 0x0c;

const NONCE_BYTES = 8;
/** One packet of 1,200 B with its clear part. */
const RESUME_PAYLOAD_BYTES_MAX = 1173;

const RESUME_CLEAR_BYTES = 1 + 2 + 4 + 4;
const RESUME_BYTES_MIN = RESUME_CLEAR_BYTES + TAG_BYTES;
const ACK_CLEAR_BYTES = 1 + 2 + 2 + NONCE_BYTES;
export const RESUME_ACK_BYTES = ACK_CLEAR_BYTES + TAG_BYTES;
const FLOOR_BODY_BYTES = 1 + 4 + 4;
export const RESUME_FLOOR_BYTES = FLOOR_BODY_BYTES + SHORT_MAC_BYTES;

const FLOOR_CONTEXT = 'fogwisp floor';

export interface ResumePacket {
  readonly kind: 'resume';
  /** Of the resumer. */
  readonly connection: ConnectionId;
  readonly ticket: number;
  readonly counter: number;
  readonly sealed: Uint8Array;
  readonly clear: Uint8Array;
}

export interface ResumeAckPacket {
  readonly kind: 'resumeAck';
  readonly resumer: ConnectionId;
  readonly answerer: ConnectionId;
  readonly nonce: Uint8Array;
  readonly tag: Uint8Array;
  readonly clear: Uint8Array;
}

export interface ResumeFloorPacket {
  readonly kind: 'resumeFloor';
  readonly ticket: number;
  /** The least counter that would be accepted now. */
  readonly counterFloor: number;
  readonly body: Uint8Array;
  readonly mac: Uint8Array;
}

export function resumeClear(connection: ConnectionId, ticket: number, counter: number): Uint8Array {
  const clear = new Uint8Array(RESUME_CLEAR_BYTES);
  clear[0] = RESUME;
  writeLongConnection(clear, 1, connection);
  writeU32(clear, 3, ticket);
  writeU32(clear, 7, counter);
  return clear;
}

export function encodeResume(clear: Uint8Array, sealed: Uint8Array): Uint8Array {
  assert(sealed.length >= TAG_BYTES, 'a resumption is sealed');
  return concatBytes(clear, sealed);
}

export function decodeResume(bytes: Uint8Array): ResumePacket | DropReason {
  const fault = layoutFault(bytes, RESUME, RESUME_BYTES_MIN, RESUME_BYTES_MIN + RESUME_PAYLOAD_BYTES_MAX);
  if (fault !== undefined) return fault;
  const connection = readU16(bytes, 1);
  if (connection < LONG_CONNECTION_ID_MIN) return 'malformed';
  return {
    kind: 'resume',
    connection,
    ticket: readU32(bytes, 3),
    counter: readU32(bytes, 7),
    sealed: bytes.subarray(RESUME_CLEAR_BYTES),
    clear: bytes.subarray(0, RESUME_CLEAR_BYTES),
  };
}

export function resumeAckClear(resumer: ConnectionId, answerer: ConnectionId, nonce: Uint8Array): Uint8Array {
  assert(nonce.length === NONCE_BYTES, 'the nonce of an answer has 8 bytes');
  const clear = new Uint8Array(ACK_CLEAR_BYTES);
  clear[0] = RESUME_ACK;
  writeLongConnection(clear, 1, resumer);
  writeLongConnection(clear, 3, answerer);
  clear.set(nonce, 5);
  return clear;
}

export function encodeResumeAck(clear: Uint8Array, tag: Uint8Array): Uint8Array {
  assert(tag.length === TAG_BYTES, 'the answer to a resumption carries nothing but its tag');
  return concatBytes(clear, tag);
}

export function decodeResumeAck(bytes: Uint8Array): ResumeAckPacket | DropReason {
  const fault = layoutFault(bytes, RESUME_ACK, RESUME_ACK_BYTES);
  if (fault !== undefined) return fault;
  const resumer = readU16(bytes, 1);
  const answerer = readU16(bytes, 3);
  if (resumer < LONG_CONNECTION_ID_MIN || answerer < LONG_CONNECTION_ID_MIN) return 'malformed';
  const nonce = bytes.subarray(5, ACK_CLEAR_BYTES);
  const clear = bytes.subarray(0, ACK_CLEAR_BYTES);
  return { kind: 'resumeAck', resumer, answerer, nonce, tag: bytes.subarray(ACK_CLEAR_BYTES), clear };
}

export function encodeResumeFloor(
  suite: CryptoSuite,
  key: Uint8Array,
  ticket: number,
  counterFloor: number,
): Uint8Array {
  const body = new Uint8Array(FLOOR_BODY_BYTES);
  body[0] = RESUME_FLOOR;
  writeU32(body, 1, ticket);
  writeU32(body, 5, counterFloor);
  return concatBytes(body, floorMac(suite, key, body));
}

/** The MAC is checked apart, by `isFloorAuthentic`, as its key is found by the ticket. */
export function decodeResumeFloor(bytes: Uint8Array): ResumeFloorPacket | DropReason {
  const fault = layoutFault(bytes, RESUME_FLOOR, RESUME_FLOOR_BYTES);
  if (fault !== undefined) return fault;
  return {
    kind: 'resumeFloor',
    ticket: readU32(bytes, 1),
    counterFloor: readU32(bytes, 5),
    body: bytes.subarray(0, FLOOR_BODY_BYTES),
    mac: bytes.subarray(FLOOR_BODY_BYTES),
  };
}

export function isFloorAuthentic(suite: CryptoSuite, key: Uint8Array, floor: ResumeFloorPacket): boolean {
  return equalBytes(floorMac(suite, key, floor.body), floor.mac);
}

function floorMac(suite: CryptoSuite, key: Uint8Array, body: Uint8Array): Uint8Array {
  return shortMac(suite, key, encodeUtf8(FLOOR_CONTEXT), body);
}

function writeLongConnection(bytes: Uint8Array, at: number, connection: ConnectionId): void {
  assert(connection >= LONG_CONNECTION_ID_MIN, 'a resumed session has connection ids of two bytes');
  writeU16(bytes, at, connection);
}
