/** What one end of an attempt tells the other (SPEC §7.11), and which addresses follow from it. */
import type { FilteringKind, MappingKind } from '../api.js';
import type { LinkAddress } from '../kernel/link.js';
import { decodeEndpoints, type Endpoint, ipOf, portOf, withPort } from '../packet/endpoint.js';

const MAPPINGS: readonly MappingKind[] = ['unknown', 'none', 'independent', 'predictable', 'random'];
const FILTERINGS: readonly FilteringKind[] = ['unknown', 'open', 'address', 'restricted'];
const FILTERING_SHIFT = 3;
/** It would open doors, or try those of the other one. */
const HAS_DOORS = 0x20;

/** Ports that are tried of a box that gives them out in order. */
const PREDICTED_MAX = 8;

export interface Side {
  readonly mapping: MappingKind;
  readonly filtering: FilteringKind;
  readonly step: number;
  readonly endpoints: readonly Endpoint[];
  /** Ports that it could send from besides the one it is known by; of the peer, 1 says that it has some. */
  readonly doors: number;
}

export function encodeNat({ mapping, filtering, doors }: Omit<Side, 'endpoints'>): number {
  const filteringBits = FILTERINGS.indexOf(filtering) << FILTERING_SHIFT;
  return MAPPINGS.indexOf(mapping) + filteringBits + (doors > 0 ? HAS_DOORS : 0);
}

/** Undefined when malformed; classes of later versions are unknown ones. */
export function decodeSide(fields: { nat: number; step: number; endpoints: Uint8Array }): Side | undefined {
  const endpoints = decodeEndpoints(fields.endpoints);
  if (endpoints === undefined) return undefined;
  const mapping = MAPPINGS[fields.nat & ((1 << FILTERING_SHIFT) - 1)] ?? 'unknown';
  const filtering = FILTERINGS[(fields.nat >> FILTERING_SHIFT) & (FILTERINGS.length - 1)] ?? 'unknown';
  const doors = (fields.nat & HAS_DOORS) === 0 ? 0 : 1;
  return { mapping, filtering, step: fields.step, endpoints, doors };
}

/**
 * Where to probe, most hopeful first: where anybody gets in, whatever stands before both. Own addresses of
 * the peer only behind the same box: elsewhere they belong to somebody else.
 */
export function placesToTry(own: Side, peer: Side): readonly LinkAddress[] {
  const near = new Set(observed(own).map(ipOf));
  const places = peer.endpoints.filter(({ isMapped }) => isMapped).map(({ address }) => address);
  for (const address of observed(peer)) {
    if (near.has(ipOf(address))) {
      for (const endpoint of peer.endpoints) if (endpoint.isOwn) places.push(endpoint.address);
    }
    if (own.mapping === 'random' && peer.mapping === 'random') continue;
    places.push(...(peer.mapping === 'predictable' ? predicted(address, peer.step) : [address]));
  }
  return [...new Set(places)];
}

function observed({ endpoints }: Side): readonly LinkAddress[] {
  return endpoints.filter(({ isOwn, isMapped }) => !isOwn && !isMapped).map(({ address }) => address);
}

function predicted(address: LinkAddress, step: number): readonly LinkAddress[] {
  const ports = Array.from({ length: PREDICTED_MAX }, (_, i) => portOf(address) + (i + 1) * step);
  return ports.filter((port) => port <= 0xffff).map((port) => withPort(address, port));
}
