import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Path } from './path.js';
import { type PeerPaths, relayedPath } from './peer-paths.js';

/*
 * Which path packets take (SPEC §7.8). In this order: a valid direct path; the relayed one; an address that
 * the peer has just moved to, as far as it may be answered; whatever is in doubt. What is in use stays unless
 * there is a reason: a packet that came from elsewhere is none before that address is validated, because
 * anybody may have copied it there.
 */

/**
 * Both ends could follow each other from link to link for ever: the one with the greater id waits that long.
 */
export const FOLLOW_MS = 5 * SECOND_MS;
/** A direct path that the peer leaves so soon after it was validated was crossed by older packets. */
const LEFT_MS = 5 * SECOND_MS;

export function choosePath(peer: PeerPaths): Path | undefined {
  const direct = bestDirect(peer);
  const relayed = relayedPath(peer);
  const moved = peer.newest;
  const isRelayedGood = relayed !== undefined && (isValid(relayed) || relayed.state.kind === 'candidate');
  if (direct !== undefined) return direct;
  if (isRelayedGood) return relayed;
  if (moved !== undefined && (moved.allowance ?? 0) > 0) return moved;
  return peer.paths.find((path) => path.isDirect && isDoubted(path)) ?? peer.paths.find(isDoubted);
}

/**
 * Replies follow the newest packet. True when it left a direct path that now has to prove itself: the caller
 * sends the PING.
 */
export function followNewest(now: Instant, peer: PeerPaths, isLower: boolean): boolean {
  const { chosen, newest } = peer;
  if (chosen === undefined || newest === undefined || chosen === newest || !chosen.isDirect) return false;
  const state = chosen.state;
  if (state.kind !== 'valid') return false;
  if (!newest.isDirect) return now - state.since >= LEFT_MS && chosen.doubt(now);
  if (isValid(newest) && (isLower || now - peer.switchedAt >= FOLLOW_MS)) peer.chosen = newest;
  return false;
}

/** Whether another valid direct path is so much faster that it is worth a change: by 30 % and 5 ms. */
export function isMuchFaster(path: Path, than: Path): boolean {
  if (!isValid(path) || !path.isDirect || !than.isDirect) return false;
  if (path.roundTripMs === undefined || than.roundTripMs === undefined) return false;
  return 10 * path.roundTripMs < 7 * than.roundTripMs - 50;
}

/** What a fifth address may take the place of: the dead, then the untried, then the longest silent. */
export function leastUseful(
  peer: PeerPaths,
  directs: readonly Path[],
  isAuthenticated: boolean,
): Path | undefined {
  const spare = directs.filter((path) => path !== peer.chosen && path !== peer.newest);
  const unproven =
    spare.find((path) => path.state.kind === 'dead') ?? spare.find((path) => path.allowance === 0);
  if (unproven !== undefined || !isAuthenticated) return unproven;
  let silent: Path | undefined;
  for (const path of spare)
    if (silent === undefined || (path.heardAt ?? 0) < (silent.heardAt ?? 0)) silent = path;
  return silent;
}

export function isValid(path: Path): boolean {
  return path.state.kind === 'valid';
}

function isDoubted(path: Path): boolean {
  return path.state.kind === 'suspect';
}

function bestDirect(peer: PeerPaths): Path | undefined {
  const { chosen } = peer;
  if (chosen?.isDirect && isValid(chosen)) return chosen;
  let best: Path | undefined;
  for (const path of peer.paths) {
    if (path.isDirect && isValid(path) && (best === undefined || isBetter(path, best))) best = path;
  }
  return best;
}

function isBetter(path: Path, best: Path): boolean {
  const [mine, theirs] = [
    path.roundTripMs ?? Number.MAX_SAFE_INTEGER,
    best.roundTripMs ?? Number.MAX_SAFE_INTEGER,
  ];
  return mine === theirs ? (path.heardAt ?? 0) > (best.heardAt ?? 0) : mine < theirs;
}
