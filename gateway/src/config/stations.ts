import type { LinkConfig, WayIn } from './config.js';

const PORT_MAX = 65_535;

/** Somebody to greet at 'host:port': by UDP and TCP at once, unless one of them is named. */
export interface StationConfig {
  readonly media: readonly ('udp' | 'tcp')[];
  readonly address: string;
}

/** 'HOST:PORT', 'udp://HOST:PORT' or 'tcp://HOST:PORT'; undefined when it is none of these. */
export function stationOf(text: string): StationConfig | undefined {
  const [, scheme, address = ''] = /^(?:(udp|tcp):\/\/)?(.*)$/.exec(text) ?? [];
  if (!isHostPort(address)) return undefined;
  return { media: scheme === 'udp' || scheme === 'tcp' ? [scheme] : ['udp', 'tcp'], address };
}

/** 'name:port', 'ip:port' or '[v6]:port'. */
export function isHostPort(address: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:.%a-z]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[1] ?? 0);
  return port >= 1 && port <= PORT_MAX;
}

/**
 * The links with what greets these stations. All are greeted from one UDP socket, the one that is there if
 * there is one: what a NAT makes of it, and what a peer has observed of it, then holds for all. TCP is
 * dialled beside it and not after it failed, so that who blocks UDP costs no time.
 */
export function withStations(
  links: readonly LinkConfig[],
  stations: readonly StationConfig[],
): readonly LinkConfig[] {
  const by = (medium: 'udp' | 'tcp') => stations.filter(({ media }) => media.includes(medium));
  const greeted = by('udp').map(({ address }) => address);
  const dials = by('tcp').map(
    ({ address, media }): LinkConfig => ({ kind: 'tcpDial', address, isStandby: media.includes('udp') }),
  );
  return [...withGreetings(links, greeted), ...dials];
}

/**
 * Stations that are ways into the network: by UDP, and TCP beside it. By TCP alone: always, as nothing tells
 * when to begin.
 */
export function withWaysIn(
  links: readonly LinkConfig[],
  stations: readonly StationConfig[],
  rung: WayIn['rung'],
): readonly LinkConfig[] {
  const byUdp = stations.filter(({ media }) => media.includes('udp'));
  const dials = stations
    .filter(({ media }) => !media.includes('udp'))
    .map(({ address }): LinkConfig => ({ kind: 'tcpDial', address, isStandby: false }));
  if (byUdp.length === 0) return [...links, ...dials];
  const waysIn = byUdp.map(({ address, media }) => ({ address, rung, hasTcp: media.includes('tcp') }));
  const own = links.find((link) => link.kind === 'udp') ?? { kind: 'udp', port: 0, connect: [] };
  const joined: LinkConfig = { ...own, waysIn: [...(own.waysIn ?? []), ...waysIn] };
  const others = links.includes(own)
    ? links.map((link) => (link === own ? joined : link))
    : [...links, joined];
  return [...others, ...dials];
}

function withGreetings(links: readonly LinkConfig[], addresses: readonly string[]): readonly LinkConfig[] {
  if (addresses.length === 0) return links;
  const own = links.find((link) => link.kind === 'udp');
  // Port 0: who only joins needs no port of its own choice, and there may be several on one machine.
  if (own === undefined) return [...links, { kind: 'udp', port: 0, connect: addresses }];
  const joined: LinkConfig = { ...own, connect: [...own.connect, ...addresses] };
  return links.map((link) => (link === own ? joined : link));
}
