import type { PathReport } from '../api.js';
import type { DirectVia, LinkId, LinkInfo, NodeKey, ShortKey, Via } from '../kernel/link.js';
import type { PathChallenge, Ping } from '../packet/message.js';
import type { RouteFacts } from './peer-paths.js';

/* What goes into and comes out of the path table. A session is a small number that its owner chose. */

export type PathInput =
  | { readonly kind: 'linkUp'; readonly link: LinkId; readonly info: LinkInfo }
  | { readonly kind: 'linkDown'; readonly link: LinkId }
  /** A handshake has gone both ways by `via`. `route`: what routing knows of the peer at this moment. */
  | {
      readonly kind: 'opened';
      readonly session: number;
      readonly peer: NodeKey;
      readonly via: Via;
      readonly route: RouteFacts | undefined;
    }
  | { readonly kind: 'closed'; readonly session: number }
  /**
   * An authenticated packet of `bytes`. `newest`: its counter is greater than any before. `probing`: it holds
   * nothing but PATH challenges and responses, PINGs and PONGs, so that trying a path does not move the peer
   * there.
   */
  | {
      readonly kind: 'heard';
      readonly session: number;
      readonly via: Via;
      readonly newest: boolean;
      readonly probing: boolean;
      readonly bytes: number;
    }
  /** Before the messages of a packet are handled, it is `heard`. */
  | { readonly kind: 'response'; readonly session: number; readonly via: Via; readonly token: Uint8Array }
  /** A PONG that came by `via` to a PING that was sent there, ours or the owner's. */
  | { readonly kind: 'pong'; readonly session: number; readonly via: Via; readonly roundTripMs: number }
  /** An address of a peer that has a session, from a beacon or from a command. */
  | { readonly kind: 'candidate'; readonly session: number; readonly via: DirectVia }
  /** A probe went there and its answer came back from there: proof in both directions. */
  | {
      readonly kind: 'proven';
      readonly session: number;
      readonly via: DirectVia;
      readonly roundTripMs: number | undefined;
    }
  /** Two retransmissions in a row went unanswered. */
  | { readonly kind: 'suspect'; readonly session: number }
  | { readonly kind: 'sent'; readonly session: number; readonly via: Via; readonly bytes: number }
  /**
   * Route changes; `hops` counts links, undefined or 1 when nobody forwards. Ignored for peers without a
   * session.
   */
  | {
      readonly kind: 'route';
      readonly peer: ShortKey;
      readonly hops: number | undefined;
      readonly firstHop: NodeKey | undefined;
      readonly mtu: number;
    }
  /** What supernodes have granted this node, all of them each time. */
  | { readonly kind: 'grants'; readonly grants: readonly Grant[] }
  | { readonly kind: 'timeout' };

/** A supernode, and what it forwards for this node at most. */
export interface Grant {
  readonly firstHop: NodeKey;
  readonly bytesPerMinute: number;
}

export type PathOutput =
  /**
   * PINGs have tokens from 0x8000 to 0xbfff: whoever sends PINGs besides has others, and measures the round
   * trip. `isHinted`: only a `candidate` led there, so the owner must see to it that not too much goes there.
   */
  | {
      readonly kind: 'send';
      readonly session: number;
      readonly via: Via;
      readonly message: PathChallenge | Ping;
      readonly isHinted: boolean;
    }
  | Chosen
  /** Others forward by another way now, on the path in use: what was not acknowledged may go at once. */
  | { readonly kind: 'rerouted'; readonly session: number; readonly via: Via; readonly mtu: number }
  /** What to tell people; only when it changed. */
  | { readonly kind: 'report'; readonly session: number; readonly path: PathReport }
  /**
   * No path for 30 s. Whether the session ends, its owner decides; until then a packet from the peer may
   * revive it.
   */
  | { readonly kind: 'dead'; readonly session: number };

export interface Chosen {
  readonly kind: 'chosen';
  readonly session: number;
  readonly via: Via | undefined;
  /** Bytes of a packet, the frame of a relayed one already taken off. */
  readonly mtu: number;
  /** Of a direct path. */
  readonly link: LinkInfo | undefined;
  /** Bytes that may go there before the address is validated; undefined when it is. */
  readonly allowance: number | undefined;
}
