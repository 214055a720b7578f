import type { DirectVia, LinkInfo, NodeKey, ShortKey, Via } from '../kernel/link.js';
import type { SessionKeys } from '../session/keys.js';

/** What ties the machines of a node together for one peer with a session. */
export interface Peer {
  readonly session: number;
  readonly key: NodeKey;
  readonly short: ShortKey;
  keys: SessionKeys;
  /** Those before: the peer may take them for the newer ones. */
  formerKeys: SessionKeys | undefined;
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
  /** It has said, under the keys in use, which life it is in. */
  isConfirmed: boolean;
  /** The services were told that it is up. */
  isUp: boolean;
}

/** Peers by session number; by id one is looked for seldom, and they are few. */
export class PeerBook {
  readonly #peers = new Map<number, Peer>();

  bySession(session: number): Peer | undefined {
    return this.#peers.get(session);
  }

  byKey(key: NodeKey): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.key === key) return peer;
    return undefined;
  }

  byShort(short: ShortKey): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.short === short) return peer;
    return undefined;
  }

  all(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** Whether a neighbour has its path there. */
  isNeighborAt({ link, address }: DirectVia): boolean {
    for (const { isNeighbor, via } of this.#peers.values()) {
      if (isNeighbor && via?.kind === 'direct' && via.link === link && via.address === address) return true;
    }
    return false;
  }

  add(peer: Peer): void {
    this.#peers.set(peer.session, peer);
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer.session);
  }
}
