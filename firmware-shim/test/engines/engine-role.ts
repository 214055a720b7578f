import { type CborValue, decodeValue, encodeValue } from '@fogwisp/protocol';

/** Who a peer in another engine is, and whom it asks regularly. */
export interface EngineRole {
  readonly name: string;
  /** The network key. */
  readonly network: Uint8Array;
  /** It does not ask itself. */
  readonly asks: { readonly name: string; readonly path: string };
}

/** As the one record of a script: not in the arguments, which every user of the machine can read. */
export function encodeRole(role: EngineRole): Uint8Array {
  return encodeValue(role as unknown as CborValue); // see the fields above
}

export function decodeRole(bytes: Uint8Array): EngineRole {
  const decoded = decodeValue(bytes);
  if (!decoded.ok) throw new Error('the role is damaged');
  return decoded.value as unknown as EngineRole; // our own file
}
