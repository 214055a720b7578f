import type { Encoder } from 'cbor-x';
import type { Value } from '../mesh.js';

/** CBOR for others to read (RFC 8949): plain maps, shortest headers, none of the library's own extensions. */
export type RawEncoder = (topic: string, value: Value) => Uint8Array;

/** Loads the library only when somebody wants the raw topics. */
export async function loadRawEncoder(): Promise<RawEncoder> {
  const { Encoder } = await import('cbor-x');
  const encoder: Encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
  return (topic, value) => new Uint8Array(encoder.encode([topic, value ?? null]));
}
