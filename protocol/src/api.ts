import type { DropReason } from './kernel/fault.js';
import type {
  BROADCAST,
  DirectVia,
  LinkAddress,
  LinkId,
  LinkInfo,
  NodeKey,
  ShortKey,
} from './kernel/link.js';
import type { Instant } from './kernel/time.js';

/** A number the host chooses for each command; its result carries the same one. */
export type CommandId = number;

/**
 * Names in the host's key-value store. Values are opaque bytes of at most 4 KiB, written whole or not at all.
 */
export type StoreKey = string;

/** What a host tells a node. Whatever a peer or the world does wrong is told by outputs, never thrown. */
export type NodeInput =
  /** Packets may come and go on that link from now on; nothing is sent before the boot is stored. */
  | { readonly kind: 'linkUp'; readonly link: LinkId; readonly info: LinkInfo }
  | { readonly kind: 'linkDown'; readonly link: LinkId }
  /** The box in front of the link said that it passes on what comes to these; all that do so now, or none. */
  | { readonly kind: 'mapped'; readonly link: LinkId; readonly addresses: readonly LinkAddress[] }
  /** `bytes` are borrowed: valid until handleInput returns. */
  | { readonly kind: 'packet'; readonly link: LinkId; readonly from: LinkAddress; readonly bytes: Uint8Array }
  /** The store has what `persist` last said of that key. What it does not confirm is not relied upon. */
  | { readonly kind: 'persisted'; readonly key: StoreKey }
  /** Unix time in ms, of now. May never come on a microcontroller, and may jump. */
  | { readonly kind: 'wallClock'; readonly unixMs: number }
  /** What this node has to serve others with, as far as it changed (SPEC §8.6). */
  | { readonly kind: 'capability'; readonly capability: Partial<Capability> }
  /** Throws UsageError for what the caller can avoid; then nothing was done. */
  | { readonly kind: 'command'; readonly id: CommandId; readonly command: Command }
  /** The time that `pollTimeout` gave has come. */
  | { readonly kind: 'timeout' };

/** What a node wants of its host, and what it tells it. */
export type NodeOutput =
  /** `to` may be BROADCAST on a broadcast link. */
  | {
      readonly kind: 'transmit';
      readonly link: LinkId;
      readonly to: LinkAddress | typeof BROADCAST;
      readonly bytes: Uint8Array;
    }
  /** To be kept over restarts and given back as `restored`; undefined: to be deleted. */
  | { readonly kind: 'persist'; readonly key: StoreKey; readonly value: Uint8Array | undefined }
  | { readonly kind: 'event'; readonly event: NodeEvent }
  /** A packet that changed nothing, for counting; `link` undefined: it came by way of neighbors. */
  | { readonly kind: 'dropped'; readonly link: LinkId | undefined; readonly reason: DropReason };

/** 0 ... 1: at most once, or once and acknowledged. */
export type QualityOfService = 0 | 1;

/** What the application asks of a node; in brackets the codes of the UsageError that misuse throws. */
export type Command =
  /**
   * Greets a station at an address of an `address` or `broadcast` link, and again until it answers; with
   * `rung` only as a way into the network (SPEC §8.1).
   */
  | {
      readonly kind: 'connect';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly rung?: Rung | undefined;
    }
  | { readonly kind: 'disconnect'; readonly link: LinkId; readonly address: LinkAddress }
  /**
   * `to`: a name or a NodeKey; `path`: 1 to 128 bytes of UTF-8; `deadlineMs`: from now, 10 minutes at most.
   * Ends with `response` or `failed`. (`badPath`, `badDeadline`, `commandId`: the id is in use.)
   */
  | {
      readonly kind: 'request';
      readonly to: string;
      readonly path: string;
      readonly body: Uint8Array;
      readonly deadlineMs: number;
    }
  /** Ends a `request`, which then ends with `failed`, `cancelled`. */
  | { readonly kind: 'cancel'; readonly command: CommandId }
  /** Answers a `request` event; one that is over is answered into the void. (`badStatus`) */
  | { readonly kind: 'respond'; readonly request: number; readonly status: Status; readonly body: Uint8Array }
  /**
   * To every subscriber of `topic`, 1 to 128 bytes of UTF-8 without '*'. Ends with `published` (qos 1: once
   * every present subscriber has acknowledged) or `failed`. (`badTopic`, `badQos`)
   */
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly body: Uint8Array;
      readonly qos: QualityOfService;
    }
  /**
   * `pattern`: 'publisher/topic' or '*' + '/topic'. Messages come as `message` events; `failed`, `busy` when
   * there are too many. (`badPattern`, `badQos`)
   */
  | { readonly kind: 'subscribe'; readonly pattern: string; readonly qos: QualityOfService }
  | { readonly kind: 'unsubscribe'; readonly pattern: string }
  /** How much it is willing to serve others as a supernode: 0 never, at once, to 7. (`badWillingness`) */
  | { readonly kind: 'setWillingness'; readonly value: number }
  /** Round trip over the present path; `deadlineMs`: from now. Ends with `pong` or `failed`. */
  | { readonly kind: 'ping'; readonly to: string; readonly deadlineMs: number }
  /**
   * Says goodbye to all, suspends sessions into tickets. Ends with `stopped`. `sleepMs`: it means to be back
   * after so long, and is asleep until then, not offline.
   */
  | { readonly kind: 'stop'; readonly sleepMs?: number | undefined };

/**
 * When a station is greeted that is only a way into the network. `introduction`: while nobody is there, such
 * as the addresses in a join ticket; `bootstrap`: when nobody has been there for a minute or two.
 */
export type Rung = 'introduction' | 'bootstrap';

/** Of a response (SPEC §9.1). */
export const Status = {
  ok: 0,
  notFound: 1,
  refused: 2,
  badRequest: 3,
  failed: 4,
  tooLarge: 5,
  busy: 6,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Why a command ended without its answer. */
export type FailureCode =
  | 'timeout' // the peer is known, no answer within the deadline
  | 'unknownPeer' // nobody of that name appeared within the deadline
  | 'unreachable' // no path, or the session closed
  | 'asleep' // the peer means to be back later than the deadline
  | 'cancelled'
  | 'tooLarge' // more than a message may carry
  | 'relayBusy' // somebody on the way does not forward for this node now
  | 'busy'; // a queue of ours is full

/** Who does not forward for this node, and when it is worth another try. */
export interface RelayRefusal {
  readonly relay: PeerName;
  readonly retryMs: number;
}

/** What a node tells the application. Bodies are owned by the receiver. */
export type NodeEvent =
  /** Everything that is known of a peer, again whenever one of the facts changes. */
  | { readonly kind: 'peer'; readonly peer: PeerReport }
  | {
      readonly kind: 'request';
      readonly request: number;
      readonly from: PeerName;
      readonly path: string;
      readonly body: Uint8Array;
    }
  /** The asker lost interest in a `request`. */
  | { readonly kind: 'requestCancelled'; readonly request: number }
  | { readonly kind: 'message'; readonly from: PeerName; readonly topic: string; readonly body: Uint8Array }
  | {
      readonly kind: 'response';
      readonly command: CommandId;
      readonly status: Status;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: 'published';
      readonly command: CommandId;
      readonly subscribers: number;
      /** Those that had not acknowledged when they were given up; it may reach them all the same, once. */
      readonly lost: number;
    }
  | {
      readonly kind: 'pong';
      readonly command: CommandId;
      readonly roundTripMs: number;
      readonly path: PathReport;
    }
  /** What this node does for others and who does it for this one, again whenever that changes. */
  | { readonly kind: 'role'; readonly role: RoleReport }
  | {
      readonly kind: 'failed';
      readonly command: CommandId;
      readonly code: FailureCode;
      /** With `relayBusy`. */
      readonly refusal?: RelayRefusal;
    }
  /** As others see a link of this node, again whenever that changes. */
  | { readonly kind: 'reachability'; readonly reachability: ReachabilityReport }
  | { readonly kind: 'stopped'; readonly command: CommandId };

/**
 * Which address in the open a link has towards others: its own (`none`), one for all (`independent`), another
 * one for each, the next in order (`predictable`) or any (`random`).
 */
export type MappingKind = 'unknown' | 'none' | 'independent' | 'predictable' | 'random';

/**
 * Who can reach that address unasked: anybody (`open`), whoever has an IP address that something was sent to
 * (`address`), or no stranger (`restricted`).
 */
export type FilteringKind = 'unknown' | 'open' | 'address' | 'restricted';

/** As others see one link of this node. */
export interface ReachabilityReport {
  readonly link: LinkId;
  /** Undefined when nobody has said. */
  readonly address: LinkAddress | undefined;
  readonly mapping: MappingKind;
  readonly filtering: FilteringKind;
  /** Who said so, and when by the node's monotonic clock. */
  readonly evidence: readonly ReachabilityEvidence[];
}

/** From which address one peer gets this node's packets. */
export interface ReachabilityEvidence {
  readonly observer: NodeKey;
  readonly address: LinkAddress;
  /** Monotonic ms. */
  readonly at: number;
}

/** Who somebody is: the id proves it, the name is how people call it. */
export interface PeerName {
  /** 32 hexadecimal digits; 16 where no more than the short id is known. */
  readonly id: NodeKey;
  /** '' while the peer's record is unknown. */
  readonly name: string;
}

/** All that is told of a peer, from presence and paths (SPEC §9.5, §7.8). */
export interface PeerReport extends PeerName {
  /** Any authenticated packet proves online; discovery never does. */
  readonly status: 'online' | 'offline' | 'asleep' | 'unknown';
  /** Asleep: when it means to be back, by the node's monotonic clock. */
  readonly dueAt?: Instant | undefined;
  readonly path: PathReport;
  /** When the last authenticated packet came, by the node's monotonic clock; undefined before the first. */
  readonly heardAt: number | undefined;
}

/** What the score of a node is made of; the profile has defaults. */
export interface Capability {
  /** Charge; absent on mains. Below 20 nobody serves. */
  readonly batteryPercent?: number;
  /** It sleeps, so nobody may rely on it. */
  readonly isAsleep?: boolean;
  /** Free for others. */
  readonly memoryKiB: number;
  readonly bandwidthKbit: number;
  /** From outside its network; `local`: where that does not matter. */
  readonly reachability: 'open' | 'mapped' | 'lan' | 'local' | 'symmetric';
}

/** The part of this node in the network (SPEC §8.7). Instants are monotonic ms. */
export interface RoleReport {
  readonly state: 'listen' | 'leaf' | 'candidate' | 'super' | 'retiring' | 'handover';
  readonly since: number;
  /** 0 (never) to 15, and its parts in per cent. */
  readonly score: number;
  readonly parts: Readonly<
    Record<'energy' | 'availability' | 'memory' | 'bandwidth' | 'reachability', number>
  >;
  /** Service owed to the others is low, given is high: in quarter terms. */
  readonly debt: number;
  /** When the term of a supernode is over. */
  readonly termEndsAt: number | undefined;
  /** Who holds a reservation here. */
  readonly serves: readonly PeerName[];
  /** How many supernodes this node should have, whether it lacks one, and those it has. */
  readonly wanted: number;
  readonly isNeedy: boolean;
  readonly supernodes: readonly {
    readonly peer: PeerName;
    readonly since: number;
    readonly until: number;
    /** What it forwards for this node at most. */
    readonly bytesPerMinute: number;
  }[];
}

/** The service of others that forward. */
export interface Limited {
  readonly bytesPerMinute: number;
  /** The largest packet on the way, in bytes; what is larger goes in parts. */
  readonly frameMax: number;
}

/** Told honestly: 'direct' only when the last authenticated packet came on that very link. */
export interface PathReport {
  readonly kind: 'direct' | 'relayed' | 'unknown' | 'none';
  /** kind direct: the link. */
  readonly link?: { readonly id: LinkId; readonly kind: string; readonly name: string };
  /** kind relayed: the neighbour that forwards first, and how many links there are in all. */
  readonly via?: readonly PeerName[];
  readonly hops?: number;
  /** kind relayed: what the neighbour that forwards first has granted, when it has granted a reservation. */
  readonly limited?: Limited;
  /** Smoothed, of the answers over this path; absent before the first, and old at rest. */
  readonly roundTripMs?: number;
  /** When this path was taken, and when it last proved itself; monotonic ms. */
  readonly since: number;
  readonly verifiedAt?: number;
  /** Why it is not direct. */
  readonly reason?: PathReason;
}

/** Why a path is not direct, or is none. */
export type PathReason =
  | 'noCommonLink' // no link of ours reaches it
  | 'validating' // an address is known and is being tried
  | 'silent' // the direct path stopped answering
  | 'notContacted' // known by its record or a route, nothing sent yet
  | 'asymmetric' // direct in one direction only
  | 'noRoute'; // nobody forwards to it

export type { DirectVia, LinkInfo, NodeKey, ShortKey };
