import type { NodeOutput } from '../api.js';
import type { Election } from '../election/election.js';
import type { DropReason } from '../kernel/fault.js';
import type { LinkAddress, LinkId, NodeKey, ShortKey, Via } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Discovery } from '../path/discovery.js';
import type { PathTable } from '../path/path-table.js';
import type { RouteFacts } from '../path/peer-paths.js';
import type { Router } from '../routing/router.js';
import type { ServiceMachine } from '../service/service.js';
import type { SessionTable } from '../session/sessions.js';
import type { LateAcquaintances } from './late-acquaintances.js';
import type { LateIndex } from './late-index.js';
import type { LateTraversal } from './late-traversal.js';
import type { LinkTable } from './link-table.js';
import type { PeerBook } from './peer-book.js';

/** The machines of a node and what they share; each file beside this one joins some of them. */
export interface Parts {
  readonly out: Outbox<NodeOutput>;
  readonly links: LinkTable;
  readonly peers: PeerBook;
  readonly sessions: SessionTable;
  readonly paths: PathTable;
  readonly discovery: Discovery;
  readonly acquaintances: LateAcquaintances;
  readonly router: Router;
  readonly traversal: LateTraversal;
  readonly election: Election;
  readonly index: LateIndex;
  readonly services: ServiceMachine;
}

export function drop(parts: Parts, via: Via | undefined, reason: DropReason): void {
  parts.out.push({ kind: 'dropped', link: via?.kind === 'direct' ? via.link : undefined, reason });
}

export function directVia(link: LinkId, address: LinkAddress) {
  return { kind: 'direct', link, address } as const;
}

/** The neighbour that the way to that node begins with, also when it is that node. */
export function firstHopTo({ router, peers }: Parts, destination: ShortKey): NodeKey | undefined {
  const route = router.route(destination);
  return route && peers.bySession(route.neighbor)?.key;
}

/** The way to a node that neighbours forward to; undefined when it is a neighbour itself, or nobody does. */
export function relayedRoute({ router, peers }: Parts, destination: ShortKey): RouteFacts | undefined {
  const route = router.route(destination);
  const firstHop = route && peers.bySession(route.neighbor)?.key;
  if (route === undefined || route.hops < 2 || firstHop === undefined) return undefined;
  return { hops: route.hops, firstHop, mtu: route.mtu };
}
