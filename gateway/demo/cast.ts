import type { CounterName } from '../src/host/counters.js';

/** How a peer of the demo reaches others. */
export type RoleLink =
  | { readonly kind: 'lan'; readonly port: number }
  | { readonly kind: 'udp'; readonly connect: string }
  | { readonly kind: 'serial'; readonly path: string }
  /** The serial line where there is no socat: a pipe to the process, on this file descriptor. */
  | { readonly kind: 'pipe'; readonly fd: number };

/** One peer process: who it is, what it publishes, and whom it asks regularly. */
export interface Role {
  readonly name: string;
  readonly network: string;
  readonly link: RoleLink;
  readonly topics: readonly CounterName[];
  readonly asks: { readonly name: string; readonly path: CounterName } | undefined;
}

export const GATEWAY_NAME = 'hearth';
/** The two that have no link in common, and talk all the same. */
export const SERIAL_NAME = 'bench';
export const UDP_NAME = 'shed';

export interface CastOptions {
  readonly network: string;
  readonly lanPort: number;
  readonly udpAddress: string;
  readonly serial: RoleLink;
}

/** Two on the local network, one on UDP, one on a serial line. */
export function castOf(options: CastOptions): readonly Role[] {
  const { network, lanPort, udpAddress, serial } = options;
  const lan: RoleLink = { kind: 'lan', port: lanPort };
  return [
    { name: 'attic', network, link: lan, topics: ['load', 'memory'], asks: undefined },
    { name: 'greenhouse', network, link: lan, topics: ['temperature', 'memory', 'uptime'], asks: undefined },
    {
      name: UDP_NAME,
      network,
      link: { kind: 'udp', connect: udpAddress },
      topics: ['received', 'sent'],
      asks: { name: SERIAL_NAME, path: 'uptime' },
    },
    {
      name: SERIAL_NAME,
      network,
      link: serial,
      topics: ['uptime', 'load'],
      asks: { name: UDP_NAME, path: 'load' },
    },
  ];
}
