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

/** Tells the upper layers of the way to a destination, unless it is here for others only. */
export function reportRoute({ neighbors, index, routes, demand, outbox }: RouteTables, row: number): void {
  if (demand.isForOthers(row)) return;
  const neighbor = routes.neighbor[row] ?? NOBODY;
  const isLost = neighbor === NOBODY;
  outbox.push({
    kind: 'route',
    destination: shortKey(index.high[row] ?? 0, index.low[row] ?? 0),
    hops: isLost ? undefined : routes.hops[row],
    firstHop: isLost ? undefined : neighbors.session(neighbor),
    mtu: isLost ? 0 : (routes.mtu[row] ?? 0),
    metric: routes.metric[row] ?? METRIC_INFINITY,
  });
}
