import type { Outbox } from '../kernel/machine.js';
import type { AdvertTable } from './advert.js';
import type { Demand } from './demand.js';
import type { DestinationIndex } from './destination.js';
import type { RouterOutput } from './doors.js';
import { METRIC_INFINITY } from './metric.js';
import type { NeighborTable } from './neighbor.js';
import type { RouteTable } from './route.js';
import type { SequenceSeeker } from './seek.js';
import { shortKey } from './short-id.js';
import { wayOf } from './stopgap.js';

/** What the parts of the exchange have in common. */
export interface RouteTables {
  readonly neighbors: NeighborTable;
  readonly index: DestinationIndex;
  readonly routes: RouteTable;
  readonly adverts: AdvertTable;
  readonly demand: Demand;
  readonly seeker: SequenceSeeker;
  readonly outbox: Outbox<RouterOutput>;
}

/** Tells the upper layers of the way to a destination, unless it is here for others only. */
export function reportRoute(tables: RouteTables, row: number): void {
  const { neighbors, index, routes, demand, outbox } = tables;
  if (demand.isForOthers(row)) return;
  const way = wayOf(tables, row);
  outbox.push({
    kind: 'route',
    destination: shortKey(index.high[row] ?? 0, index.low[row] ?? 0),
    hops: way?.hops,
    firstHop: way && neighbors.session(way.neighbor),
    mtu: way?.mtu ?? 0,
    metric: routes.metric[row] ?? METRIC_INFINITY,
  });
}
