/** NAT-PMP (RFC 6886), which older routers have: its address, and a port of UDP. Big endian. */
import { stationIpv4 } from './ip.js';

const VERSION = 0;
const ADDRESS = 0;
const MAP_UDP = 1;
const ANSWER = 0x80;
const ADDRESS_ANSWER_BYTES = 12;
const MAP_ANSWER_BYTES = 16;

export type NatPmpAnswer =
  /** Undefined where it makes no sense. */
  | { readonly kind: 'address'; readonly result: number; readonly external: string | undefined }
  | {
      readonly kind: 'map';
      readonly result: number;
      readonly port: number;
      readonly externalPort: number;
      readonly lifetimeS: number;
    };

export function encodeAddressWanted(): Uint8Array {
  return Uint8Array.of(VERSION, ADDRESS);
}

/** A lifetime of 0 gives the port back. */
export function encodeNatPmp(port: number, externalPort: number, lifetimeS: number): Uint8Array {
  const packet = new Uint8Array(12);
  const view = new DataView(packet.buffer);
  packet[1] = MAP_UDP;
  view.setUint16(4, port);
  view.setUint16(6, externalPort);
  view.setUint32(8, lifetimeS);
  return packet;
}

/** Undefined when it is no answer. */
export function decodeNatPmp(packet: Uint8Array): NatPmpAnswer | undefined {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (packet.length < 4 || packet[0] !== VERSION) return undefined;
  const result = view.getUint16(2);
  // An error need not have the rest.
  if (packet[1] === (ANSWER | ADDRESS)) {
    const isWhole = packet.length >= ADDRESS_ANSWER_BYTES;
    if (!isWhole && result === 0) return undefined;
    return { kind: 'address', result, external: isWhole ? stationIpv4(packet.subarray(8, 12)) : undefined };
  }
  if (packet[1] !== (ANSWER | MAP_UDP)) return undefined;
  const isWhole = packet.length >= MAP_ANSWER_BYTES;
  if (!isWhole && result === 0) return undefined;
  return {
    kind: 'map',
    result,
    port: isWhole ? view.getUint16(8) : 0,
    externalPort: isWhole ? view.getUint16(10) : 0,
    lifetimeS: isWhole ? view.getUint32(12) : 0,
  };
}

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it speaks another version of the protocol',
  2: 'it does not allow that',
  3: 'it has no network itself',
  4: 'it has no ports left',
  5: 'it does not know how to',
};

export function natPmpRefusal(result: number): string {
  return REFUSALS[result] ?? `its answer is the error ${result}`;
}
