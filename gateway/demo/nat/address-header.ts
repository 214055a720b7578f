import type { LinkAddress } from '@fogwisp/protocol';

/* Between a peer and its simulated box: IPv4 address 4, port 2, then the packet. */

const IPV4 = /^(\d+\.\d+\.\d+\.\d+):([1-9]\d*)$/;
const IP_BYTES = 4;
const HEADER_BYTES = IP_BYTES + 2;

/** The packet with the address before it; undefined where that is none of IPv4. */
export function withAddress(address: LinkAddress, packet: Uint8Array): Uint8Array | undefined {
  const [, ip, port] = IPV4.exec(address) ?? [];
  if (ip === undefined) return undefined;
  const bytes = Buffer.alloc(HEADER_BYTES + packet.length);
  for (const [at, part] of ip.split('.').entries()) bytes[at] = Number(part);
  bytes.writeUInt16BE(Number(port), IP_BYTES);
  bytes.set(packet, HEADER_BYTES);
  return bytes;
}

export interface Addressed {
  readonly ip: string;
  readonly port: number;
  readonly packet: Uint8Array;
}

/** Undefined when there is no packet in it, or nowhere to go. */
export function splitAddress(bytes: Buffer): Addressed | undefined {
  if (bytes.length <= HEADER_BYTES) return undefined;
  const ip = bytes.subarray(0, IP_BYTES).join('.');
  const port = bytes.readUInt16BE(IP_BYTES);
  return port === 0 ? undefined : { ip, port, packet: bytes.subarray(HEADER_BYTES) };
}
