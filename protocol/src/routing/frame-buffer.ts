import type { CryptoSuite } from '../crypto/suite.js';
import { EMPTY, equalBytes, writeU16, writeU32 } from '../kernel/bytes.js';
import { BY_ID_FRAME_BYTES, LABEL_FRAME_BYTES } from '../packet/forward.js';
import { DESTINATION, type Flow, SOURCE } from './label.js';

/**
 * A forward frame in the making. Forwarding allocates one array, copies the packet once and never moves it:
 * the packet lies behind room for the longest head, the head without its MIC right before it, since that is
 * what the MIC covers. Once the MIC is known the head moves up by 4 bytes. The layouts are those of
 * packet/forward.ts.
 */

const LABEL_FIRST = 0x18;
const BY_ID = 0x70;
const MIC_BYTES = 4;
const COUNTER_BYTES = 2;
/** The packet starts here. */
export const PACKET_AT = BY_ID_FRAME_BYTES;

export function newFrame(packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(PACKET_AT + packet.length);
  frame.set(packet, PACKET_AT);
  return frame;
}

/** Takes a received frame in and says whether its MIC is right. */
export function isAuthentic(
  suite: CryptoSuite,
  key: Uint8Array,
  counter: number,
  frame: Uint8Array,
  received: Uint8Array,
): boolean {
  const headBytes = received.length - (frame.length - PACKET_AT);
  const start = PACKET_AT - (headBytes - MIC_BYTES);
  frame.set(received.subarray(0, headBytes - MIC_BYTES), start);
  const mic = suite.seal(key, counter, frame.subarray(start), EMPTY, MIC_BYTES);
  return equalBytes(mic, received.subarray(headBytes - MIC_BYTES, headBytes));
}

/** Returns the length of the whole head. */
export function writeLabelHead(frame: Uint8Array, hopsLeft: number, label: number): number {
  const start = PACKET_AT - (LABEL_FRAME_BYTES - MIC_BYTES);
  frame[start] = LABEL_FIRST + hopsLeft;
  writeU16(frame, start + 1, label);
  return LABEL_FRAME_BYTES;
}

export function writeByIdHead(frame: Uint8Array, ttl: number, flow: Flow): number {
  const start = PACKET_AT - (BY_ID_FRAME_BYTES - MIC_BYTES);
  frame[start] = BY_ID;
  frame[start + 1] = ttl;
  writeU32(frame, start + 2, flow[DESTINATION] ?? 0);
  writeU32(frame, start + 6, flow[DESTINATION + 1] ?? 0);
  writeU32(frame, start + 10, flow[SOURCE] ?? 0);
  writeU32(frame, start + 14, flow[SOURCE + 1] ?? 0);
  return BY_ID_FRAME_BYTES;
}

/** Writes counter and MIC under a head of that length; what is returned can be transmitted. */
export function finishFrame(
  suite: CryptoSuite,
  key: Uint8Array,
  counter: number,
  frame: Uint8Array,
  headBytes: number,
): Uint8Array {
  const start = PACKET_AT - (headBytes - MIC_BYTES);
  writeU16(frame, PACKET_AT - COUNTER_BYTES, counter % 0x1_0000);
  const mic = suite.seal(key, counter, frame.subarray(start), EMPTY, MIC_BYTES);
  frame.copyWithin(start - MIC_BYTES, start, PACKET_AT);
  frame.set(mic, PACKET_AT - MIC_BYTES);
  return frame.subarray(PACKET_AT - headBytes);
}
