import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, EMPTY, equalBytes, readU16, writeU16 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';

/*
 * Frames that neighbours forward for others (SPEC §4.6), around a packet that they cannot read:
 *
 *   label frame   0x18 + hops left 1, label 2, hop counter 2, MIC 4                        =  9 B
 *   by-id frame   0x70 1, ttl 1, destination 8, source 8, hop counter 2, MIC 4             = 24 B
 *
 * The MIC is a truncated AEAD tag of the empty text under the hop key; its nonce is the whole hop counter and
 * its associated data the frame without the MIC. Each hop writes its own label, counter and MIC.
 */

const LABEL_FIRST = 0x18;
export const LABEL_HOPS_MAX = 39;
const BY_ID = 0x70;

const COUNTER_BYTES = 2;
const MIC_BYTES = 4;
const SHORT_ID_BYTES = 8;
const LABEL_MIC_AT = 1 + 2 + COUNTER_BYTES;
const BY_ID_MIC_AT = 2 + 2 * SHORT_ID_BYTES + COUNTER_BYTES;
export const LABEL_FRAME_BYTES = LABEL_MIC_AT + MIC_BYTES;
export const BY_ID_FRAME_BYTES = BY_ID_MIC_AT + MIC_BYTES;

export interface LabelFrame {
  readonly kind: 'label';
  /** How many more times the frame may be forwarded, 0 ... 39. */
  readonly hopsLeft: number;
  readonly label: number;
  readonly packet: Uint8Array;
}

export interface ByIdFrame {
  readonly kind: 'byId';
  /** How many more times the frame may be forwarded, 0 ... 255. */
  readonly ttl: number;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly packet: Uint8Array;
}

export type ForwardFrame = LabelFrame | ByIdFrame;

/** As it came: the MIC is checked apart, once the neighbour and with it the whole counter are known. */
export type ReceivedFrame = ForwardFrame & { readonly counter: number };

/** `counter` is the whole one; its low 16 bits travel. */
export function encodeForward(
  suite: CryptoSuite,
  hopKey: Uint8Array,
  counter: number,
  frame: ForwardFrame,
): Uint8Array {
  const head = frame.kind === 'label' ? labelHead(frame) : byIdHead(frame);
  writeU16(head, head.length - COUNTER_BYTES, counter % 0x1_0000);
  const mic = suite.seal(hopKey, counter, concatBytes(head, frame.packet), EMPTY, MIC_BYTES);
  return concatBytes(head, mic, frame.packet);
}

export function decodeForward(bytes: Uint8Array): ReceivedFrame | DropReason {
  const first = bytes[0];
  if (first === undefined) return 'empty';
  const micAt = micOffset(first);
  if (micAt === undefined) return 'unknownType';
  if (bytes.length <= micAt + MIC_BYTES) return 'truncated'; // nothing inside is as bad as too little
  const counter = readU16(bytes, micAt - COUNTER_BYTES);
  const packet = bytes.subarray(micAt + MIC_BYTES);
  if (first !== BY_ID) {
    return { kind: 'label', hopsLeft: first - LABEL_FIRST, label: readU16(bytes, 1), counter, packet };
  }
  const destination = bytes.subarray(2, 2 + SHORT_ID_BYTES);
  const source = bytes.subarray(2 + SHORT_ID_BYTES, 2 + 2 * SHORT_ID_BYTES);
  return { kind: 'byId', ttl: bytes[1] as number, destination, source, counter, packet };
}

/** Whether the MIC of a frame that `decodeForward` accepted was made with this key and whole counter. */
export function isForwardAuthentic(
  suite: CryptoSuite,
  hopKey: Uint8Array,
  counter: number,
  bytes: Uint8Array,
): boolean {
  const micAt = micOffset(bytes[0] ?? 0);
  if (micAt === undefined) return false;
  const covered = concatBytes(bytes.subarray(0, micAt), bytes.subarray(micAt + MIC_BYTES));
  const mic = bytes.subarray(micAt, micAt + MIC_BYTES);
  return equalBytes(suite.seal(hopKey, counter, covered, EMPTY, MIC_BYTES), mic);
}

function labelHead(frame: LabelFrame): Uint8Array {
  assert(frame.hopsLeft >= 0 && frame.hopsLeft <= LABEL_HOPS_MAX, 'a label frame goes 39 hops at most');
  const head = new Uint8Array(LABEL_MIC_AT);
  head[0] = LABEL_FIRST + frame.hopsLeft;
  writeU16(head, 1, frame.label);
  return head;
}

function byIdHead(frame: ByIdFrame): Uint8Array {
  assert(frame.ttl >= 0 && frame.ttl <= 0xff, 'a by-id frame goes 255 hops at most');
  assert(frame.destination.length === SHORT_ID_BYTES && frame.source.length === SHORT_ID_BYTES, 'short ids');
  const head = new Uint8Array(BY_ID_MIC_AT);
  head[0] = BY_ID;
  head[1] = frame.ttl;
  head.set(frame.destination, 2);
  head.set(frame.source, 2 + SHORT_ID_BYTES);
  return head;
}

function micOffset(first: number): number | undefined {
  if (first === BY_ID) return BY_ID_MIC_AT;
  return first >= LABEL_FIRST && first <= LABEL_FIRST + LABEL_HOPS_MAX ? LABEL_MIC_AT : undefined;
}
