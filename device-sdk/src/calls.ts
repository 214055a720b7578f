import type {
  PathReport,
  PeerReport,
  QualityOfService,
  ReachabilityReport,
  RoleReport,
} from '@fogwisp/protocol';

/** What the calls of a `Device` take and give. */

export interface CallOptions {
  /** Default 5 s; it includes finding the peer and a path to it. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeliveryOptions {
  /** 0 (default): at most once. 1: acknowledged, and once to a subscriber that goes on living. */
  readonly qos?: QualityOfService | undefined;
}

export interface Published {
  /** To how many peers it went. */
  readonly subscribers: number;
  /**
   * How many of them did not acknowledge it: out of reach for 2 minutes, or restarted meanwhile. Who restarts
   * is given the last value as soon as it subscribes again (SPEC §9.2).
   */
  readonly lost: number;
}

export interface DeviceEvents {
  readonly peer: PeerReport;
  /** As others see one of the links. */
  readonly reachability: ReachabilityReport;
  /** What this device does for others, and who does it for this one. */
  readonly role: RoleReport;
  readonly fault: Error;
}

export interface Pong {
  readonly roundTripMs: number;
  readonly path: PathReport;
}
