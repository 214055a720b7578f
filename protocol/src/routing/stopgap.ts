import { NOBODY } from './candidate.js';
import { NONE } from './neighbor.js';
import { RouteState } from './route.js';
import type { RouteTables } from './tables.js';

/**
 * What this node does with its own packets while a destination is starved and its newer sequence is under way
 * (SPEC §8.3): they go to the neighbour that says to be the fewest links away from it, with no more hops left
 * than it says to need. Such an offer may be old and lead back here, so nothing of this is told to
 * neighbours, and no packet of others goes that way.
 */

/** The neighbour, or NONE: nobody offers a route, there is a feasible one, or two requests were in vain. */
export function stopgapOf({ adverts, routes, seeker }: RouteTables, row: number): number {
  if (row === NONE || routes.state(row) !== RouteState.starved || !seeker.isHopeful(row)) return NONE;
  return adverts.nearestOfferer(row);
}

/** A way to a destination: the feasible one, else the stopgap. */
export interface Way {
  /** Its row. */
  readonly neighbor: number;
  readonly hops: number;
  readonly mtu: number;
}

export function wayOf(tables: RouteTables, row: number): Way | undefined {
  const { adverts, neighbors, routes } = tables;
  const next = row === NONE ? NOBODY : (routes.neighbor[row] ?? NOBODY);
  const mtu = routes.mtu[row] ?? 0;
  if (next !== NOBODY) return { neighbor: next, hops: routes.hops[row] ?? 0, mtu };
  const neighbor = stopgapOf(tables, row);
  if (neighbor === NONE) return undefined;
  // Of the links beyond nothing is known; relays cut what is too large for one.
  const hops = adverts.offeredHops(neighbor, row) + 1;
  return { neighbor, hops, mtu: Math.min(mtu, neighbors.mtu(neighbor)) };
}
