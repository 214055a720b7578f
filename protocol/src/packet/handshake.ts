import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, copyBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import {
  layoutFault,
  PROTOCOL_VERSION,
  PUBLIC_KEY_BYTES,
  SHORT_MAC_BYTES,
  shortMac,
  TAG_BYTES,
} from './clear.js';
import {
  CONNECTION_FIELD_BYTES,
  type ConnectionId,
  readConnectionField,
  writeConnectionField,
} from './connection-id.js';

/*
 * H1, H2, H3 and RETRY (SPEC §4.3). The sender writes the clear part first, mixes it into the handshake hash,
 * lets Noise write its message and joins the two. A proof may be added to a finished H1, so `clear` never
 * shows it.
 */

const H1 = 0x05;
const H2 = 0x06;
const H3 = 0x07;
const RETRY = 0x08;

/** Room inside a Noise message for three certificates of 82 B. */
export const HANDSHAKE_PAYLOAD_BYTES_MAX = 256;
/** Whose H1 a KK packet is: the first bytes of the sender's node id under a mask. */
export const MASKED_KEY_BYTES = 5;

const SEALED_KEY_BYTES = PUBLIC_KEY_BYTES + TAG_BYTES;
const PROOF_BYTES = 1 + SHORT_MAC_BYTES;
const H1_CONNECTION_AT = 2;
const H1_KEY_AT = H1_CONNECTION_AT + CONNECTION_FIELD_BYTES;
const H2_CLEAR_BYTES = 1 + 2 * CONNECTION_FIELD_BYTES;
const H3_CLEAR_BYTES = 1 + CONNECTION_FIELD_BYTES;
const RETRY_EPOCH_AT = 1 + CONNECTION_FIELD_BYTES;
export const RETRY_BYTES = RETRY_EPOCH_AT + 1 + SHORT_MAC_BYTES;

const SHAPE_PATTERN = 0b0000_0011;
const SHAPE_PROOF = 0b0000_0100;
const SHAPE_RESERVED = 0b0000_1000;

/** In the order of their numbers in the shape byte. */
const PATTERNS = ['KK', 'IK', 'XX'] as const;
export type HandshakePattern = (typeof PATTERNS)[number];

/** With an empty payload. H2 of XX has the sealed static key as well, which only the initiator can tell. */
const H1_NOISE_BYTES = {
  KK: PUBLIC_KEY_BYTES + TAG_BYTES,
  IK: PUBLIC_KEY_BYTES + SEALED_KEY_BYTES + TAG_BYTES,
  XX: PUBLIC_KEY_BYTES + TAG_BYTES,
} as const satisfies Record<HandshakePattern, number>;
const H2_NOISE_BYTES = PUBLIC_KEY_BYTES + TAG_BYTES;
const H3_NOISE_BYTES = SEALED_KEY_BYTES + TAG_BYTES;
const H1_BYTES_MIN = H1_KEY_AT + H1_NOISE_BYTES.XX;
const H1_BYTES_MAX = H1_KEY_AT + H1_NOISE_BYTES.IK + HANDSHAKE_PAYLOAD_BYTES_MAX + PROOF_BYTES;

/** Shows that the sender of an H1 receives at its source address (SPEC §7.3). */
export interface Proof {
  /** Which of the responder's cookie secrets, echoed from RETRY. */
  readonly secretEpoch: number;
  readonly mac: Uint8Array;
}

export interface H1Packet {
  readonly kind: 'h1';
  readonly pattern: HandshakePattern;
  /** Chosen by the initiator: what the responder is to write on packets for it. */
  readonly connection: ConnectionId;
  /** KK only. */
  readonly maskedKey: Uint8Array | undefined;
  readonly noise: Uint8Array;
  readonly proof: Proof | undefined;
  /** With the proof bit 0. */
  readonly clear: Uint8Array;
}

export interface H2Packet {
  readonly kind: 'h2';
  readonly initiator: ConnectionId;
  readonly responder: ConnectionId;
  readonly noise: Uint8Array;
  readonly clear: Uint8Array;
}

export interface H3Packet {
  readonly kind: 'h3';
  readonly responder: ConnectionId;
  readonly noise: Uint8Array;
  readonly clear: Uint8Array;
}

export interface RetryPacket {
  readonly kind: 'retry';
  readonly initiator: ConnectionId;
  readonly secretEpoch: number;
  readonly cookie: Uint8Array;
}

/** KK and only KK has a masked key id. */
export function h1Clear(
  pattern: HandshakePattern,
  connection: ConnectionId,
  maskedKey: Uint8Array | undefined,
): Uint8Array {
  assert((pattern === 'KK') === (maskedKey !== undefined), 'KK and only KK names its key');
  const clear = new Uint8Array(h1ClearLength(pattern));
  clear[0] = H1;
  clear[1] = (PROTOCOL_VERSION << 4) | PATTERNS.indexOf(pattern);
  writeConnectionField(clear, H1_CONNECTION_AT, connection);
  if (maskedKey === undefined) return clear;
  assert(maskedKey.length === MASKED_KEY_BYTES, 'a masked key id has 5 bytes');
  clear.set(maskedKey, H1_KEY_AT);
  return clear;
}

export function encodeH1(clear: Uint8Array, noise: Uint8Array, proof?: Proof): Uint8Array {
  if (proof === undefined) return concatBytes(clear, noise);
  assert(proof.mac.length === SHORT_MAC_BYTES, 'a proof has 8 bytes of MAC');
  const packet = concatBytes(clear, noise, new Uint8Array([proof.secretEpoch]), proof.mac);
  packet[1] = (packet[1] as number) | SHAPE_PROOF;
  return packet;
}

export function decodeH1(bytes: Uint8Array): H1Packet | DropReason {
  const fault = layoutFault(bytes, H1, H1_BYTES_MIN, H1_BYTES_MAX);
  if (fault !== undefined) return fault;
  const shape = bytes[1] as number;
  const pattern = PATTERNS[shape & SHAPE_PATTERN];
  const isReserved = (shape & SHAPE_RESERVED) !== 0 || shape >> 4 !== PROTOCOL_VERSION;
  if (pattern === undefined || isReserved) return 'malformed';

  const hasProof = (shape & SHAPE_PROOF) !== 0;
  const clearLength = h1ClearLength(pattern);
  const end = hasProof ? bytes.length - PROOF_BYTES : bytes.length;
  const least = clearLength + H1_NOISE_BYTES[pattern];
  if (end < least) return 'truncated';
  if (end > least + HANDSHAKE_PAYLOAD_BYTES_MAX) return 'oversize';
  const connection = readConnectionField(bytes, H1_CONNECTION_AT);
  if (connection === undefined) return 'malformed';

  const clear = copyBytes(bytes.subarray(0, clearLength)); // without the proof bit, so not a view
  clear[1] = shape & ~SHAPE_PROOF;
  return {
    kind: 'h1',
    pattern,
    connection,
    maskedKey: pattern === 'KK' ? clear.subarray(H1_KEY_AT) : undefined,
    noise: bytes.subarray(clearLength, end),
    proof: hasProof ? { secretEpoch: bytes[end] as number, mac: bytes.subarray(end + 1) } : undefined,
    clear,
  };
}

/** Puts the mask on a key id and takes it off again: XOR with HMAC(network key, e). */
export function maskKey(
  suite: CryptoSuite,
  networkKey: Uint8Array,
  ephemeral: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  assert(key.length === MASKED_KEY_BYTES, 'a key id has 5 bytes');
  const mask = suite.hmac(networkKey, ephemeral);
  return key.map((byte, i) => byte ^ (mask[i] as number));
}

/** Only who holds the network key and received the cookie can make it; covers the H1 without its proof. */
export function proofMac(
  suite: CryptoSuite,
  networkKey: Uint8Array,
  cookie: Uint8Array,
  h1: { readonly clear: Uint8Array; readonly noise: Uint8Array },
): Uint8Array {
  return shortMac(suite, networkKey, cookie, h1.clear, h1.noise);
}

export function h2Clear(initiator: ConnectionId, responder: ConnectionId): Uint8Array {
  const clear = new Uint8Array(H2_CLEAR_BYTES);
  clear[0] = H2;
  writeConnectionField(clear, 1, initiator);
  writeConnectionField(clear, 1 + CONNECTION_FIELD_BYTES, responder);
  return clear;
}

export function encodeH2(clear: Uint8Array, noise: Uint8Array): Uint8Array {
  return concatBytes(clear, noise);
}

export function decodeH2(bytes: Uint8Array): H2Packet | DropReason {
  const least = H2_CLEAR_BYTES + H2_NOISE_BYTES;
  const fault = layoutFault(bytes, H2, least, least + SEALED_KEY_BYTES + HANDSHAKE_PAYLOAD_BYTES_MAX);
  if (fault !== undefined) return fault;
  const initiator = readConnectionField(bytes, 1);
  const responder = readConnectionField(bytes, 1 + CONNECTION_FIELD_BYTES);
  if (initiator === undefined || responder === undefined) return 'malformed';
  const clear = bytes.subarray(0, H2_CLEAR_BYTES);
  return { kind: 'h2', initiator, responder, noise: bytes.subarray(H2_CLEAR_BYTES), clear };
}

export function h3Clear(responder: ConnectionId): Uint8Array {
  const clear = new Uint8Array(H3_CLEAR_BYTES);
  clear[0] = H3;
  writeConnectionField(clear, 1, responder);
  return clear;
}

export function encodeH3(clear: Uint8Array, noise: Uint8Array): Uint8Array {
  return concatBytes(clear, noise);
}

export function decodeH3(bytes: Uint8Array): H3Packet | DropReason {
  const least = H3_CLEAR_BYTES + H3_NOISE_BYTES;
  const fault = layoutFault(bytes, H3, least, least + HANDSHAKE_PAYLOAD_BYTES_MAX);
  if (fault !== undefined) return fault;
  const responder = readConnectionField(bytes, 1);
  if (responder === undefined) return 'malformed';
  const clear = bytes.subarray(0, H3_CLEAR_BYTES);
  return { kind: 'h3', responder, noise: bytes.subarray(H3_CLEAR_BYTES), clear };
}

export function encodeRetry(retry: Omit<RetryPacket, 'kind'>): Uint8Array {
  assert(retry.cookie.length === SHORT_MAC_BYTES, 'a cookie has 8 bytes');
  const packet = new Uint8Array(RETRY_BYTES);
  packet[0] = RETRY;
  writeConnectionField(packet, 1, retry.initiator);
  packet[RETRY_EPOCH_AT] = retry.secretEpoch;
  packet.set(retry.cookie, RETRY_EPOCH_AT + 1);
  return packet;
}

export function decodeRetry(bytes: Uint8Array): RetryPacket | DropReason {
  const fault = layoutFault(bytes, RETRY, RETRY_BYTES);
  if (fault !== undefined) return fault;
  const initiator = readConnectionField(bytes, 1);
  if (initiator === undefined) return 'malformed';
  const secretEpoch = bytes[RETRY_EPOCH_AT] as number;
  return { kind: 'retry', initiator, secretEpoch, cookie: bytes.subarray(RETRY_EPOCH_AT + 1) };
}

function h1ClearLength(pattern: HandshakePattern): number {
  return pattern === 'KK' ? H1_KEY_AT + MASKED_KEY_BYTES : H1_KEY_AT;
}
