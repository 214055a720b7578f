import type { NodeKey } from '../kernel/link.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';

/**
 * Who is shown under a name that several claim (SPEC §9.3). All are shown: one under the plain name, the
 * others as 'name~ab12' with the first digits of their NodeKey. A name is bound to the first who brings it
 * and stays bound while that node lives, so nothing is silently replaced.
 *
 * Two exceptions. During the first seconds an older claim takes over, so that after a start the order in
 * which records happen to come in does not decide. And a node that nobody has reached for five minutes loses
 * the plain name to one that is alive.
 */
export interface Claim {
  readonly key: NodeKey;
  readonly name: string;
  /** Unix seconds, 0 when unknown. */
  readonly claimedAt: number;
  readonly isSelf: boolean;
  /** Since when no session and no route leads to it; undefined while it lives. */
  readonly goneSince: Instant | undefined;
  /** Since when the name is bound to it; undefined while it is not. */
  boundAt: Instant | undefined;
}

const SETTLING_MS = 10 * SECOND_MS;
export const GRACE_MS = 5 * MINUTE_MS;
const SUFFIX_DIGITS_MIN = 4;

/** The displayed name of each of `claims`, which are all of one name; the bound one comes last. */
export function settleName(
  now: Instant,
  name: string,
  claims: readonly Claim[],
): { readonly key: NodeKey; readonly shown: string }[] {
  const bound = claims.find((claim) => claim.boundAt !== undefined);
  const owner = ownerOf(now, bound, claims);
  if (owner === undefined) return [];
  if (owner !== bound) {
    if (bound !== undefined) bound.boundAt = undefined;
    owner.boundAt = now;
  }
  const others = claims.filter((claim) => claim !== owner);
  const shown = others.map(({ key }) => ({ key, shown: `${name}~${suffixOf(key, claims)}` }));
  return [...shown, { key: owner.key, shown: name }];
}

function ownerOf(now: Instant, bound: Claim | undefined, claims: readonly Claim[]): Claim | undefined {
  const ranked = [...claims].sort((a, b) => rank(now, a) - rank(now, b) || olderFirst(a, b));
  const best = ranked[0];
  if (bound?.boundAt === undefined || best === undefined) return best;
  const isSettled = bound.boundAt + SETTLING_MS <= now;
  return rank(now, best) < rank(now, bound) || !isSettled ? best : bound;
}

/** A node always calls itself by its own name; those long gone come last. */
function rank(now: Instant, claim: Claim): number {
  if (claim.isSelf) return 0;
  return claim.goneSince === undefined || claim.goneSince + GRACE_MS > now ? 1 : 2;
}

/** A claim without a time is the youngest; between equals the lower id decides. */
function olderFirst(a: Claim, b: Claim): number {
  const first = a.claimedAt === 0 ? Infinity : a.claimedAt;
  const second = b.claimedAt === 0 ? Infinity : b.claimedAt;
  if (first !== second) return first < second ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

function suffixOf(key: NodeKey, claims: readonly Claim[]): string {
  let digits = SUFFIX_DIGITS_MIN;
  const isShared = (): boolean =>
    claims.some((other) => other.key !== key && other.key.startsWith(key.substring(0, digits)));
  while (digits < key.length && isShared()) digits++;
  return key.substring(0, digits);
}
