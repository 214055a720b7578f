import type { DirectVia, LinkInfo, NodeKey, ShortKey, Via } from '../kernel/link.js';
import type { SessionKeys } from '../session/keys.js';

/** What ties the machines of a node together for one peer with a session. */
export interface Peer {
  readonly session: number;
  readonly key: NodeKey;
  readonly short: ShortKey;
  keys: SessionKeys;
  via: Via | undefined;
  link: LinkInfo | undefined;
  /** Bytes that may still go to a via that is not validated; undefined when it is. */
  allowance: number | undefined;
  /** The router knows it as a neighbour. */
  isNeighbor: boolean;
  /** It has no path, and was heard of since; the next beacon of it begins a handshake. */
  isMissed: boolean;
  /** Reliable delivery runs, so the services may be told that it is up. */
  isAttached: boolean;
  /** The services were told that it is up. */
  isUp: boolean;
}

/** Peers by session number and by id. */
export class PeerBook {
  readonly #bySession = new Map<number, Peer>();
  readonly #byKey = new Map<NodeKey, Peer>();

  bySession(session: number): Peer | undefined {
    return this.#bySession.get(session);
  }

  byKey(key: NodeKey): Peer | undefined {
    return this.#byKey.get(key);
  }

  byShort(short: ShortKey): Peer | undefined {
    for (const peer of this.#bySession.values()) if (peer.short === short) return peer;
    return undefined;
  }

  all(): Iterable<Peer> {
    return this.#bySession.values();
  }

  /** Whether a neighbour has its path there. */
  isNeighborAt({ link, address }: DirectVia): boolean {
    for (const { isNeighbor, via } of this.#bySession.values()) {
      if (isNeighbor && via?.kind === 'direct' && via.link === link && via.address === address) return true;
    }
    return false;
  }

  add(peer: Peer): void {
    this.#bySession.set(peer.session, peer);
    this.#byKey.set(peer.key, peer);
  }

  remove(peer: Peer): void {
    this.#bySession.delete(peer.session);
    this.#byKey.delete(peer.key);
  }
}
