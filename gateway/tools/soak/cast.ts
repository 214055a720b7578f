import { join } from 'node:path';
import type { Cable } from './cable.js';
import type { Role, SoakLink } from './wire.js';

export interface SoakPorts {
  readonly lan: number;
  readonly udp: number;
  readonly tcp: number;
}

/** The two ends of the cable, in this order. */
export const CABLE_NAMES = ['cedar', 'hazel'] as const;
/** Never killed, only paused and unplugged: their memory is watched from the first minute to the last. */
export const SURVIVORS: readonly string[] = ['ash', 'elm'];
export const BRIDGE_NAME = 'dogwood';

/**
 * Four on the local network; two behind the UDP socket of one of them, two behind the TCP listener of
 * another, one at the far end of a serial cable. Most of those talk through one, two or three others.
 */
export function castOf(
  folder: string,
  network: string,
  ports: SoakPorts,
  cable: Cable,
  brokerUrl: string | undefined,
): readonly Omit<Role, 'life'>[] {
  const { lan, udp, tcp } = ports;
  const onLan: SoakLink = { kind: 'lan', port: lan };
  const toBirch: SoakLink = { kind: 'udp', port: 0, connect: [`127.0.0.1:${udp}`] };
  const [near, far] = cable.ends;
  const links: Readonly<Record<string, readonly SoakLink[]>> = {
    ash: [onLan, { kind: 'tcpListen', port: tcp }],
    birch: [onLan, { kind: 'udp', port: udp }],
    cedar: [onLan, near],
    dogwood: [onLan],
    elm: [toBirch],
    fir: [toBirch, { kind: 'tcp', port: tcp }],
    gorse: [{ kind: 'tcp', port: tcp }],
    hazel: [far],
  };
  const names = Object.keys(links);
  return names.map((name) => ({
    name,
    network,
    stateDirectory: join(folder, name),
    links: links[name] ?? [],
    others: names.filter((other) => other !== name),
    ...(name === BRIDGE_NAME && brokerUrl !== undefined ? { brokerUrl } : {}),
  }));
}
