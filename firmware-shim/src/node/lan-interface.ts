import { isIPv4 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Station } from './station.js';

/** More are left alone: a host with dozens of container bridges should name those that it means. */
export const LAN_INTERFACE_COUNT_MAX = 16;

/** One address of one interface: what a socket of the LAN link binds to. */
export interface LanInterface {
  readonly name: string;
  readonly family: 4 | 6;
  /** With its scope where it is link-local. */
  readonly address: string;
  readonly netmask: string;
  readonly isInternal: boolean;
}

export type InterfaceTable = NodeJS.Dict<NetworkInterfaceInfo[]>;

export interface LanChoice {
  /** Names; left out: all that lead out of this machine, or loopback when there is none. */
  readonly interfaces?: readonly string[] | undefined;
  readonly loopbackOnly?: boolean | undefined;
}

/** The interfaces to use now: of each one IPv4 and one IPv6 address. */
export function lanInterfaces(
  choice: LanChoice,
  table: InterfaceTable = networkInterfaces(),
): LanInterface[] {
  const all: LanInterface[] = [];
  for (const [name, entries] of Object.entries(table)) all.push(...ofInterface(name, entries ?? []));
  const inner = all.filter((entry) => entry.isInternal && (entry.family === 4 || !hasIpv4(all, entry.name)));
  if (choice.loopbackOnly === true) return inner.slice(0, LAN_INTERFACE_COUNT_MAX);
  const names = choice.interfaces;
  const chosen = all.filter((entry) => names?.includes(entry.name) ?? !entry.isInternal);
  const usable = chosen.length > 0 || names !== undefined ? chosen : inner;
  return usable.slice(0, LAN_INTERFACE_COUNT_MAX);
}

/** Loopback has no IPv6 multicast on most systems, and needs none beside IPv4. */
function hasIpv4(all: readonly LanInterface[], name: string): boolean {
  return all.some((entry) => entry.name === name && entry.family === 4);
}

function ofInterface(name: string, entries: readonly NetworkInterfaceInfo[]): readonly LanInterface[] {
  const found: LanInterface[] = [];
  const four = entries.find((entry) => entry.family === 'IPv4');
  const sixes = entries.filter((entry) => entry.family === 'IPv6');
  const six = sixes.find((entry) => entry.address.startsWith('fe80')) ?? sixes[0];
  for (const entry of [four, six]) {
    if (entry === undefined) continue;
    const isScoped = entry.address.startsWith('fe80');
    found.push({
      name,
      family: entry.family === 'IPv4' ? 4 : 6,
      address: isScoped ? `${entry.address}%${name}` : entry.address,
      netmask: entry.netmask,
      isInternal: entry.internal,
    });
  }
  return found;
}

/** Whether the station is reached through this interface without a router. */
export function isOnLink(at: LanInterface, station: Station): boolean {
  if (station.family !== at.family) return false;
  if (at.family === 6) {
    const scope = station.address.split('%')[1];
    return scope === undefined ? !station.address.startsWith('fe80') : scope === at.name;
  }
  const mask = numberOf(at.netmask);
  return (numberOf(at.address) & mask) === (numberOf(station.address) & mask);
}

/** The address that reaches all of an IPv4 network where multicast does not work. */
export function broadcastAddressOf(at: LanInterface): string {
  const all = (numberOf(at.address) | ~numberOf(at.netmask)) >>> 0;
  return [all >>> 24, (all >>> 16) & 255, (all >>> 8) & 255, all & 255].join('.');
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

function numberOf(ipv4: string): number {
  return ipv4.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
}
