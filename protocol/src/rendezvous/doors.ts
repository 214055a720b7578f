import type { DropReason } from '../kernel/fault.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Found, Lookup, Store } from '../packet/message.js';

/** What nodes say to each other about records that third nodes keep. */
export type IndexMessage = Store | Lookup | Found;

/** `neighbor` is the number of the session with that station, as in routing. */
export type IndexInput =
  /** Two-way proof. `bitrate` 0: unknown. */
  | { readonly kind: 'neighborUp'; readonly neighbor: number; readonly bitrate: number }
  | { readonly kind: 'neighborDown'; readonly neighbor: number }
  | { readonly kind: 'message'; readonly neighbor: number; readonly message: IndexMessage }
  /** Others that keep records and that there is a route to. */
  | { readonly kind: 'holders'; readonly holders: readonly ShortKey[] }
  /** Whether this node keeps records, and the supernodes where others find it. */
  | { readonly kind: 'service'; readonly isHolder: boolean; readonly where: readonly ShortKey[] }
  /** What this node says of itself, signed; its name in it. */
  | { readonly kind: 'own'; readonly name: string; readonly record: Uint8Array }
  /** A way to that node is wanted: who keeps its record knows where it is. */
  | { readonly kind: 'seekNode'; readonly node: ShortKey }
  /** Everybody who claims that name is wanted, until somebody does or the time is over. */
  | { readonly kind: 'seekName'; readonly name: string; readonly until: Instant }
  /** Topics that this node publishes, and those that it listens to whoever publishes them: all of them. */
  | { readonly kind: 'topics'; readonly published: readonly string[]; readonly wanted: readonly string[] }
  /** Whether any node is known that is not a neighbour. */
  | { readonly kind: 'beyond'; readonly isBeyond: boolean }
  /** Nobody needs to be asked for that name any longer. */
  | { readonly kind: 'known'; readonly name: string }
  | { readonly kind: 'timeout' };

export type IndexOutput =
  | {
      readonly kind: 'send';
      readonly neighbor: number;
      readonly message: IndexMessage;
      readonly delivery: 'datagram' | 'reliable';
    }
  /** To the neighbour that leads there, unless it is the one to leave out; lost when nobody does. */
  | {
      readonly kind: 'sendTowards';
      readonly destination: ShortKey;
      readonly except: number | undefined;
      readonly message: IndexMessage;
      readonly delivery: 'datagram' | 'reliable';
    }
  /** A record that was asked for, and is what was asked for; `where`: supernodes near its node. */
  | {
      readonly kind: 'found';
      readonly node: ShortKey;
      readonly record: Uint8Array;
      readonly where: readonly ShortKey[];
    }
  /** That node publishes a topic that this one listens to; told again and again. */
  | {
      readonly kind: 'introduced';
      readonly peer: NodeKey;
      readonly publicKey: Uint8Array;
      readonly where: readonly ShortKey[];
    }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

export interface IndexFigures {
  /** Records kept for others. */
  readonly records: number;
  /** Own look-ups of names that ended: with what those closest to the key keep, after asking all, in vain. */
  readonly byHolders: number;
  readonly byRings: number;
  readonly inVain: number;
  /** The same of ids: who is looked for by its id may be gone. */
  readonly idsFound: number;
  readonly idsInVain: number;
}
