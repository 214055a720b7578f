import type { DropReason } from '../kernel/fault.js';
import type { NodeKey, Via } from '../kernel/link.js';
import type { Message } from '../packet/message.js';
import type { SessionKeys } from './keys.js';

/**
 * What the session layer tells its owner. `session` is the number of the association, stable across new keys.
 */
export type SessionOutput =
  /**
   * `session`: of a session packet, whose via may have an allowance. `isAsked`: by `sendVia`, on the account
   * of who asked.
   */
  | {
      readonly kind: 'transmit';
      readonly via: Via;
      readonly bytes: Uint8Array;
      readonly session?: number;
      readonly isAsked?: boolean;
    }
  /** Keys are there and `via` has proved that it works both ways. */
  | {
      readonly kind: 'opened';
      readonly session: number;
      readonly peer: NodeKey;
      readonly publicKey: Uint8Array;
      readonly via: Via;
      readonly keys: SessionKeys;
    }
  /** Reliable delivery runs. `isFresh`: the peer started anew, what it knew of us is gone. */
  | { readonly kind: 'attached'; readonly session: number; readonly peer: NodeKey; readonly isFresh: boolean }
  /**
   * An authenticated packet came; told when its via is not the one in use, else at most four times a second.
   */
  | {
      readonly kind: 'heard';
      readonly session: number;
      readonly via: Via;
      readonly isNewest: boolean;
      /** It holds nothing but what tries a path, so that the peer has not moved there. */
      readonly isProbing: boolean;
      readonly bytes: number;
    }
  /** A message that is not the session layer's own. */
  | {
      readonly kind: 'message';
      readonly session: number;
      readonly peer: NodeKey;
      readonly via: Via;
      readonly message: Message;
      /** What came reliably comes once; a datagram may be asked for again. */
      readonly delivery: 'datagram' | 'reliable';
    }
  | { readonly kind: 'settled'; readonly tag: number; readonly ok: boolean }
  | { readonly kind: 'roundTrip'; readonly session: number; readonly ms: number }
  /** Two retransmission timeouts in a row: the path may be dead. */
  | { readonly kind: 'suspect'; readonly session: number }
  /** Something waits for a peer without a session: give it a via with `open`. */
  | { readonly kind: 'wanted'; readonly peer: NodeKey }
  /** Nobody answered at `via`; `peer` is undefined when it was not known who is there. */
  | { readonly kind: 'unanswered'; readonly peer: NodeKey | undefined; readonly via: Via }
  /** A session came about by another way before anybody answered there. */
  | { readonly kind: 'outrun'; readonly peer: NodeKey; readonly via: Via }
  /** There are no keys any more; the number may come again with `opened`. */
  | { readonly kind: 'closed'; readonly session: number; readonly peer: NodeKey }
  | { readonly kind: 'persist'; readonly key: string; readonly value: Uint8Array | undefined }
  | { readonly kind: 'dropped'; readonly via: Via; readonly reason: DropReason };
