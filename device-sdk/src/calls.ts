import type { PathReport, PeerReport, QualityOfService, ReachabilityReport } from '@fogwisp/protocol';

/** What the calls of a `Device` take and give. */

export interface CallOptions {
  /** Default 5 s; it includes finding the peer and a path to it. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeliveryOptions {
  /** 0 (default): at most once. 1: once and acknowledged. */
  readonly qos?: QualityOfService | undefined;
}

export interface Published {
  /** To how many peers it went, and how many of them did not acknowledge it. */
  readonly subscribers: number;
  readonly lost: number;
}

export interface DeviceEvents {
  readonly peer: PeerReport;
  /** As others see one of the links. */
  readonly reachability: ReachabilityReport;
  readonly fault: Error;
}

export interface Pong {
  readonly roundTripMs: number;
  readonly path: PathReport;
}
