import { concatBytes, copyBytes } from '../kernel/bytes.js';
import type { LinkAddress } from '../kernel/link.js';
import { decodeEndpoints, encodeEndpoints } from './endpoint.js';

/*
 * Where nodes can be reached, as they tell each other (SPEC §6.4): a short id and an address each, one behind
 * the other.
 */

const SHORT_BYTES = 8;
const IPV4_BYTES = 7;
const IPV6_BYTES = 19;
const IPV4 = 0x04;

export interface Place {
  readonly short: Uint8Array;
  readonly address: LinkAddress;
}

/** Those that are no IP addresses of one station are left out. */
export function encodePlaces(places: readonly Place[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const { short, address } of places) {
    const endpoint = encodeEndpoints([{ address, isOwn: false }]);
    if (endpoint.length > 0) pieces.push(short, endpoint);
  }
  return concatBytes(...pieces);
}

/** Undefined when malformed. */
export function decodePlaces(bytes: Uint8Array): readonly Place[] | undefined {
  const places: Place[] = [];
  for (let at = 0; at < bytes.length; ) {
    const from = at + SHORT_BYTES;
    const end = from + (bytes[from] === IPV4 ? IPV4_BYTES : IPV6_BYTES);
    const endpoint = end > bytes.length ? undefined : decodeEndpoints(bytes.subarray(from, end));
    const [first, ...more] = endpoint ?? [];
    if (first === undefined || first.isOwn || first.isMapped || more.length > 0) return undefined;
    places.push({ short: copyBytes(bytes.subarray(at, from)), address: first.address });
    at = end;
  }
  return places;
}
