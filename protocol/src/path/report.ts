import type { PathReason, PathReport } from '../api.js';
import type { LinkId, LinkInfo } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { isLeft, isValid } from './choice.js';
import type { Grant } from './doors.js';
import type { Path } from './path.js';
import { type PeerPaths, relayedPath } from './peer-paths.js';

/*
 * What people are told about a path (SPEC §7.8). 'direct' is said only when packets go there, it is valid,
 * and the last authenticated packet came on that very link. When one direction is relayed, the path is
 * relayed.
 */

/** A round trip that changed less, by a quarter or 5 ms, is not worth a new report. */
const ROUND_TRIP_STEP_MS = 5;

/** A peer that is only known, by its record, a route or an address: nothing was ever sent. */
export function pathWithoutSession(now: Instant, isReachable: boolean): PathReport {
  return isReachable
    ? { kind: 'unknown', since: now, reason: 'notContacted' }
    : { kind: 'none', since: now, reason: 'noRoute' };
}

/** What a report says besides the paths themselves. */
export interface PathSurroundings {
  readonly links: ReadonlyMap<LinkId, LinkInfo>;
  readonly grants: readonly Grant[];
}

export function describePath(now: Instant, peer: PeerPaths, surroundings: PathSurroundings): PathReport {
  const facts = currentFacts(now, peer, surroundings);
  const since = isSamePath(facts, peer.reported) ? peer.reported.since : now;
  return { ...facts, since };
}

/** Whether `next` says something new; the time of the last packet alone does not. */
export function isNews(next: PathReport, before: PathReport | undefined): boolean {
  if (!isSamePath(next, before) || next.reason !== before.reason || next.hops !== before.hops) return true;
  if (next.limited?.bytesPerMinute !== before.limited?.bytesPerMinute) return true;
  if (next.roundTripMs === undefined || before.roundTripMs === undefined)
    return next.roundTripMs !== before.roundTripMs;
  const change = Math.abs(next.roundTripMs - before.roundTripMs);
  return change > ROUND_TRIP_STEP_MS && 4 * change > before.roundTripMs;
}

type Facts = Omit<PathReport, 'since'>;

function currentFacts(now: Instant, peer: PeerPaths, { links, grants }: PathSurroundings): Facts {
  const { chosen } = peer;
  const heard = peer.heard?.state.kind === 'dead' ? undefined : peer.heard;
  if (chosen === undefined || heard === undefined) return unproven(peer);
  if (chosen.isDirect && heard.isDirect) {
    if (heard.state.kind === 'validating') return unproven(peer);
    return directFacts(heard, links) ?? unproven(peer);
  }
  const relayed = relayedPath(peer);
  if (relayed?.heardAt === undefined) return unproven(peer);
  const reason = isSplit(now, chosen, heard) ? 'asymmetric' : (whyNotDirect(peer) ?? 'noCommonLink');
  const limited = limitedOf(peer, grants);
  return { ...relayedFacts(peer, relayed, relayed.heardAt, reason), ...limited };
}

/** One direction is direct and the other is not, and that is no change under way. */
function isSplit(now: Instant, chosen: Path, heard: Path): boolean {
  if (chosen.isDirect) return !heard.isDirect && isLeft(now, chosen);
  return heard.isDirect && heard.hasFailed;
}

function directFacts(path: Path, links: ReadonlyMap<LinkId, LinkInfo>): Facts | undefined {
  if (path.via.kind !== 'direct' || path.heardAt === undefined) return undefined;
  const info = links.get(path.via.link);
  if (info === undefined) return undefined;
  const link = { id: path.via.link, kind: info.kind, name: info.name };
  return { kind: 'direct', link, ...roundTripOf(path), verifiedAt: path.heardAt };
}

function relayedFacts(peer: PeerPaths, path: Path, verifiedAt: Instant, reason: PathReason): Facts {
  const route =
    peer.route === undefined ? {} : { via: [{ id: peer.route.firstHop, name: '' }], hops: peer.route.hops };
  return { kind: 'relayed', ...route, ...roundTripOf(path), verifiedAt, reason };
}

/** Who forwards first has said how much of that; others have not. */
function limitedOf({ route }: PeerPaths, grants: readonly Grant[]): Pick<Facts, 'limited'> {
  const grant = grants.find(({ firstHop }) => firstHop === route?.firstHop);
  if (grant === undefined || route === undefined) return {};
  return { limited: { bytesPerMinute: grant.bytesPerMinute, frameMax: route.mtu } };
}

/** Something is being tried, or nothing is left. */
function unproven(peer: PeerPaths): Facts {
  const isTried = peer.chosen !== undefined || peer.paths.some((path) => path.state.kind === 'validating');
  const reason = whyNotDirect(peer);
  if (isTried) return { kind: 'unknown', reason: reason ?? 'noCommonLink' };
  return { kind: 'none', reason: reason ?? 'noRoute' };
}

/** Undefined when no address of the peer is known. */
function whyNotDirect(peer: PeerPaths): PathReason | undefined {
  const directs = peer.paths.filter((path) => path.isDirect);
  if (directs.length === 0) return undefined;
  if (directs.some((path) => path.state.kind === 'validating' && !path.hasFailed)) return 'validating';
  return directs.every(isValid) ? 'validating' : 'silent'; // valid for us, the peer does not use it yet
}

function roundTripOf(path: Path): { readonly roundTripMs?: number } {
  return path.roundTripMs === undefined ? {} : { roundTripMs: path.roundTripMs };
}

function isSamePath(next: Facts, before: PathReport | undefined): before is PathReport {
  const isSameLink = next.link?.id === before?.link?.id && next.link?.name === before?.link?.name;
  return (
    before !== undefined &&
    next.kind === before.kind &&
    isSameLink &&
    next.via?.[0]?.id === before.via?.[0]?.id
  );
}
