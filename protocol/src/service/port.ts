import type { CommandId, NodeEvent } from '../api.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import type { MailInput } from '../mail/doors.js';
import type { Message } from '../packet/message.js';

/**
 * What every service machine may say to its node and hear from it. A service knows peers by their NodeKey
 * only: links, addresses and ciphertext end below.
 */

/** 'datagram' may be lost, 'reliable' arrives once and in order as long as the session lives. */
export type Delivery = 'datagram' | 'reliable';

/**
 * To a peer without a session the node opens one first. A `tag` is settled exactly once: when the peer has
 * acknowledged the message, or when the node gives it up. The byte arrays in `message` are shared: read,
 * never written.
 */
export interface Send {
  readonly kind: 'send';
  readonly to: NodeKey;
  readonly message: Message;
  readonly delivery: Delivery;
  readonly tag?: number;
}

export interface Emit {
  readonly kind: 'event';
  readonly event: NodeEvent;
}

/** A message of an authenticated peer was ignored. */
export interface Dropped {
  readonly kind: 'dropped';
  readonly reason: DropReason;
}

/** Requests go unanswered: the path may be dead, or the peer may only be slow. The node finds out. */
export interface Doubt {
  readonly kind: 'doubt';
  readonly peer: NodeKey;
}

export type PortOutput = Send | Emit | Dropped | Doubt | Extract<MailInput, { kind: 'post' }>;

/**
 * The tag in the number space that several machines share: each has the numbers of one remainder. Field by
 * field, as a spread costs as much as encoding the message.
 */
export function retagged(send: Send, count: number, remainder: number): Send {
  const { to, message, delivery, tag } = send;
  if (tag === undefined) return send;
  return { kind: 'send', to, message, delivery, tag: tag * count + remainder };
}

/** The end of an outbox that a part of a machine writes to. */
export interface Sink<T> {
  push(output: T): void;
}

/**
 * 'unreachable': the node gave the peer up, and all that was under way to it. 'closed': the session ended,
 * what was under way may still go over the next one. 'restarted': the peer lost its memory; `peerUp` follows.
 */
export type PeerDownCode = 'unreachable' | 'closed' | 'restarted';

export type PortInput =
  /**
   * A session is established. `resumed`: the peer has not restarted since the last one, so it knows what it
   * knew.
   */
  | { readonly kind: 'peerUp'; readonly peer: NodeKey; readonly resumed: boolean }
  | { readonly kind: 'peerDown'; readonly peer: NodeKey; readonly code: PeerDownCode }
  | { readonly kind: 'settled'; readonly tag: number; readonly ok: boolean }
  /** Bytes of messages that one packet to this peer carries, 0 without a path; also before `peerUp`. */
  | { readonly kind: 'room'; readonly peer: NodeKey; readonly bytes: number }
  /**
   * `delivery`: how it came. What came reliably is not asked for again, so its answer must be reliable too.
   */
  | {
      readonly kind: 'message';
      readonly from: NodeKey;
      readonly message: Message;
      readonly delivery: Delivery;
      /** Of a question for a record: the way to that node goes there, if there is one. */
      readonly firstHop?: NodeKey | undefined;
    }
  /** The catalog knows a peer under this displayed name, which is unique here. */
  | { readonly kind: 'peerNamed'; readonly peer: NodeKey; readonly name: string }
  /** The catalog forgot a peer. */
  | { readonly kind: 'peerGone'; readonly peer: NodeKey }
  | { readonly kind: 'timeout' };

/** A command of the application together with its id. */
export interface CommandInput<Kind> {
  readonly kind: 'command';
  readonly id: CommandId;
  readonly command: Kind;
}

/** Bytes of messages in one packet until the node says otherwise: fits a 480-byte datagram. */
export const ROOM_BYTES = 400;
