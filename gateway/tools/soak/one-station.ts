import type { Device, LinkId } from '@fogwisp/device-sdk';

/** A client of one station: when that is told to be offline it goes on to the next of its list. */
export function keepOneStation(
  device: Device,
  link: LinkId,
  first: readonly string[],
  spare: readonly string[],
): void {
  const stations = [...first, ...spare];
  let at = 0;
  device.on('peer', ({ status }) => {
    const isThere = device.peers().some(({ path }) => path.kind === 'direct' && path.link?.id === link);
    const present = stations[at % stations.length];
    const next = stations[(at + 1) % stations.length];
    if (status !== 'offline' || isThere || present === undefined || next === undefined) return;
    at++;
    device.disconnect(link, present);
    device.connect(link, next);
  });
}
