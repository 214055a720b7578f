import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** 'host:port' or '[v6]:port' as its two parts. */
export function splitHostPort(address: string): { readonly host: string; readonly port: string } {
  const at = address.lastIndexOf(':');
  return { host: address.substring(0, at).replace(/^\[|\]$/g, ''), port: address.substring(at + 1) };
}

/** The same address with numbers only, as links want it; undefined when the name is not known at present. */
export async function resolveAddress(address: string): Promise<string | undefined> {
  const { host, port } = splitHostPort(address);
  if (isIP(host.replace(/%.*$/, '')) !== 0) return address;
  try {
    const found = await lookup(host);
    return found.family === 6 ? `[${found.address}]:${port}` : `${found.address}:${port}`;
  } catch {
    return undefined;
  }
}
