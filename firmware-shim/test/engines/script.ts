import {
  type CborValue,
  decodeValue,
  encodeValue,
  type Instant,
  type NodeInput,
  type StoreKey,
} from '@fogwisp/protocol';

/** Who a node is; the same in every engine. */
export interface Casting {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly network: Uint8Array;
}

/**
 * What one node is told, record by record: all that goes in, so that it does the same in each engine. What
 * comes out is only hashed.
 */
export type ScriptRecord =
  | { readonly kind: 'cast'; readonly casting: Casting }
  | {
      readonly kind: 'boot';
      readonly now: Instant;
      readonly restored: { readonly [key: StoreKey]: Uint8Array };
    }
  | { readonly kind: 'random'; readonly bytes: Uint8Array }
  | { readonly kind: 'input'; readonly now: Instant; readonly input: NodeInput }
  /** Here memory is measured. */
  | { readonly kind: 'mark'; readonly label: string };

/**
 * A draw is asked for deep inside the node, so it is read without a decoder: this byte, then what was drawn.
 */
const DRAWN = 0xff;

export function encodeRecord(record: ScriptRecord): Uint8Array {
  if (record.kind !== 'random') return encodeValue(record as unknown as CborValue); // see the fields above
  const encoded = new Uint8Array(1 + record.bytes.length);
  encoded[0] = DRAWN;
  encoded.set(record.bytes, 1);
  return encoded;
}

export function decodeRecord(bytes: Uint8Array): ScriptRecord {
  if (bytes[0] === DRAWN) return { kind: 'random', bytes: bytes.subarray(1) };
  const decoded = decodeValue(bytes);
  if (!decoded.ok) throw new Error('the script is damaged');
  return decoded.value as unknown as ScriptRecord; // our own file
}
