import type { PeerView } from '../peer-view.js';

/** The network as one gateway sees it, for maps. */
export interface Topology {
  /** Unix seconds. */
  readonly at: number;
  /** Whose view it is. */
  readonly from: string;
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
}

interface TopologyNode {
  readonly id: string;
  readonly name: string;
  readonly status: PeerView['status'];
  /** The gateway that speaks for it on this broker. */
  readonly gateway: string;
}

/** A path: drawn through its first hop where it is relayed. */
interface TopologyEdge {
  readonly a: string;
  readonly b: string;
  readonly path: PeerView['path']['kind'];
  readonly link?: string | undefined;
  readonly rtt?: number | undefined;
  readonly hops?: number | undefined;
  readonly firstHop?: string | undefined;
  readonly reason?: string | undefined;
}

export function topologyOf(
  self: { readonly id: string; readonly name: string },
  peers: readonly PeerView[],
  gatewayOf: (device: string) => string,
): Topology {
  const nodeOf = ({ id, name, status }: Pick<PeerView, 'id' | 'name' | 'status'>): TopologyNode => ({
    id,
    name,
    status,
    gateway: gatewayOf(id),
  });
  const edges = peers.map(({ name, path }): TopologyEdge => {
    const { kind, link, roundTripMs, hops, via, reason } = path;
    const rtt = roundTripMs === undefined ? undefined : Math.round(roundTripMs * 10) / 10;
    const hopCount = kind === 'direct' ? 1 : hops;
    return { a: self.name, b: name, path: kind, link, rtt, hops: hopCount, firstHop: via?.[0], reason };
  });
  const at = Math.floor(Date.now() / 1000);
  return { at, from: self.name, nodes: [nodeOf({ ...self, status: 'online' }), ...peers.map(nodeOf)], edges };
}
