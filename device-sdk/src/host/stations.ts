import * as dns from 'node:dns';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { tracedLink } from '@fogwisp/firmware-shim';
import { Standby, tcpLink, udpLink } from '@fogwisp/firmware-shim/node';
import type { LinkAddress, LinkId, Rung } from '@fogwisp/protocol';
import { FogError } from '../errors.js';
import type { LinkSpec } from '../options.js';
import type { LinkPort } from './host.js';

/** Of the module that sockets have loaded anyway; that of promises takes most of a megabyte more. */
const lookup = promisify(dns.lookup);
/** A name that is not known now may be known once the machine is on its network. */
const LOOK_UP_AGAIN_MS = 30_000;

export interface Station {
  readonly host: string;
  readonly port: number;
}

type Medium = 'udp' | 'tcp';

interface Place extends Station {
  readonly media: readonly Medium[];
  readonly rung: Rung | undefined;
}

type StationsSpec = Extract<LinkSpec, { kind: 'stations' | 'udp' }>;

/**
 * One UDP socket that greets all of them, and beside it a TCP link to each for as long as it is needed.
 * `introductions`: of a join ticket, for when nobody else is there.
 */
export function openStations(
  spec: StationsSpec,
  port: LinkPort,
  introductions: readonly string[] = [],
): void {
  const places = placesOf(spec, introductions);
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
  for (const { media, rung, ...station } of places) {
    const isByUdp = media.includes('udp');
    const standby = new Standby({ dial: () => tcpLink(station), waits: isByUdp && rung !== undefined });
    if (media.includes('tcp')) port.addSource(standby);
    if (!isByUdp) continue;
    void greet({ link, station, port, rung, found: (address) => standbys.set(address, standby) });
  }
}

function placesOf(spec: StationsSpec, introductions: readonly string[]): readonly Place[] {
  const bootstrap = spec.kind === 'stations' ? (spec.bootstrap ?? []) : [];
  const connect = spec.connect ?? [];
  return [
    ...connect.map((text) => ({
      ...hostAndPort(text),
      media: spec.kind === 'udp' ? (['udp'] as const) : BOTH,
      rung: undefined,
    })),
    ...bootstrap.map((text) => ({ ...hostAndPort(text), media: BOTH, rung: 'bootstrap' as const })),
    ...introductions.map((text) => ({ ...introduced(text), rung: 'introduction' as const })),
  ];
}

const BOTH: readonly Medium[] = ['udp', 'tcp'];

function introduced(text: string): Station & { readonly media: readonly Medium[] } {
  const [, scheme, address = ''] = /^(?:(udp|tcp):\/\/)?(.*)$/.exec(text) ?? [];
  return { ...hostAndPort(address), media: scheme === 'udp' || scheme === 'tcp' ? [scheme] : BOTH };
}

interface Greeting {
  readonly link: LinkId;
  readonly station: Station;
  readonly port: LinkPort;
  readonly rung: Rung | undefined;
  readonly found: (address: LinkAddress) => void;
}

/** UDP links know numbers only; TCP looks its names up by itself, each time that it dials. */
async function greet(greeting: Greeting): Promise<void> {
  const { link, station, port, rung, found } = greeting;
  const address = await addressOf(station);
  if (port.isStopped) return;
  if (address === undefined) {
    setTimeout(() => void greet(greeting), LOOK_UP_AGAIN_MS).unref();
    return;
  }
  found(address);
  port.connect(link, address, rung);
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
