import type {
  CborValue,
  NodeKey,
  PathReport,
  PeerName,
  PeerReport,
  ReachabilityReport,
  RoleReport,
} from '@fogwisp/protocol';

export type { NodeKey, PathReport, PeerName, PeerReport, RoleReport };

/** What travels in requests and publications. */
export type Value = CborValue | undefined;

export type Dispose = () => void;

/**
 * The part of the SDK's Device that the gateway uses: the same door as any other application's. Everything
 * here takes a Mesh, so that tests can put a few lines in the place of a network.
 */
export interface Mesh {
  readonly id: NodeKey;
  readonly name: string;
  /** Undefined until it is among others. */
  readonly role: RoleReport | undefined;
  peers(): readonly PeerReport[];
  on(what: 'peer', listener: (peer: PeerReport) => void): Dispose;
  /** As others see one of the links. */
  on(what: 'reachability', listener: (reachability: ReachabilityReport) => void): Dispose;
  on(what: 'role', listener: (role: RoleReport) => void): Dispose;
  /** The device has failed and stopped. */
  on(what: 'fault', listener: (fault: Error) => void): Dispose;
  /** The monotonic clock of the reports. */
  now(): number;
  request(to: string, path: string, body?: Value, options?: { readonly timeoutMs?: number }): Promise<Value>;
  ping(to: string, options?: { readonly timeoutMs?: number }): Promise<PingReport>;
  publish(topic: string, value: Value, options?: { readonly qos: 0 | 1 }): Promise<unknown>;
  /** A join ticket. `expiresAt`: Unix ms. */
  invite(terms: { readonly addresses: readonly string[]; readonly expiresAt?: number }): string;
  serve(path: string, responder: (body: Value) => Value | Promise<Value>): Dispose;
  subscribe(
    pattern: string,
    listener: (value: Value, details: { readonly from: PeerName; readonly topic: string }) => void,
    options: { readonly qos: 0 | 1 },
  ): Dispose;
}

export interface PingReport {
  readonly roundTripMs: number;
  readonly path: PathReport;
}
