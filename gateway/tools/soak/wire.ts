/** What passes between the soak and its peer processes. */

export type SoakLink =
  | { readonly kind: 'lan'; readonly port: number }
  | UdpSoakLink
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'tcpListen'; readonly port: number }
  | { readonly kind: 'serial'; readonly path: string }
  /** The file descriptor `SOAK_PIPE_FD`. */
  | { readonly kind: 'pipe' };

export interface UdpSoakLink {
  readonly kind: 'udp';
  readonly port: number;
  /** Stations that are greeted from the start. */
  readonly connect?: readonly string[];
  /** Greeted one after the other, each when nobody on this link is there any more. */
  readonly spare?: readonly string[];
  /** As if a wall were in all other directions; absent: there is none. */
  readonly only?: readonly string[];
}

/** How often a peer says something, in turn to each of the others. */
export interface Pace {
  readonly publishMs: number;
  readonly askMs: number;
}

export interface Role {
  readonly name: string;
  readonly network: string;
  readonly stateDirectory: string;
  /** Counts the starts of this peer: each is a new life with the same identity. */
  readonly life: number;
  readonly links: readonly SoakLink[];
  /** The names of all others. */
  readonly others: readonly string[];
  /** Absent: as fast as a soak needs it. */
  readonly pace?: Pace;
  /** It is a bridge to this MQTT broker as well. */
  readonly brokerUrl?: string;
}

export type SoakOrder =
  | { readonly kind: 'start'; readonly role: Role }
  | { readonly kind: 'pull'; readonly link: number }
  | { readonly kind: 'plug'; readonly link: number }
  /** Until each of the others answered, or the time is over. */
  | { readonly kind: 'check'; readonly forMs: number }
  /** A request to each of these, again until it is answered or the time is over. */
  | { readonly kind: 'exchange'; readonly with: readonly string[]; readonly forMs: number }
  | { readonly kind: 'standing' }
  | { readonly kind: 'traffic'; readonly isOn: boolean }
  | { readonly kind: 'sample' }
  | { readonly kind: 'stop' };

export interface Sample {
  readonly rssBytes: number;
  /** Of living objects, after a collection. */
  readonly heapBytes: number;
  /** Open file descriptors; where they cannot be counted, what keeps the event loop alive. */
  readonly handles: number;
}

/** When the first request went out, and when the last answer came; on the clock of `machineMs`. */
export interface Exchange {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly unanswered: readonly string[];
}

/** What a peer is to the others, and how it reaches them. */
export interface Standing {
  readonly isServing: boolean;
  /** It serves, or has all the supernodes that it wants. */
  readonly isServed: boolean;
  /** How many reservations it holds. */
  readonly held: number;
  readonly paths: readonly { readonly to: string; readonly kind: string; readonly via: readonly string[] }[];
}

export interface SoakOutcome {
  readonly exchange?: Exchange;
  readonly standing?: Standing;
  readonly unreached?: readonly string[];
  readonly sample?: Sample;
  /** Calls of the application that have not ended. */
  readonly open?: number;
}

export type Stream = 'qos0' | 'qos1' | 'request';

/** What a peer saw; those of one turn of its event loop come together. */
export type Note =
  /** A publication or a request has ended at its sender. */
  | {
      readonly kind: 'ended';
      readonly stream: Stream;
      readonly to: string;
      readonly number: number;
      readonly at: number;
      readonly endedAt: number;
      readonly end: 'taken' | 'lost' | 'absent' | 'refused';
    }
  | {
      readonly kind: 'seen';
      readonly stream: Stream;
      readonly from: string;
      readonly life: number;
      readonly number: number;
      /** It was sent before its sender can have known of this life of the receiver. */
      readonly isForFormerLife: boolean;
    };

export interface SoakEnvelope {
  readonly id: number;
  readonly order: SoakOrder;
}

export type SoakReply =
  | { readonly id: number; readonly outcome: SoakOutcome }
  | { readonly id: number; readonly trouble: string }
  | { readonly notes: readonly Note[] };

export const SOAK_PIPE_FD = 4;

/** Milliseconds on a clock that all processes of the machine share. */
export function machineMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
