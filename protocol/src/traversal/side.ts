/** What one end of an attempt tells the other (SPEC §7.11), and which addresses follow from it. */
import type { FilteringKind, MappingKind } from '../api.js';
import type { LinkAddress } from '../kernel/link.js';
import { decodeEndpoints, type Endpoint, ipOf, portOf, withPort } from '../packet/endpoint.js';

const MAPPINGS: readonly MappingKind[] = ['unknown', 'none', 'independent', 'predictable', 'random'];
const FILTERINGS: readonly FilteringKind[] = ['unknown', 'open', 'address', 'restricted'];
const FILTERING_SHIFT = 3;

/** Ports that are tried of a box that gives them out in order. */
const PREDICTED_MAX = 8;

export interface Side {
  readonly mapping: MappingKind;
  readonly filtering: FilteringKind;
  readonly step: number;
  readonly endpoints: readonly Endpoint[];
}

export function encodeNat(mapping: MappingKind, filtering: FilteringKind): number {
  return MAPPINGS.indexOf(mapping) + (FILTERINGS.indexOf(filtering) << FILTERING_SHIFT);
}

/** Undefined when malformed; classes of later versions are unknown ones. */
export function decodeSide(fields: { nat: number; step: number; endpoints: Uint8Array }): Side | undefined {
  const endpoints = decodeEndpoints(fields.endpoints);
  if (endpoints === undefined) return undefined;
  const mapping = MAPPINGS[fields.nat & ((1 << FILTERING_SHIFT) - 1)] ?? 'unknown';
  const filtering = FILTERINGS[fields.nat >> FILTERING_SHIFT] ?? 'unknown';
  return { mapping, filtering, step: fields.step, endpoints };
}

/**
 * Where to probe, most hopeful first. Own addresses of the peer only behind the same box: elsewhere they
 * belong to somebody else.
 */
export function placesToTry(own: Side, peer: Side): readonly LinkAddress[] {
  const near = new Set(observed(own).map(ipOf));
  const places: LinkAddress[] = [];
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
  return endpoints.filter(({ isOwn }) => !isOwn).map(({ address }) => address);
}

function predicted(address: LinkAddress, step: number): readonly LinkAddress[] {
  const ports = Array.from({ length: PREDICTED_MAX }, (_, i) => portOf(address) + (i + 1) * step);
  return ports.filter((port) => port <= 0xffff).map((port) => withPort(address, port));
}
