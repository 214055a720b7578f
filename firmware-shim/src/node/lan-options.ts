import type { MdnsOptions } from './lan-hints.js';
import type { InterfaceTable } from './lan-interface.js';

/** Administratively scoped (RFC 2365): never routed, assigned to nobody. */
export const LAN_GROUP_IPV4 = '239.255.70.87';
/** Transient and link-local (RFC 4291), likewise. */
export const LAN_GROUP_IPV6 = 'ff12::4657';
/** UDP, of both groups. */
export const LAN_PORT = 4657;

/** Which local network, and how it is reached. */
export interface LanOptions {
  /** Names such as 'eth0'; left out: all that lead out of this machine, or loopback when there is none. */
  readonly interfaces?: readonly string[];
  /** Speaks with this machine alone. */
  readonly loopbackOnly?: boolean;
  /** IPv4 multicast group and port of the beacons; nodes that should meet use the same. */
  readonly group?: string;
  readonly group6?: string;
  readonly port?: number;
  /** False: broadcast only, for networks that lose multicast without a word. */
  readonly multicast?: boolean;
  /** Left out: beacons alone find peers. It stays on the interfaces of this link. */
  readonly mdns?: MdnsOptions;
  /** Largest packet; 1200 if left out. */
  readonly mtu?: number;
  /** How often interfaces are looked for. */
  readonly pollMs?: number;
  /** The interfaces of the machine, for tests. */
  readonly networkInterfaces?: () => InterfaceTable;
}
