/**
 * The part of PCP (RFC 6887) that asks a router for a port: MAP of UDP over IPv4. All numbers are big endian.
 */
import { packIpv4, readIpv4 } from './ip.js';

const VERSION = 2;
const MAP = 1;
const ANSWER = 0x80;
const UDP = 17;
export const NONCE_BYTES = 12;
const HEADER_BYTES = 24;
const MAP_BYTES = 36;
const ANYBODY = packIpv4('0.0.0.0');

export interface PcpRequest {
  /** IPv4 address that the request is sent from. */
  readonly client: string;
  readonly nonce: Uint8Array;
  readonly port: number;
  /** What it would like, or has. */
  readonly externalPort: number;
  /** 0 gives the port back. */
  readonly lifetimeS: number;
}

export interface PcpAnswer {
  /** 0: granted. */
  readonly result: number;
  readonly lifetimeS: number;
  readonly nonce: Uint8Array;
  readonly port: number;
  readonly externalPort: number;
  /** Undefined where it makes no sense. */
  readonly external: string | undefined;
}

export function encodePcp({ client, nonce, port, externalPort, lifetimeS }: PcpRequest): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + MAP_BYTES);
  const view = new DataView(packet.buffer);
  packet[0] = VERSION;
  packet[1] = MAP;
  view.setUint32(4, lifetimeS);
  packet.set(packIpv4(client), 8);
  packet.set(nonce, HEADER_BYTES);
  packet[36] = UDP;
  view.setUint16(40, port);
  view.setUint16(42, externalPort);
  packet.set(ANYBODY, 44);
  return packet;
}

/** Undefined when it is no answer to a MAP of UDP. */
export function decodePcp(packet: Uint8Array): PcpAnswer | undefined {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (packet.length < HEADER_BYTES + MAP_BYTES || packet[0] !== VERSION) return undefined;
  if (packet[1] !== (ANSWER | MAP) || packet[36] !== UDP) return undefined;
  return {
    result: view.getUint8(3),
    lifetimeS: view.getUint32(4),
    nonce: packet.slice(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES),
    port: view.getUint16(40),
    externalPort: view.getUint16(42),
    external: readIpv4(packet.subarray(44, HEADER_BYTES + MAP_BYTES)),
  };
}

/** A router that speaks another version says so: by the first byte which one, by the fourth that. */
export function isOtherVersion(packet: Uint8Array): boolean {
  const isAnswer = packet.length >= 4 && ((packet[1] ?? 0) & ANSWER) !== 0;
  return isAnswer && packet[0] !== VERSION && packet[2] === 0 && packet[3] === 1;
}

const REFUSALS: Readonly<Record<number, string>> = {
  2: 'it does not allow that',
  3: 'it does not understand the question',
  4: 'it gives out no ports',
  7: 'it has no network itself',
  8: 'it has no ports left',
  9: 'it gives out no ports of UDP',
  10: 'this machine has had its share of ports',
  11: 'it cannot give that port',
  12: 'there is another NAT before it',
};

export function pcpRefusal(result: number): string {
  return REFUSALS[result] ?? `its answer is the error ${result}`;
}
