import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { tracedLink } from '@fogwisp/firmware-shim';
import { Standby, tcpLink, udpLink } from '@fogwisp/firmware-shim/node';
import type { LinkAddress, LinkId } from '@fogwisp/protocol';
import { FogError } from '../errors.js';
import type { LinkSpec } from '../options.js';
import type { LinkPort } from './host.js';

/** A name that is not known now may be known once the machine is on its network. */
const LOOK_UP_AGAIN_MS = 30_000;

export interface Station {
  readonly host: string;
  readonly port: number;
}

/** One UDP socket that greets all of them, and beside it a TCP link to each for as long as it is needed. */
export function openStations(spec: Extract<LinkSpec, { kind: 'stations' }>, port: LinkPort): void {
  const stations = spec.connect.map(hostAndPort);
  const { bind, port: ownPort, portMapping } = spec;
  const udp = udpLink({
    ...(bind === undefined ? {} : { bind }),
    ...(ownPort === undefined ? {} : { port: ownPort }),
    ...(portMapping === undefined ? {} : { portMapping }),
  });
  const standbys = new Map<LinkAddress, Standby>();
  const watched = tracedLink(udp, (entry) => {
    if (entry.kind === 'sent') standbys.get(entry.to)?.noteSent();
    else if (entry.kind === 'received') standbys.get(entry.from)?.noteHeard();
  });
  const link = port.addLink(watched);
  for (const station of stations) {
    const standby = new Standby({ dial: () => tcpLink(station) });
    port.addSource(standby);
    void greet({ link, station, port, found: (address) => standbys.set(address, standby) });
  }
}

interface Greeting {
  readonly link: LinkId;
  readonly station: Station;
  readonly port: LinkPort;
  readonly found: (address: LinkAddress) => void;
}

/** UDP links know numbers only; TCP looks its names up by itself, each time that it dials. */
async function greet(greeting: Greeting): Promise<void> {
  const { link, station, port, found } = greeting;
  const address = await addressOf(station);
  if (port.isStopped) return;
  if (address === undefined) {
    setTimeout(() => void greet(greeting), LOOK_UP_AGAIN_MS).unref();
    return;
  }
  found(address);
  port.connect(link, address);
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
