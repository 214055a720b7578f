import type { DirectVia, NodeKey, Via } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { SessionKeys } from '../session/keys.js';
import type { Attempt } from './attempt.js';
import type { Keepalive } from './keepalive.js';

/** What traversal knows of one peer with a session. */
export interface TraversalPeer {
  readonly session: number;
  readonly key: NodeKey;
  keys: SessionKeys;
  formerKeys: SessionKeys | undefined;
  isAttached: boolean;
  /** Where its packets go. */
  via: Via | undefined;
  /** An attempt made the direct path, so it depends on what boxes remember. */
  provenAt: DirectVia | undefined;
  /** Of the relayed path. */
  roundTripMs: number | undefined;
  attempt: Attempt | undefined;
  /** When to lead the next attempt. */
  nextAt: Instant | undefined;
  /** Attempts that failed since anything changed. */
  failures: number;
  /** Direct paths that were lost soon. */
  losses: number;
  directSince: Instant | undefined;
  /** When it last began an attempt that this node follows. */
  followedAt: Instant;
  keepalive: Keepalive | undefined;
}

export function newTraversalPeer(
  session: number,
  key: NodeKey,
  keys: SessionKeys,
  formerKeys: SessionKeys | undefined,
): TraversalPeer {
  const nothing = { via: undefined, provenAt: undefined, roundTripMs: undefined, attempt: undefined };
  const never = { nextAt: undefined, directSince: undefined, followedAt: -Infinity, keepalive: undefined };
  const counts = { failures: 0, losses: 0 };
  return { session, key, keys, formerKeys, isAttached: false, ...nothing, ...never, ...counts };
}

export function isRelayed(peer: TraversalPeer): boolean {
  return peer.isAttached && peer.via?.kind === 'relayed';
}

/** When the peer next wants attention, its keepalive apart. */
export function wakeOf(peer: TraversalPeer): Instant | undefined {
  return earlier(peer.attempt?.wakeAt, isRelayed(peer) ? peer.nextAt : undefined);
}
