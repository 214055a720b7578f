import { isIPv4, isIPv6 } from 'node:net';
import type { LinkAddress } from '@fogwisp/protocol';

/** Stations remembered per socket, about 200 B each; when full all are forgotten, as re-parsing is cheap. */
const STATION_COUNT_MAX = 4096;

const MAPPED = '::ffff:';

/** Where a datagram goes: what `dgram` wants, parsed once. */
export interface Station {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** 'a.b.c.d:port' or '[v6]:port'; an IPv4 address inside IPv6 is written as what it is. */
export function formatStation(address: string, port: number): LinkAddress {
  if (!address.includes(':')) return `${address}:${port}`;
  if (address.startsWith(MAPPED) && isIPv4(address.slice(MAPPED.length))) {
    return `${address.slice(MAPPED.length)}:${port}`;
  }
  return `[${address}]:${port}`;
}

/** Undefined when the text is no address of a station; names are for the caller to resolve. */
export function parseStation(text: LinkAddress): Station | undefined {
  const colon = text.lastIndexOf(':');
  const digits = text.slice(colon + 1);
  const port = Number(digits);
  if (colon < 1 || !/^\d{1,5}$/.test(digits) || port === 0 || port > 65_535) return undefined;
  const host = text.slice(0, colon);
  if (isIPv4(host)) return { address: host, port, family: 4 };
  if (!host.startsWith('[') || !host.endsWith(']')) return undefined;
  const address = host.slice(1, -1);
  return isIPv6(address) ? { address, port, family: 6 } : undefined;
}

/** Both directions, remembered: a busy socket neither parses nor joins an address twice. */
export class StationBook {
  readonly #stations = new Map<LinkAddress, Station | undefined>();
  readonly #names = new Map<string, Map<number, LinkAddress>>();
  #nameCount = 0;
  #lastAddress = '';
  #lastPort = 0;
  #lastName = '';

  stationOf(name: LinkAddress): Station | undefined {
    const known = this.#stations.get(name);
    if (known !== undefined) return known;
    const station = parseStation(name);
    if (station === undefined) return undefined;
    if (this.#stations.size >= STATION_COUNT_MAX) this.#stations.clear();
    this.#stations.set(name, station);
    return station;
  }

  nameOf(address: string, port: number): LinkAddress {
    if (port === this.#lastPort && address === this.#lastAddress) return this.#lastName;
    let ports = this.#names.get(address);
    let name = ports?.get(port);
    if (name === undefined) {
      if (this.#nameCount >= STATION_COUNT_MAX) {
        this.#names.clear();
        this.#nameCount = 0;
        ports = undefined;
      }
      if (ports === undefined) {
        ports = new Map();
        this.#names.set(address, ports);
      }
      name = formatStation(address, port);
      ports.set(port, name);
      this.#nameCount++;
    }
    this.#lastAddress = address;
    this.#lastPort = port;
    this.#lastName = name;
    return name;
  }
}
