import type makeMdns from 'multicast-dns';
import { ShimError } from '../shim-error.js';

export type MakeMdns = typeof makeMdns;

/** `multicast-dns` is optional: beacons find peers wherever the network lets multicast through. */
export async function loadMdns(): Promise<MakeMdns> {
  try {
    return (await import('multicast-dns')).default;
  } catch (error) {
    const message = 'mDNS needs the package multicast-dns: run npm install multicast-dns@7';
    throw new ShimError('mdnsMissing', message, error);
  }
}
