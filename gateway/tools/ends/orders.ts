import type { QualityOfService } from '@fogwisp/protocol';

/** The one link of an end. */
export type EndLink =
  | { readonly kind: 'udp'; readonly connect?: string; readonly mtu?: number }
  | { readonly kind: 'lan'; readonly port: number }
  | { readonly kind: 'tcp'; readonly port: number; readonly mtu?: number }
  | { readonly kind: 'tcpListen'; readonly mtu?: number }
  | { readonly kind: 'serial'; readonly path: string; readonly baudRate: number }
  /** The file descriptor `PIPE_FD`, which the parent holds the other side of. */
  | { readonly kind: 'pipe'; readonly mtu: number };

/** Who an end is. */
export interface Part {
  readonly name: string;
  readonly network: string;
  readonly link: EndLink;
  /** Undefined: it is somebody new at each start. */
  readonly stateDirectory?: string;
  /** How far its calendar is ahead of that of the machine. */
  readonly clockAheadMs?: number;
}

/** What an end is told to do; each is answered once it is done. */
export type Order =
  | { readonly kind: 'start'; readonly part: Part }
  /** Until the peer answers. */
  | { readonly kind: 'meet'; readonly peer: string }
  | { readonly kind: 'subscribe'; readonly pattern: string; readonly qos: QualityOfService }
  /** `count` values of `bytes` bytes, or as many as go in `forMs`, at most `openMax` of them unsettled. */
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly qos: QualityOfService;
      readonly bytes: number;
      readonly count: number;
      readonly forMs?: number;
      readonly openMax: number;
    }
  /** `count` requests with `bytes` bytes both ways, one after the other. */
  | { readonly kind: 'request'; readonly peer: string; readonly bytes: number; readonly count: number }
  /** Until `count` publications have come since the last such order, or nothing comes any more. */
  | { readonly kind: 'collect'; readonly count: number }
  /** So many more peers in the same process, each with a UDP socket of its own that is connected there. */
  | { readonly kind: 'crowd'; readonly count: number; readonly peer: string; readonly connect: string }
  /** These peers say goodbye. */
  | { readonly kind: 'disperse' }
  | { readonly kind: 'report' }
  | { readonly kind: 'stop' };

/** What a finished order has to tell; fields that do not apply are left out. */
export interface Outcome {
  /** Where the link of the end is reached. */
  readonly address?: string;
  /** Of each request, in ms. */
  readonly roundTripsMs?: readonly number[];
  readonly sent?: number;
  readonly received?: number;
  /** From the first one that was sent to the last one settled, or from the first received to the last. */
  readonly tookMs?: number;
  /** Of the processor, meanwhile: of the process that was told. */
  readonly busyMs?: number;
  /** The first handshake packets sent, in hexadecimal. */
  readonly handshakes?: readonly string[];
  readonly rssBytes?: number;
  /** What a garbage collection leaves of the heap and of byte arrays, compiled code aside. */
  readonly heldBytes?: number;
}

export interface OrderEnvelope {
  readonly id: number;
  readonly order: Order;
}

export type OutcomeEnvelope =
  | { readonly id: number; readonly outcome: Outcome }
  | { readonly id: number; readonly trouble: string };

export const PIPE_FD = 4;
/** Served by each end: answers with what it was asked. */
export const ECHO_PATH = 'echo';
