import type { CounterName } from '../src/host/counters.js';
import { PIPE_FD } from './troupe.js';

/** How a process of the demo reaches others. */
export type RoleLink =
  | { readonly kind: 'lan'; readonly port: number }
  | { readonly kind: 'udp'; readonly connect: readonly string[] }
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

export const LAN_NAMES = [
  'attic',
  'greenhouse',
  'cellar',
  'garage',
  'kitchen',
  'stairs',
  'balcony',
  'boiler',
  'gate',
  'pond',
];
const LAN_TOPICS: readonly (readonly CounterName[])[] = [
  ['load', 'memory'],
  ['temperature', 'memory', 'uptime'],
  ['memory', 'uptime'],
];

export const PEERS_MAX = LAN_NAMES.length + 2;
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

/** As many as have room; the machine is also the user's. The text says why. */
export function peerCountFor({ freeBytes, coreCount, load }: Room): { count: number; why: string } {
  const byMemory = Math.floor((freeBytes / 1_000_000 - SPARE_MB) / PEER_MB);
  const byLoad = Math.floor((coreCount - load) * PEERS_PER_CORE);
  const count = Math.max(PEERS_MIN, Math.min(PEERS_MAX, byMemory, byLoad));
  const gigabytes = (freeBytes / 1e9).toFixed(1);
  const memory = `${gigabytes} GB of memory free, ${PEER_MB} MB each`;
  const isBusy = byLoad < byMemory && byLoad < PEERS_MAX;
  const why = isBusy ? `load ${load.toFixed(1)} on ${coreCount} processors` : memory;
  return { count, why: `${count} of ${PEERS_MAX} peers, each its own process: ${why}` };
}

export interface CastOptions {
  readonly network: string;
  readonly peerCount: number;
  readonly lanPort: number;
  /** Of each gateway. */
  readonly udpAddresses: readonly string[];
  readonly serial: readonly RoleLink[];
  /** Those on the local network that a board may be on. */
  readonly hosts: readonly string[];
}

const BOARD_LINK: RoleLink = { kind: 'pipe', fd: PIPE_FD, mtu: 480 };

/** One on UDP, one on serial lines, the others on the local network. */
export function castOf(options: CastOptions): readonly Role[] {
  const { network, lanPort, udpAddresses, serial, peerCount, hosts } = options;
  const onLan = LAN_NAMES.slice(0, peerCount - 2).map((name, at): Role => {
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
    ...onLan,
  ];
}
