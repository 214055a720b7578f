import type { DriverCounters } from '@fogwisp/firmware-shim';
import type { Instant, LinkId, NodeKey, PeerReport, ReachabilityReport } from '@fogwisp/protocol';
import type { Value } from './value.js';

/**
 * What every device tells of its own ways, so that a path can be followed hop by hop: the request path
 * '$trace' with the id of a target answers by whom this device goes there, and over which link.
 */
export const TRACE = '$trace';

/** The next hop towards a peer, as the one who forwards sees it. */
export interface Hop {
  readonly id: NodeKey;
  /** '' while it is unknown. */
  readonly name: string;
  /** Kind and name of the link to it; absent when that is not proven now. */
  readonly link?: string;
  readonly linkName?: string;
  /** Of the link to it. */
  readonly roundTripMs?: number;
  /** Since the link last proved itself. */
  readonly ageMs?: number;
}

/** Undefined when no way is known: `ping` finds one, where there is one. */
export function hopTowards(peers: readonly PeerReport[], now: Instant, target: NodeKey): Hop | undefined {
  const report = peers.find(({ id }) => id === target);
  if (report?.path.kind === 'direct') return hopOf(report, now);
  const firstHop = report?.path.kind === 'relayed' ? report.path.via?.[0] : undefined;
  if (firstHop === undefined) return undefined;
  const neighbor = peers.find(({ id }) => id === firstHop.id);
  return neighbor === undefined ? firstHop : hopOf(neighbor, now);
}

function hopOf({ id, name, path }: PeerReport, now: Instant): Hop {
  const { link, roundTripMs, verifiedAt } = path;
  return {
    id,
    name,
    ...(link === undefined ? {} : { link: link.kind, linkName: link.name }),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    ...(verifiedAt === undefined ? {} : { ageMs: Math.max(0, Math.round(now - verifiedAt)) }),
  };
}

/**
 * The answer to '$trace': our links, each with the box in front of it as far as others have told, and the
 * next hop towards the target when one was named.
 */
export function traceAnswer(
  hop: Hop | undefined,
  counters: DriverCounters,
  seen: ReadonlyMap<LinkId, ReachabilityReport>,
): Value {
  const links = counters.links.flatMap(({ id, info }): string[][] => {
    if (info === undefined) return [];
    const { mapping, filtering } = seen.get(id) ?? {};
    const box = mapping === undefined || filtering === undefined ? [] : [mapping, filtering];
    return [[info.kind, info.name, ...box]];
  });
  return { links, next: hop === undefined ? null : { ...hop } };
}
