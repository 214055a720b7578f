import { networkInterfaces } from 'node:os';
import type { NetFacts } from './netcheck.js';

/** Those that others may reach: neither of the machine to itself nor of one cable only. */
export function reachableAddresses(interfaces = networkInterfaces()): NetFacts['addresses'] {
  const all = Object.values(interfaces).flatMap((each) => each ?? []);
  const of = (family: 'IPv4' | 'IPv6') =>
    all.filter((each) => each.family === family && !each.internal).map(({ address }) => address);
  return { ipv4: of('IPv4'), ipv6: of('IPv6').filter((address) => !/^fe[89ab]/i.test(address)) };
}
