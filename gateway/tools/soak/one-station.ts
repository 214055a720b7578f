import type { Device, LinkId } from '@fogwisp/device-sdk';
import type { WalledLink } from './walled-link.js';

/** A client of one station at a time: when that is told to be offline it goes on to the next. */
export function keepOneStation(
  device: Device,
  { id: link, walls }: { readonly id: LinkId; readonly walls: WalledLink },
  stations: readonly string[],
): void {
  let at = 0;
  walls.openTo(stations.slice(0, 1));
  device.on('peer', ({ status }) => {
    const isThere = device.peers().some(({ path }) => path.kind === 'direct' && path.link?.id === link);
    const present = stations[at % stations.length];
    const next = stations[(at + 1) % stations.length];
    if (status !== 'offline' || isThere || present === undefined || next === undefined) return;
    at++;
    walls.openTo([next]);
    device.disconnect(link, present);
    device.connect(link, next);
  });
}
