import type { PathReport } from '../api.js';
import { shortKeyOf } from '../identity/id.js';
import {
  type LinkId,
  type LinkInfo,
  type NodeKey,
  type ShortKey,
  sameVia,
  type Via,
} from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Path } from './path.js';

/** What routing says about a peer that neighbours forward to. */
export interface RouteFacts {
  /** Links in all, so 2 or more. */
  readonly hops: number;
  readonly firstHop: NodeKey;
  /** Smallest MTU on the way, bytes. */
  readonly mtu: number;
}

/** The paths to the peer of one session, and which of them is in use. */
export interface PeerPaths {
  readonly session: number;
  readonly peer: NodeKey;
  readonly short: ShortKey;
  /** At most four direct ones and the relayed one. */
  paths: Path[];
  /** Where packets go now. */
  chosen: Path | undefined;
  /** Since when. */
  switchedAt: Instant;
  /** Where the newest authenticated packet came from: what is reported. */
  heard: Path | undefined;
  /** The same without packets that only probe a path: what replies follow. */
  newest: Path | undefined;
  route: RouteFacts | undefined;
  /** Since when there is no path at all, and whether that was told as the end. */
  lostAt: Instant | undefined;
  isDead: boolean;
  /** What was told last; before the first time the MTU is negative. */
  toldVia: Via | undefined;
  toldMtu: number;
  toldLink: LinkInfo | undefined;
  toldAllowance: number | undefined;
  reported: PathReport | undefined;
}

export function newPeer(now: Instant, session: number, peer: NodeKey): PeerPaths {
  return {
    session,
    peer,
    short: shortKeyOf(peer),
    paths: [],
    chosen: undefined,
    switchedAt: now,
    heard: undefined,
    newest: undefined,
    route: undefined,
    lostAt: undefined,
    isDead: false,
    toldVia: undefined,
    toldMtu: -1,
    toldLink: undefined,
    toldAllowance: undefined,
    reported: undefined,
  };
}

export function findPath(peer: PeerPaths, via: Via): Path | undefined {
  for (const path of peer.paths) if (sameVia(path.via, via)) return path;
  return undefined;
}

export function relayedPath(peer: PeerPaths): Path | undefined {
  return peer.paths.find((path) => !path.isDirect);
}

export function isOnLink(path: Path, link: LinkId): boolean {
  return path.via.kind === 'direct' && path.via.link === link;
}
