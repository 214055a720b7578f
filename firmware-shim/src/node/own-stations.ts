import { networkInterfaces } from 'node:os';
import type { LinkAddress } from '@fogwisp/protocol';
import { formatStation } from './station.js';

/**
 * Where stations of the same networks find a socket that is bound to `bind`: its own address, or those of the
 * machine when it is bound to all. Addresses of one cable only, and of the machine to itself, help nobody.
 */
export function ownStations(
  bind: string,
  port: number,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): readonly LinkAddress[] {
  if (bind !== '::' && bind !== '0.0.0.0') return [formatStation(bind, port)];
  const all = Object.values(interfaces).flatMap((each) => each ?? []);
  const of = (family: 'IPv4' | 'IPv6') =>
    all.filter((each) => each.family === family && !each.internal).map(({ address }) => address);
  const v6 = bind === '::' ? of('IPv6').filter((address) => !/^fe[89ab]/i.test(address)) : [];
  return [...of('IPv4'), ...v6].map((address) => formatStation(address, port));
}
