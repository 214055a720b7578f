import type { Outbox } from '../kernel/machine.js';
import type { AdvertTable } from './advert.js';
import { NOBODY } from './candidate.js';
import type { Demand } from './demand.js';
import type { DestinationIndex } from './destination.js';
import type { RouterOutput } from './doors.js';
import { METRIC_INFINITY } from './metric.js';
import type { NeighborTable } from './neighbor.js';
import type { RouteTable } from './route.js';
import { shortKey } from './short-id.js';

/** What the parts of the exchange have in common. */
export interface RouteTables {
  readonly neighbors: NeighborTable;
  readonly index: DestinationIndex;
  readonly routes: RouteTable;
  readonly adverts: AdvertTable;
  readonly demand: Demand;
  readonly outbox: Outbox<RouterOutput>;
}

/**
 * Tells the upper layers of the way to a destination, unless it is here for others only; where there is none,
 * of the neighbor that stands in for it.
 */
export function reportRoute(tables: RouteTables, row: number, stopgap = NOBODY): void {
  const { neighbors, index, routes, adverts, demand, outbox } = tables;
  if (demand.isForOthers(row)) return;
  const next = routes.neighbor[row] ?? NOBODY;
  const neighbor = next === NOBODY ? stopgap : next;
  const isLost = neighbor === NOBODY;
  const hops = next === NOBODY ? adverts.offeredHops(neighbor, row) + 1 : routes.hops[row];
  outbox.push({
    kind: 'route',
    destination: shortKey(index.high[row] ?? 0, index.low[row] ?? 0),
    hops: isLost ? undefined : hops,
    firstHop: isLost ? undefined : neighbors.session(neighbor),
    mtu: isLost ? 0 : Math.min(routes.mtu[row] ?? 0, neighbors.mtu(neighbor)),
    metric: routes.metric[row] ?? METRIC_INFINITY,
  });
}
