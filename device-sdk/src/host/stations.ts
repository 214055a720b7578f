import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { tcpLink, udpLink } from '@fogwisp/firmware-shim/node';
import type { LinkId } from '@fogwisp/protocol';
import { FogError } from '../errors.js';
import type { LinkSpec } from '../options.js';
import type { LinkPort } from './host.js';

/** A name that is not known now may be known once the machine is on its network. */
const LOOK_UP_AGAIN_MS = 30_000;

export interface Station {
  readonly host: string;
  readonly port: number;
}

/**
 * One UDP socket that greets all of them, and a TCP link to each: dialled beside UDP and not after it failed,
 * as nothing tells a network that drops UDP from one that is slow.
 */
export function openStations(spec: Extract<LinkSpec, { kind: 'stations' }>, port: LinkPort): void {
  const stations = spec.connect.map(hostAndPort);
  const { bind, port: ownPort } = spec;
  const link = port.addLink(
    udpLink({ ...(bind === undefined ? {} : { bind }), ...(ownPort === undefined ? {} : { port: ownPort }) }),
  );
  for (const station of stations) {
    void greet(link, station, port);
    port.addLink(tcpLink(station));
  }
}

/** UDP links know numbers only; TCP looks its names up by itself, each time that it dials. */
async function greet(link: LinkId, station: Station, port: LinkPort): Promise<void> {
  const address = await addressOf(station);
  if (port.isStopped) return;
  if (address !== undefined) return port.connect(link, address);
  setTimeout(() => void greet(link, station, port), LOOK_UP_AGAIN_MS).unref();
}

async function addressOf({ host, port }: Station): Promise<string | undefined> {
  try {
    const address = isIP(host.replace(/%.*$/, '')) === 0 ? (await lookup(host)).address : host;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  } catch {
    return undefined;
  }
}

/** The host may be a name. */
export function hostAndPort(address: string): Station {
  const [, v6, name, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw new FogError(
    'linkInvalid',
    `"${address}" is no host and port: write attic.local:4747 or [fe80::1]:4747`,
  );
}
