import type { LinkAddress } from '@fogwisp/protocol';
import type { Checker } from './checker.js';
import type { LinkQuality } from './link.js';
import type { MediumOptions } from './medium.js';
import type { Nat } from './nat.js';

export interface WorldOptions {
  /** The whole run follows from it. */
  readonly seed: number;
  /** Invariants, asked after each step. */
  readonly checkers?: readonly Checker[];
  /** Off: nodes read packets in place, faster, and one that keeps a borrowed array goes unnoticed. */
  readonly spoilsBorrowed?: boolean;
}

export interface AttachOptions {
  /** On media of many stations: default the name of the host. */
  readonly address?: LinkAddress;
  /** On media with addresses: the box in front of this host; `address` is the one behind it, 'ip:port'. */
  readonly behind?: Nat;
  /** Of what this host sends, where it differs from the medium's. */
  readonly quality?: Partial<LinkQuality>;
}

/** Options of a link between two hosts; `back` is what differs from the second to the first. */
export interface ConnectOptions extends MediumOptions {
  readonly back?: Partial<LinkQuality>;
}
