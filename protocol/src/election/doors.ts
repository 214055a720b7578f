import type { Capability } from '../api.js';
import type { DropReason } from '../kernel/fault.js';
import type { ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Advert, Busy, Release, Reserve, Reserved } from '../packet/message.js';
import type { ScoreParts } from './score.js';

/** What nodes say to each other about roles. */
export type ElectionMessage = Advert | Reserve | Reserved | Busy | Release;

/** `neighbor` is the number of the session with that station, as in routing. */
export type ElectionInput =
  /** Two-way proof; again when its keys are new. `id` has 16 bytes; `bitrate` 0: unknown. */
  | {
      readonly kind: 'neighborUp';
      readonly neighbor: number;
      readonly id: Uint8Array;
      readonly bitrate: number;
    }
  | { readonly kind: 'neighborDown'; readonly neighbor: number }
  /** It may not have what it was told: it is told again. */
  | { readonly kind: 'tellAgain'; readonly neighbor: number }
  | { readonly kind: 'message'; readonly from: ShortKey; readonly message: ElectionMessage }
  /** No path leads there, or it restarted: what was agreed with it is over. */
  | { readonly kind: 'peerDown'; readonly peer: ShortKey }
  /** It may be gone: ask. */
  | { readonly kind: 'suspect'; readonly peer: ShortKey }
  /** A message could not be sent: who that is is not known. */
  | { readonly kind: 'unknownPeer'; readonly peer: ShortKey }
  /** Whether any node is known that is not a neighbour. */
  | { readonly kind: 'beyond'; readonly isBeyond: boolean }
  | { readonly kind: 'capability'; readonly capability: Partial<Capability> }
  | { readonly kind: 'willingness'; readonly value: number }
  | { readonly kind: 'wallClock'; readonly unixMs: number }
  | { readonly kind: 'timeout' };

export type ElectionOutput =
  | {
      readonly kind: 'send';
      readonly to: ShortKey;
      readonly message: ElectionMessage;
      readonly reliable: boolean;
    }
  | { readonly kind: 'advert'; readonly neighbor: number; readonly message: Advert }
  /** How far apart heartbeats to neighbours are at most, while this node serves; undefined: as ever. */
  | { readonly kind: 'pace'; readonly intervalMsMax: number | undefined }
  | { readonly kind: 'role'; readonly role: RoleFacts }
  | { readonly kind: 'persist'; readonly value: Uint8Array }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

export interface RoleFacts {
  readonly state: RoleState;
  readonly since: Instant;
  readonly score: number;
  readonly parts: ScoreParts;
  readonly debt: number;
  readonly era: number;
  /** When the term of a supernode is over. */
  readonly termEndsAt: Instant | undefined;
  /** It has not the reservations that it should have. */
  readonly isNeedy: boolean;
  readonly wanted: number;
  /** Who holds a reservation here. */
  readonly serves: readonly ShortKey[];
  /** Where this node holds one. */
  readonly supernodes: readonly Held[];
}

/** A reservation. */
export interface Held {
  readonly peer: ShortKey;
  readonly since: Instant;
  readonly until: Instant;
  /** What that supernode forwards for this node at most. */
  readonly bytesPerMinute: number;
}

/** Which state may follow which (SPEC §8.7). */
export const ROLE_NEXT = {
  listen: ['leaf'],
  leaf: ['listen', 'candidate'],
  candidate: ['leaf', 'super'],
  super: ['retiring', 'handover'],
  retiring: ['super', 'leaf', 'handover'],
  handover: ['super', 'leaf'],
} as const satisfies Record<string, readonly string[]>;
export type RoleState = keyof typeof ROLE_NEXT;

/** Whether others may rely on a node in this state. */
export function isServing(state: RoleState): boolean {
  return state === 'super' || state === 'retiring' || state === 'handover';
}
