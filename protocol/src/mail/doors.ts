import type { MailFailure } from '../api.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Mailbox, Message } from '../packet/message.js';

/** The mail of nodes that sleep (SPEC §8.12): what its three parts hear and say. */

export type MailMessage = Extract<
  Message,
  { kind: 'mailbox' | 'post' | 'posted' | 'mail' | 'mailTaken' | 'mailReceipt' }
>;

export type MailInput =
  | {
      readonly kind: 'message';
      readonly from: NodeKey;
      readonly message: MailMessage;
      /** This node serves it, so it may have a box here. */
      readonly isClient: boolean;
    }
  /** A publication for one who sleeps; ends with `mailed`, at the latest when its keepers give it up. */
  | {
      readonly kind: 'post';
      readonly tag: number;
      readonly to: NodeKey;
      readonly topic: string;
      readonly body: Uint8Array;
    }
  /** This node goes to sleep; ends with `notice`. `candidates`: who may keep its mail, the best first. */
  | {
      readonly kind: 'sleep';
      readonly forMs: number;
      readonly candidates: readonly NodeKey[];
    }
  /** This node goes, or wants to keep nothing for others any more. */
  | { readonly kind: 'stop' }
  /** The application listens to something more. */
  | { readonly kind: 'listen' }
  | { readonly kind: 'peerUp' | 'peerDown'; readonly peer: NodeKey }
  | { readonly kind: 'persisted'; readonly key: string }
  | { readonly kind: 'timeout' };

export type MailOutput =
  /** Reliably. */
  | {
      readonly kind: 'send';
      readonly to: NodeKey;
      readonly message: MailMessage;
    }
  /** To everybody with a session, together with the goodbye, as neither may come without the other. */
  | { readonly kind: 'notice'; readonly message: Mailbox }
  | { readonly kind: 'persist'; readonly key: string; readonly value: Uint8Array }
  /** Opened, the first time, and wanted. */
  | {
      readonly kind: 'letter';
      readonly from: NodeKey;
      readonly name: string;
      readonly topic: string;
      readonly body: Uint8Array;
    }
  /** That peer sleeps and has keepers: what is published under these topics may be sent as mail. */
  | { readonly kind: 'sleeper'; readonly peer: NodeKey; readonly topics: readonly string[] }
  | { readonly kind: 'mailed'; readonly tag: number; readonly fate: MailFate }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

/** Kept is not the end: it is delivered, or lost, when the receiver was awake, or was not until then. */
export type MailFate =
  | { readonly state: 'kept'; readonly until: Instant; readonly keepers: number }
  | { readonly state: 'delivered' }
  | { readonly state: 'lost'; readonly reason: MailFailure };

/** Of a letter that was posted (SPEC §8.12). */
export const Verdict = { kept: 0, noBox: 1, full: 2, share: 3, gone: 4 } as const;

/** What the parts look up in the node around them. */
export interface MailSurroundings {
  /** It has a session with this node now. */
  isUp(peer: NodeKey): boolean;
  publicKeyOf(peer: NodeKey): Uint8Array | undefined;
  /** What a peer subscribed to with qos 1 here. */
  topicsOf(peer: NodeKey): readonly string[];
  /** Whether the application listens to that topic of that node, which calls itself so. */
  wants(peer: NodeKey, name: string, topic: string): boolean;
}
