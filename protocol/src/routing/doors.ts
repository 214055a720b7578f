import type { DropReason } from '../kernel/fault.js';
import type { DirectVia, LinkInfo, ShortKey } from '../kernel/link.js';
import type {
  Heartbeat,
  Label,
  LabelUnknown,
  RelayRefused,
  RouteRequest,
  RouteSeek,
  RouteSeekBack,
  Routes,
  RoutesWanted,
  RouteUnwanted,
  Vicinity,
} from '../packet/message.js';
import type { NeighborIntroduction } from './neighbor.js';

/** What neighbours tell each other about forwarding. */
export type RoutingMessage =
  | Routes
  | RoutesWanted
  | RouteRequest
  | RouteSeek
  | RouteSeekBack
  | RouteUnwanted
  | Vicinity
  | Label
  | LabelUnknown
  | RelayRefused
  | Heartbeat;

/** `neighbor` is the number of the session with that station, below 2^32, everywhere. */
export type RouterInput =
  /**
   * A session has a proven direct path. Keys are 32 B, one per direction; the same keys may come again for
   * the same neighbour, whose hop counters then go on, but never for another one.
   */
  | ({ readonly kind: 'neighborUp' } & NeighborIntroduction)
  | {
      readonly kind: 'neighborMoved';
      readonly neighbor: number;
      readonly via: DirectVia;
      readonly link: LinkInfo;
    }
  /** The session has no direct path any more. Its hop counters are remembered. */
  | { readonly kind: 'neighborDown'; readonly neighbor: number }
  /** The session is over: its keys are never used again. */
  | { readonly kind: 'neighborClosed'; readonly neighbor: number }
  /** An authenticated packet came over the direct path. */
  | { readonly kind: 'heard'; readonly neighbor: number }
  | { readonly kind: 'roundTrip'; readonly neighbor: number; readonly ms: number }
  | { readonly kind: 'loss'; readonly neighbor: number; readonly perMille: number }
  /** First byte 0x18-0x3f or 0x70. `bytes` are borrowed. */
  | { readonly kind: 'frame'; readonly via: DirectVia; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly neighbor: number; readonly message: RoutingMessage }
  /** A reliable message with that tag was taken by its receiver, or never will be. */
  | { readonly kind: 'settled'; readonly tag: number; readonly ok: boolean }
  /**
   * Whether this node serves others as a supernode: routes to it are kept by everybody who has room; and
   * whether it keeps records for them.
   */
  | { readonly kind: 'landmark'; readonly isLandmark: boolean; readonly holdsIndex?: boolean }
  /**
   * A way to that node and back is wanted, perhaps since before; `landmarks`: supernodes that may know one;
   * `near`: neighbours that say that it is next to them.
   */
  | {
      readonly kind: 'seek';
      readonly destination: ShortKey;
      readonly landmarks?: readonly ShortKey[];
      readonly near?: readonly ShortKey[];
    }
  | { readonly kind: 'send'; readonly to: ShortKey; readonly packet: Uint8Array }
  /** Heartbeats are at most so far apart, because others rely on this node; undefined: as the link says. */
  | { readonly kind: 'pace'; readonly intervalMsMax: number | undefined }
  | { readonly kind: 'timeout' };

/** A supernode that this node has a route to. */
export interface Landmark {
  readonly destination: ShortKey;
  readonly metric: number;
  readonly hops: number;
}

export type RouterOutput =
  /** `bytes` may exceed the MTU of the link. */
  | { readonly kind: 'transmit'; readonly via: DirectVia; readonly bytes: Uint8Array }
  | {
      readonly kind: 'message';
      readonly neighbor: number;
      readonly message: RoutingMessage;
      readonly reliable: boolean;
      /** Comes back with `settled`. */
      readonly tag?: number;
    }
  /** A packet for this node that neighbours forwarded. */
  | { readonly kind: 'deliver'; readonly from: ShortKey; readonly bytes: Uint8Array }
  /**
   * The way to a destination changed; `hops` and `firstHop` are undefined when there is none any more. `mtu`:
   * the smallest of the links on it, the forward frame included.
   */
  | {
      readonly kind: 'route';
      readonly destination: ShortKey;
      readonly hops: number | undefined;
      readonly firstHop: number | undefined;
      readonly mtu: number;
      readonly metric: number;
    }
  /** A search for that node has begun, and no landmark is known that it could go to. */
  | { readonly kind: 'sought'; readonly destination: ShortKey }
  /** Nothing authenticated came for the hold time: no route uses it until it is heard again. */
  | { readonly kind: 'neighborDead'; readonly neighbor: number }
  /** Frames go there and nothing comes: two PINGs say whether it is there. */
  | { readonly kind: 'neighborDoubted'; readonly neighbor: number }
  /** A relay does not forward for this node now. */
  | {
      readonly kind: 'refused';
      readonly destination: ShortKey;
      readonly relay: ShortKey;
      readonly retryMs: number;
    }
  /** The network remembers a later boot of this node than its own store: keep this one instead. */
  | { readonly kind: 'boot'; readonly boot: number }
  | { readonly kind: 'dropped'; readonly reason: DropReason };
