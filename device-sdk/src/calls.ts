import type {
  PathReport,
  PeerReport,
  QualityOfService,
  ReachabilityReport,
  RoleReport,
} from '@fogwisp/protocol';

/** What the calls of a `Device` take and give. */

/** Of a question to one peer. */
export interface CallOptions {
  /** Default 5 s; it includes finding the peer and a path to it. */
  readonly timeoutMs?: number | undefined;
  /** Aborted: the call is rejected with `cancelled`, and the peer is told. */
  readonly signal?: AbortSignal | undefined;
}

/** How well publications are delivered; both sides must ask for 1. */
export interface DeliveryOptions {
  /** 0 (default): at most once. 1: acknowledged, and once to a subscriber that goes on living. */
  readonly qos?: QualityOfService | undefined;
}

/** What became of a publication. */
export interface Published {
  /** To how many peers it went. */
  readonly subscribers: number;
  /**
   * How many of them did not acknowledge it: out of reach for 2 minutes, or restarted meanwhile. Who restarts
   * is given the last value as soon as it subscribes again (SPEC §9.2).
   */
  readonly lost: number;
}

/** What `Device.on` tells, by name. */
export interface DeviceEvents {
  readonly peer: PeerReport;
  /** As others see one of the links. */
  readonly reachability: ReachabilityReport;
  /** What this device does for others, and who does it for this one. */
  readonly role: RoleReport;
  /** The device has failed and is stopped. */
  readonly fault: Error;
}

/** The answer to a `ping`. */
export interface Pong {
  /** Of this very ping. */
  readonly roundTripMs: number;
  readonly path: PathReport;
}
