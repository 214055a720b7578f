import type { NodeEvent } from '../api.js';
import type { DropReason } from '../kernel/fault.js';
import type { DirectVia, LinkAddress, LinkId, LinkInfo, NodeKey, Via } from '../kernel/link.js';
import type { ProbeFor, ProbeWanted, Punch, Sync, Witness, WitnessWanted } from '../packet/message.js';
import type { SessionKeys } from '../session/keys.js';

/* What goes into and comes out of traversal. A session is a small number that its owner chose. */

export type TraversalMessage = Punch | Sync | Witness | WitnessWanted | ProbeWanted | ProbeFor;

export type TraversalInput =
  | { readonly kind: 'linkUp'; readonly link: LinkId; readonly info: LinkInfo }
  | { readonly kind: 'linkDown'; readonly link: LinkId }
  | { readonly kind: 'mapped'; readonly link: LinkId; readonly addresses: readonly LinkAddress[] }
  /** Also when its keys are new. */
  | {
      readonly kind: 'opened';
      readonly session: number;
      readonly peer: NodeKey;
      readonly keys: SessionKeys;
      /** Of the session before: the peer may take that one for the newer. */
      readonly formerKeys: SessionKeys | undefined;
    }
  /** Messages get through. */
  | { readonly kind: 'attached'; readonly session: number }
  | { readonly kind: 'closed'; readonly session: number }
  /** Where its packets go now; `isValid`: the address has proved itself. */
  | {
      readonly kind: 'path';
      readonly session: number;
      readonly via: Via | undefined;
      readonly isValid: boolean;
    }
  | { readonly kind: 'roundTrip'; readonly session: number; readonly ms: number }
  | { readonly kind: 'message'; readonly session: number; readonly message: TraversalMessage }
  /** A PONG came back by a direct path: from where the peer sees this node. */
  | {
      readonly kind: 'pong';
      readonly session: number;
      readonly via: DirectVia;
      readonly token: number;
      readonly observed: LinkAddress;
    }
  | { readonly kind: 'probe'; readonly via: DirectVia; readonly bytes: Uint8Array }
  | { readonly kind: 'timeout' };

export type TraversalOutput =
  /** By the path that its packets take. */
  | { readonly kind: 'send'; readonly session: number; readonly message: TraversalMessage }
  /** By that very via. */
  | { readonly kind: 'ping'; readonly session: number; readonly via: DirectVia; readonly token: number }
  /** A packet with nothing in it, by the path that its packets take: it keeps mappings open. */
  | { readonly kind: 'nudge'; readonly session: number; readonly via: DirectVia }
  | { readonly kind: 'transmit'; readonly via: DirectVia; readonly bytes: Uint8Array }
  /** A probe went there and its answer came back from there. */
  | {
      readonly kind: 'proven';
      readonly session: number;
      readonly via: DirectVia;
      readonly roundTripMs: number | undefined;
    }
  /** A keepalive went unanswered. */
  | { readonly kind: 'suspect'; readonly session: number }
  | { readonly kind: 'event'; readonly event: Extract<NodeEvent, { kind: 'reachability' }> }
  | { readonly kind: 'dropped'; readonly via: DirectVia; readonly reason: DropReason };

/** PINGs of traversal have these tokens. */
export const TRAVERSAL_TOKEN_FIRST = 0xc000;
export const TRAVERSAL_TOKEN_COUNT = 0x4000;
