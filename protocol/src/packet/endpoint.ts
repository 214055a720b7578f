import { concatBytes, readU16, writeU16 } from '../kernel/bytes.js';
import type { LinkAddress } from '../kernel/link.js';

/*
 * Addresses of links on which packets go to an IP address and a port (SPEC §6.4): 'a.b.c.d:port' or
 * '[v6]:port' as links write them, and packed: kind 1, IP address 4 or 16, port 2.
 */

const IPV4 = 0x04;
const IPV6 = 0x06;
/** Added to the kind: the station's own address, not what others see of it. */
const OWN = 0x10;
/** The box in front of the station passes on to it whatever comes there. */
const MAPPED = 0x20;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const GROUPS = 8;
const LOOPBACK_NET = 127;

export interface Endpoint {
  readonly address: LinkAddress;
  /** As the station itself knows it, on its own network; else as others observed it. */
  readonly isOwn: boolean;
  /** Anybody gets in there, as the box in front of the station says. */
  readonly isMapped?: boolean;
}

/**
 * Those that are no IP addresses of one station, or say nothing to another machine, are left out, and so are
 * those for which the ones before leave no room.
 */
export function encodeEndpoints(endpoints: readonly Endpoint[], bytesMax: number = Infinity): Uint8Array {
  const pieces: Uint8Array[] = [];
  let left = bytesMax;
  for (const { address, isOwn, isMapped } of endpoints) {
    const packed = packAddress(address);
    if (packed === undefined || isLoopback(packed.subarray(1, -2)) || packed.length > left) continue;
    left -= packed.length;
    packed[0] = (packed[0] as number) + (isOwn ? OWN : isMapped ? MAPPED : 0);
    pieces.push(packed);
  }
  return concatBytes(...pieces);
}

/** As a node keeps it, also one of the machine to itself; undefined when it is none of a station. */
export function packAddress(address: LinkAddress): Uint8Array | undefined {
  const ip = parseIp(ipOf(address));
  if (ip === undefined || !isStation(ip)) return undefined;
  const packed = new Uint8Array(1 + ip.length + 2);
  packed[0] = ip.length === IPV4_BYTES ? IPV4 : IPV6;
  packed.set(ip, 1);
  writeU16(packed, 1 + ip.length, portOf(address));
  return packed;
}

/** Of what `packAddress` gave. */
export function unpackAddress(packed: Uint8Array): LinkAddress {
  const end = packed.length - 2;
  return formatEndpoint(packed.subarray(1, end), readU16(packed, end));
}

/** Undefined when malformed. */
export function decodeEndpoints(bytes: Uint8Array): readonly Endpoint[] | undefined {
  const endpoints: Endpoint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] as number;
    const isOwn = (kind & OWN) !== 0;
    const isMapped = !isOwn && (kind & MAPPED) !== 0;
    const family = kind & ~(isMapped ? MAPPED : OWN);
    const length = family === IPV4 ? IPV4_BYTES : IPV6_BYTES;
    const end = at + 1 + length + 2;
    if ((family !== IPV4 && family !== IPV6) || end > bytes.length) return undefined;
    const ip = bytes.subarray(at + 1, at + 1 + length);
    const port = readU16(bytes, end - 2);
    if (port === 0 || !isStation(ip) || isLoopback(ip)) return undefined;
    const address = formatEndpoint(ip, port);
    endpoints.push(isMapped ? { address, isOwn, isMapped } : { address, isOwn });
    at = end;
  }
  return endpoints;
}

/** Whether the address is an IP address of one station, with a port. */
export function isEndpoint(address: LinkAddress): boolean {
  const ip = parseIp(ipOf(address));
  const port = portOf(address);
  return ip !== undefined && isStation(ip) && port > 0 && port <= 0xffff;
}

/** Whether it can be told to others: to another machine, one of this machine to itself is its own. */
export function isTellable(address: LinkAddress): boolean {
  const ip = parseIp(ipOf(address));
  return ip !== undefined && isEndpoint(address) && !isLoopback(ip);
}

/** Whether its IP address means nothing outside of one network, or one machine. */
export function isPrivate(address: LinkAddress): boolean {
  const ip = parseIp(ipOf(address));
  const [first = 0, second = 0] = ip ?? [];
  if (ip?.length === IPV6_BYTES)
    return (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80);
  if (first === 172) return second >= 16 && second < 32;
  if (first === 169) return second === 254;
  return first === 10 || first === 127 || (first === 192 && second === 168);
}

export function ipOf(address: LinkAddress): string {
  return address.substring(0, address.lastIndexOf(':'));
}

/** 0 when there is none. */
export function portOf(address: LinkAddress): number {
  const text = address.substring(address.lastIndexOf(':') + 1);
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
}

export function withPort(address: LinkAddress, port: number): LinkAddress {
  return `${ipOf(address)}:${port}`;
}

function formatEndpoint(ip: Uint8Array, port: number): LinkAddress {
  return ip.length === IPV4_BYTES ? `${ip.join('.')}:${port}` : `[${formatIpv6(ip)}]:${port}`;
}

/** Lower case, the longest run of zero groups shortened (RFC 5952). */
function formatIpv6(ip: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < IPV6_BYTES; i += 2) groups.push(readU16(ip, i));
  let [start, length] = [0, 0];
  for (let i = 0; i < GROUPS; i++) {
    let end = i;
    while (end < GROUPS && groups[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  const texts = groups.map((group) => group.toString(16));
  if (length < 2) return texts.join(':');
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`;
}

function parseIp(text: string): Uint8Array | undefined {
  if (text.startsWith('[') && text.endsWith(']')) return parseIpv6(text.substring(1, text.length - 1));
  const parts = text.split('.');
  if (parts.length !== IPV4_BYTES || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined;
  return parts.every((part) => Number(part) <= 0xff) ? Uint8Array.from(parts, Number) : undefined;
}

/** An address with a zone means nothing to others. */
function parseIpv6(text: string): Uint8Array | undefined {
  const [head = '', tail, ...rest] = text.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = GROUPS - first.length - last.length;
  if (rest.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  const ip = new Uint8Array(IPV6_BYTES);
  for (const [i, group] of groups.entries()) writeU16(ip, 2 * i, Number.parseInt(group, 16));
  return ip;
}

/** What every machine calls itself. */
function isLoopback(ip: Uint8Array): boolean {
  return ip.length === IPV4_BYTES && ip[0] === LOOPBACK_NET;
}

/** Not everybody or nobody. On one machine, stations may have each other at 127.0.0.0/8. */
function isStation(ip: Uint8Array): boolean {
  const first = ip[0] as number;
  if (ip.length === IPV4_BYTES) return first !== 0 && first < 0xe0;
  return first !== 0xff && !ip.every((byte, i) => byte === 0 || (i === IPV6_BYTES - 1 && byte === 1));
}
