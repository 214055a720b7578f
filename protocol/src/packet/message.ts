import type { CloseCode } from '../kernel/fault.js';

/**
 * The messages inside a sealed packet (SPEC §6): a CBOR sequence, type number first, then the fields in
 * order. Several may follow each other in one packet. `reliable` is a prefix that numbers the message after
 * it.
 */
export type Message =
  | Ping
  | Pong
  | Heartbeat
  | RecordMessage
  | Find
  | FindNewer
  | Label
  | Routes
  | RoutesWanted
  | RouteRequest
  | RouteSeek
  | RouteSeekBack
  | RouteUnwanted
  | Vicinity
  | RequestMessage
  | ResponseMessage
  | CancelMessage
  | Subscribe
  | Unsubscribe
  | Publish
  | Ack
  | SelectiveAck
  | Reliable
  | Part
  | PathChallenge
  | PathResponse
  | SpareConnections
  | Close
  | Attach
  | TransferRefused
  | LabelUnknown
  | Punch
  | Sync
  | WitnessWanted
  | Witness
  | ProbeWanted
  | ProbeFor
  | Advert
  | Reserve
  | Reserved
  | Busy
  | Release
  | Introduce
  | Asleep
  | Mailbox
  | Post
  | Posted
  | Mail
  | MailTaken
  | MailReceipt
  | RelayRefused
  | Store
  | Lookup
  | Found;

/** Liveness and round trip. `sentAt`: low 32 bits of the sender's clock in ms, echoed. */
export interface Ping {
  readonly kind: 'ping';
  readonly token: number;
  readonly sentAt: number;
}
/** `observed`: the address the PING came from as the link writes it, '' when that says nothing. */
export interface Pong {
  readonly kind: 'pong';
  readonly token: number;
  readonly receivedAt: number;
  readonly observed: string;
}
/**
 * The advert at rest: digest of the sender's routes, and when the next heartbeat is due at the latest (s).
 */
export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly digest: number;
  readonly intervalS: number;
}
/** A signed node record (SPEC §5.4), the sender's own or one it was asked for. */
export interface RecordMessage {
  readonly kind: 'record';
  readonly record: Uint8Array;
}
/** Asks for the record of the node whose id starts with these 8 bytes. */
export interface Find {
  readonly kind: 'find';
  readonly destination: Uint8Array;
}
/** Asks for that record if it is newer than this boot and sequence number, which the sender has. */
export interface FindNewer {
  readonly kind: 'findNewer';
  readonly destination: Uint8Array;
  readonly boot: number;
  readonly sequence: number;
}
/** "Frames from `source` to `destination` may come to me under this label." */
export interface Label {
  readonly kind: 'label';
  readonly label: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}
export interface RouteEntry {
  readonly destination: Uint8Array;
  readonly boot: number;
  readonly sequence: number;
  /** 0xffff retracts. */
  readonly metric: number;
  readonly hops: number;
  /** Smallest MTU on the way, bytes. */
  readonly mtu: number;
  /** What the destination says of itself: ROUTE_IS_LANDMARK, further bits are passed on. */
  readonly flags: number;
}
/** The destination serves others as a supernode: everybody keeps a route to it while there is room. */
export const ROUTE_IS_LANDMARK = 1;
/** It keeps records for others (SPEC §9.6). */
export const ROUTE_HOLDS_INDEX = 2;
export interface Routes {
  readonly kind: 'routes';
  /** A RouteList, or any list. */
  readonly entries: RouteEntries;
}
export interface RouteEntries extends Iterable<RouteEntry> {
  readonly length: number;
}
/** Digest mismatch: send all of your routes. */
export interface RoutesWanted {
  readonly kind: 'routesWanted';
}
/** Asks for a route to `destination` that is at least as new as (boot, sequence). */
export interface RouteRequest {
  readonly kind: 'routeRequest';
  readonly destination: Uint8Array;
  readonly boot: number;
  readonly sequence: number;
  readonly hopLimit: number;
}
/**
 * Asks for a route to a destination that `source` knows none to (SPEC §8.10). It goes towards `towards`, or
 * to everybody when that is the destination itself.
 */
export interface RouteSeek {
  readonly kind: 'routeSeek';
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly towards: Uint8Array;
  readonly hopLimit: number;
}
/** Asks for a route to `source`, back along the way that its search for `destination` came. */
export interface RouteSeekBack {
  readonly kind: 'routeSeekBack';
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
}
/** The route that was sought need not be told any more. */
export interface RouteUnwanted {
  readonly kind: 'routeUnwanted';
  readonly destination: Uint8Array;
}
/** "Tell me destinations of at most so many hops from you", and for landmarks another number. */
export interface Vicinity {
  readonly kind: 'vicinity';
  readonly hops: number;
  readonly landmarkHops: number;
}
/** `path`: text; or an alias; or both, which defines the alias for this session. */
export interface RequestMessage {
  readonly kind: 'request';
  readonly id: number;
  readonly alias: number | undefined;
  readonly path: string | undefined;
  readonly body: Uint8Array;
}
export interface ResponseMessage {
  readonly kind: 'response';
  readonly id: number;
  readonly status: number;
  readonly body: Uint8Array;
}
export interface CancelMessage {
  readonly kind: 'cancel';
  readonly id: number;
}
/** "Publish `path` to me under `alias`", qos 0 or 1. */
export interface Subscribe {
  readonly kind: 'subscribe';
  readonly alias: number;
  readonly qos: number;
  readonly path: string;
}
export interface Unsubscribe {
  readonly kind: 'unsubscribe';
  readonly alias: number;
}
export interface Publish {
  readonly kind: 'publish';
  readonly alias: number;
  readonly body: Uint8Array;
}
/** Everything up to and including `cumulative` (16 bits of the unit number) arrived. */
export interface Ack {
  readonly kind: 'ack';
  readonly cumulative: number;
}
/**
 * As Ack, with gaps: bit i of `bitmap` (least significant first) is unit cumulative + 2 + i. `window`: units
 * I can take.
 */
export interface SelectiveAck {
  readonly kind: 'selectiveAck';
  readonly cumulative: number;
  readonly window: number;
  readonly bitmap: Uint8Array;
}
/** Prefix: the next message in this packet is unit `number` (16 bits) of the reliable sequence. */
export interface Reliable {
  readonly kind: 'reliable';
  readonly number: number;
}
/** A piece of a message that does not fit one packet; always behind a `reliable` prefix. */
export interface Part {
  readonly kind: 'part';
  readonly transfer: number;
  readonly offset: number;
  readonly total: number;
  readonly bytes: Uint8Array;
}
export interface PathChallenge {
  readonly kind: 'pathChallenge';
  readonly token: Uint8Array;
}
export interface PathResponse {
  readonly kind: 'pathResponse';
  readonly token: Uint8Array;
}
/** Connection ids the receiver may use when its address changes. */
export interface SpareConnections {
  readonly kind: 'spareConnections';
  readonly connections: readonly number[];
}
export interface Close {
  readonly kind: 'close';
  readonly code: CloseCode;
}
/**
 * Opens a session to reliable delivery (SPEC §7.9): the sender's incarnation, the one of the receiver that it
 * remembers (0: none), the oldest unit number it may still send (16 bits), how many units it takes ahead, and
 * whether the receiver's own ATTACH of this session has come (1) or is asked for (0).
 */
export interface Attach {
  readonly kind: 'attach';
  readonly mine: number;
  readonly yours: number;
  readonly base: number;
  readonly window: number;
  readonly heard: number;
}
/** The receiver will not reassemble this transfer: larger than it allows. */
export interface TransferRefused {
  readonly kind: 'transferRefused';
  readonly transfer: number;
}
/** A frame came under a label that the receiver of it does not know (any more): go by id. */
export interface LabelUnknown {
  readonly kind: 'labelUnknown';
  readonly label: number;
}
/**
 * "Let us try a direct path" (SPEC §7.11): what is known of the sender's NAT, by how much its next mapping
 * differs (8 bits, signed), the round trip of the relayed path (ms, 0 unknown), and where to try it.
 */
export interface Punch {
  readonly kind: 'punch';
  readonly attempt: Uint8Array;
  readonly nat: number;
  readonly step: number;
  readonly roundTripMs: number;
  readonly endpoints: Uint8Array;
}
/** The answer: as Punch, and how long after it the sender begins to probe. */
export interface Sync {
  readonly kind: 'sync';
  readonly attempt: Uint8Array;
  readonly nat: number;
  readonly step: number;
  readonly delayMs: number;
  readonly endpoints: Uint8Array;
}
/** Asks a neighbour from which address it gets the packets of another one. */
export interface WitnessWanted {
  readonly kind: 'witnessWanted';
  readonly destination: Uint8Array;
}
/** `observed`: '' when the sender has no direct path there. */
export interface Witness {
  readonly kind: 'witness';
  readonly destination: Uint8Array;
  readonly observed: string;
}
/** "Have somebody whom I never sent anything send these bytes, as a PROBE, to where you see me." */
export interface ProbeWanted {
  readonly kind: 'probeWanted';
  readonly cookie: Uint8Array;
}
/** "Send these bytes, as a PROBE, to this address, from which I get packets." */
export interface ProbeFor {
  readonly kind: 'probeFor';
  readonly cookie: Uint8Array;
  readonly observed: string;
}
/**
 * What a node says of itself to its neighbours (SPEC §8.6). `supers`: the neighbours of it that serve, 8
 * bytes of id and 1 of flags each.
 */
export interface Advert {
  readonly kind: 'advert';
  readonly era: number;
  readonly flags: number;
  readonly score: number;
  readonly debt: number;
  readonly supers: Uint8Array;
}
/**
 * Asks a supernode for a reservation, or to prolong it. `flags`: bit 0, the sender has not enough without it.
 * `attempt`: how often it was told BUSY in a row.
 */
export interface Reserve {
  readonly kind: 'reserve';
  readonly lifetimeS: number;
  readonly flags: number;
  readonly attempt: number;
}
/** Granted, for so long. */
export interface Reserved {
  readonly kind: 'reserved';
  readonly lifetimeS: number;
  /** What it forwards for one source at most. */
  readonly bytesPerMinute: number;
}
/** Not now; ask again after so long. */
export interface Busy {
  readonly kind: 'busy';
  readonly retryS: number;
}
/** Either end: the reservation is over. */
export interface Release {
  readonly kind: 'release';
}

/** What a record of the index says, and what its key is made of (SPEC §9.6). */
export const Subject = { id: 0, name: 1, publisher: 2, subscriber: 3 } as const;
/**
 * On its way to `holder`, who keeps the record for a while. `where`: up to two supernodes near its owner, 8
 * bytes of id each.
 */
export interface Store {
  readonly kind: 'store';
  readonly subject: number;
  readonly holder: Uint8Array;
  readonly where: Uint8Array;
  readonly record: Uint8Array;
}
/**
 * Asks for records under a key, on behalf of `source`. It goes towards `towards`, or to everybody when that
 * is the key itself.
 */
export interface Lookup {
  readonly kind: 'lookup';
  readonly subject: number;
  readonly key: Uint8Array;
  readonly source: Uint8Array;
  readonly towards: Uint8Array;
  readonly hopLimit: number;
}
/** One record of the answer, back along the way that the question of `source` came; empty: there is none. */
export interface Found {
  readonly kind: 'found';
  readonly subject: number;
  readonly key: Uint8Array;
  readonly source: Uint8Array;
  readonly where: Uint8Array;
  readonly record: Uint8Array;
}
/**
 * Peer exchange (SPEC §8.1). `flags`: bit 0, tell me some addresses; bit 1, strangers reach me where you do.
 * `places`: where the sender has reached others, 8 bytes of id and an address each.
 */
export interface Introduce {
  readonly kind: 'introduce';
  readonly flags: number;
  readonly places: Uint8Array;
}
/** The sender goes, and means to be back after so long (SPEC §9.5). CLOSE follows. */
export interface Asleep {
  readonly kind: 'asleep';
  readonly forS: number;
}
/**
 * Of a node that sleeps at times (SPEC §8.12): who keeps its mail, 16 bytes of id each. `forS`: it goes for
 * so long; 0: it is awake, and a keeper sends what it has.
 */
export interface Mailbox {
  readonly kind: 'mailbox';
  readonly keepers: Uint8Array;
  readonly forS: number;
}
/** To a keeper: a sealed letter for one who sleeps; with `id` the sender names it. */
export interface Post {
  readonly kind: 'post';
  readonly to: Uint8Array;
  readonly id: number;
  readonly letter: Uint8Array;
}
/** What became of it: `verdict` 0, it is kept for so long; else not. `keepers`: those of the receiver. */
export interface Posted {
  readonly kind: 'posted';
  readonly to: Uint8Array;
  readonly id: number;
  readonly verdict: number;
  readonly forS: number;
  readonly keepers: Uint8Array;
}
/** From a keeper, and how many more follow; without a letter there is none. */
export interface Mail {
  readonly kind: 'mail';
  readonly from: Uint8Array;
  readonly id: number;
  readonly left: number;
  readonly letter: Uint8Array;
}
/** To a keeper: it may forget that letter. `receipt`: what stands in it, or nothing if it was of no use. */
export interface MailTaken {
  readonly kind: 'mailTaken';
  readonly from: Uint8Array;
  readonly id: number;
  readonly receipt: Uint8Array;
}
/** From a keeper, what `to` said of the letter. */
export interface MailReceipt {
  readonly kind: 'mailReceipt';
  readonly to: Uint8Array;
  readonly id: number;
  readonly receipt: Uint8Array;
}
/**
 * A frame of `source` to `destination` was not forwarded: `relay` has forwarded its share for that source.
 * Goes back the way that the frame came.
 */
export interface RelayRefused {
  readonly kind: 'relayRefused';
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly relay: Uint8Array;
  readonly retryS: number;
}
