import { createHash } from 'node:crypto';

const FORMAT = 1;
const DIGEST_BYTES = 8;
const HEADER_BYTES = DIGEST_BYTES + 8;
const FLAG_ABSENT = 1;

/** One of the two files of a key: digest 8, format 1, flags 1, sequence 6, value. */
export interface Slot {
  readonly sequence: number;
  /** Undefined: the key was deleted. */
  readonly value: Uint8Array | undefined;
}

export function encodeSlot(slot: Slot): Uint8Array {
  const value = slot.value ?? new Uint8Array(0);
  const bytes = new Uint8Array(HEADER_BYTES + value.length);
  const view = new DataView(bytes.buffer);
  bytes[DIGEST_BYTES] = FORMAT;
  bytes[DIGEST_BYTES + 1] = slot.value === undefined ? FLAG_ABSENT : 0;
  view.setUint16(DIGEST_BYTES + 2, Math.floor(slot.sequence / 2 ** 32));
  view.setUint32(DIGEST_BYTES + 4, slot.sequence % 2 ** 32);
  bytes.set(value, HEADER_BYTES);
  bytes.set(digestOf(bytes));
  return bytes;
}

/** Undefined for anything that was not written to its end. */
export function decodeSlot(bytes: Uint8Array): Slot | undefined {
  if (bytes.length < HEADER_BYTES || bytes[DIGEST_BYTES] !== FORMAT) return undefined;
  const digest = digestOf(bytes);
  for (let i = 0; i < DIGEST_BYTES; i++) if (bytes[i] !== digest[i]) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sequence = view.getUint16(DIGEST_BYTES + 2) * 2 ** 32 + view.getUint32(DIGEST_BYTES + 4);
  const isAbsent = bytes[DIGEST_BYTES + 1] === FLAG_ABSENT;
  return { sequence, value: isAbsent ? undefined : new Uint8Array(bytes.subarray(HEADER_BYTES)) };
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes.subarray(DIGEST_BYTES)).digest().subarray(0, DIGEST_BYTES);
}
