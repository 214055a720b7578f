/** A number that the host gives to each attached medium, unique among those that are up. */
export type LinkId = number;

/** Opaque to the core: whatever the link needs to reach one station, '' on a point-to-point link. */
export type LinkAddress = string;

/** The address that reaches every station of a `broadcast` link. */
export const BROADCAST: LinkAddress = '*';

export interface LinkInfo {
  /** What people call it: 'udp', 'tcp', 'lan', 'serial', 'serial (pipe)', 'sim'. */
  readonly kind: string;
  /** Which one it is, for display: 'ttyUSB0', 'eth0'. */
  readonly name: string;
  /** Largest packet in bytes that `transmit` may carry. */
  readonly mtu: number;
  readonly flow: 'datagram' | 'stream';
  /**
   * `point`: exactly one station at the far end, its address is ''. `address`: packets go to an address,
   * nothing reaches all. `broadcast`: as `address`, and BROADCAST reaches all.
   */
  readonly cast: 'point' | 'address' | 'broadcast';
  /** True when the medium itself neither loses nor reorders (TCP). */
  readonly reliable: boolean;
  /** Bits per second, 0 when unknown. */
  readonly bitrate: number;
  /** Its own addresses, as a station of the same network would write them; left out when not known. */
  readonly addresses?: readonly LinkAddress[];
  /**
   * Ports that packets can go out from besides its own: '#3' behind an address means by the third of them,
   * and what comes in there has that behind its address too. Left out where there are none.
   */
  readonly doors?: number;
}

/** Sixteen hexadecimal digits: the first 8 bytes of a node id, the name that forwarding uses. */
export type ShortKey = string;

/** Thirty-two hexadecimal digits: the whole node id, as a map key and for people. */
export type NodeKey = string;

/** A station on a link. */
export interface DirectVia {
  readonly kind: 'direct';
  readonly link: LinkId;
  readonly address: LinkAddress;
}

/** By way of whoever forwards to that node. */
export interface RelayedVia {
  readonly kind: 'relayed';
  /** The far end, not the neighbour that forwards. */
  readonly peer: ShortKey;
}

/** Where a packet came from or should go: a station on a link, or a node that neighbours forward to. */
export type Via = DirectVia | RelayedVia;

/** Whether both lead to the same station, or the same far end. */
export function sameVia(a: Via, b: Via): boolean {
  if (a.kind === 'direct') return b.kind === 'direct' && a.link === b.link && a.address === b.address;
  return b.kind === 'relayed' && a.peer === b.peer;
}
