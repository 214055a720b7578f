import type { CounterName } from '../src/host/counters.js';
import { PIPE_FD } from './troupe.js';

/** How a process of the demo reaches others. */
export type RoleLink =
  | { readonly kind: 'lan'; readonly port: number }
  | { readonly kind: 'udp'; readonly bind?: string; readonly connect: readonly string[] }
  /** Behind a simulated box, which is asked on this port of loopback. */
  | { readonly kind: 'box'; readonly port: number; readonly connect: readonly string[] }
  | { readonly kind: 'serial'; readonly path: string }
  /** A serial line without socat, or to a board: a pipe to the process, on this file descriptor. */
  | { readonly kind: 'pipe'; readonly fd: number; readonly mtu?: number };

/** One peer process: who it is, what it publishes, and whom it asks regularly. */
export interface Role {
  readonly name: string;
  readonly network: string;
  readonly links: readonly RoleLink[];
  readonly topics: readonly CounterName[];
  readonly asks: { readonly name: string; readonly path: CounterName } | undefined;
}

/** Either may be killed: they are alike. */
export const GATEWAY_NAMES = ['hearth', 'porch'] as const;
export type GatewayName = (typeof GATEWAY_NAMES)[number];
/** The two that have no link in common, and talk all the same. */
export const SERIAL_NAME = 'bench';
export const UDP_NAME = 'shed';
/** Elsewhere, each behind a NAT of its own. */
export const NAT_NAMES = ['cabin', 'barn'] as const;
export type NatName = (typeof NAT_NAMES)[number];

export const LAN_NAMES = [
  'attic',
  'greenhouse',
  'cellar',
  'garage',
  'kitchen',
  'stairs',
  'balcony',
  'boiler',
];
const LAN_TOPICS: readonly (readonly CounterName[])[] = [
  ['load', 'memory'],
  ['temperature', 'memory', 'uptime'],
  ['memory', 'uptime'],
];

export const PEERS_MAX = LAN_NAMES.length + 2 + NAT_NAMES.length;
/** Where memory has room for no more, those behind NATs are left out. */
export const PEERS_MIN = 4;
/** What one process takes, and what is left alone. */
const PEER_MB = 80;
const SPARE_MB = 500;
/** Starting, everybody greets everybody; a processor that is idle has that done in some seconds. */
const PEERS_PER_CORE = 6;

export interface Room {
  readonly freeBytes: number;
  readonly coreCount: number;
  /** Processes that want to run, on average over a minute. */
  readonly load: number;
}

export interface PeerCount {
  readonly count: number;
  /** Whether two of them are behind NATs. */
  readonly areSomeBehind: boolean;
  readonly why: string;
}

/** As many as have room; the machine is also the user's. The text says why. */
export function peerCountFor({ freeBytes, coreCount, load }: Room): PeerCount {
  const byMemory = Math.floor((freeBytes / 1_000_000 - SPARE_MB) / PEER_MB);
  const byLoad = Math.floor((coreCount - load) * PEERS_PER_CORE);
  const least = PEERS_MIN + NAT_NAMES.length;
  const areSomeBehind = byMemory >= least;
  const count = Math.max(areSomeBehind ? least : PEERS_MIN, Math.min(PEERS_MAX, byMemory, byLoad));
  const gigabytes = (freeBytes / 1e9).toFixed(1);
  const memory = `${gigabytes} GB of memory free, ${PEER_MB} MB each`;
  const isBusy = byLoad < byMemory && byLoad < PEERS_MAX;
  const why = isBusy ? `load ${load.toFixed(1)} on ${coreCount} processors` : memory;
  return { count, areSomeBehind, why: `${count} of ${PEERS_MAX} peers, each its own process: ${why}` };
}

export interface CastOptions {
  readonly network: string;
  readonly peerCount: number;
  readonly lanPort: number;
  /** Of each gateway. */
  readonly udpAddresses: readonly string[];
  readonly serial: readonly RoleLink[];
  /** Of those behind NATs; none where they are left out. */
  readonly behind: ReadonlyMap<NatName, readonly RoleLink[]>;
  /** Those on the local network that a board may be on. */
  readonly hosts: readonly string[];
}

const BOARD_LINK: RoleLink = { kind: 'pipe', fd: PIPE_FD, mtu: 480 };

/** One on UDP, one on serial lines, two behind NATs, the others on the local network. */
export function castOf(options: CastOptions): readonly Role[] {
  const { network, lanPort, udpAddresses, serial, behind, peerCount, hosts } = options;
  const onLan = LAN_NAMES.slice(0, peerCount - 2 - behind.size).map((name, at): Role => {
    const topics = LAN_TOPICS[at % LAN_TOPICS.length] ?? [];
    const lan = { kind: 'lan', port: lanPort } as const;
    const links = hosts.includes(name) ? [lan, BOARD_LINK] : [lan];
    return { name, network, links, topics, asks: undefined };
  });
  return [
    {
      name: SERIAL_NAME,
      network,
      links: serial,
      topics: ['uptime', 'load'],
      asks: { name: UDP_NAME, path: 'load' },
    },
    {
      name: UDP_NAME,
      network,
      links: [{ kind: 'udp', connect: udpAddresses }],
      topics: ['received', 'sent'],
      asks: { name: SERIAL_NAME, path: 'uptime' },
    },
    ...[...behind].map(([name, links]) => roleBehind(name, network, links)),
    ...onLan,
  ];
}

/** They ask each other, so each is reached by the other one soon. */
function roleBehind(name: NatName, network: string, links: readonly RoleLink[]): Role {
  const other = name === NAT_NAMES[0] ? NAT_NAMES[1] : NAT_NAMES[0];
  return { name, network, links, topics: ['load', 'uptime'], asks: { name: other, path: 'load' } };
}
