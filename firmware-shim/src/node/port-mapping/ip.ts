/* IP addresses as PCP has them: 16 bytes, an IPv4 one behind ::ffff. */

const IPV6_BYTES = 16;
const IPV4_AT = 12;
const MULTICAST_MIN = 0xe0;
const LOOPBACK_NET = 127;

/** Of an IPv4 address. */
export function packIpv4(address: string): Uint8Array {
  const packed = new Uint8Array(IPV6_BYTES);
  packed[IPV4_AT - 2] = 0xff;
  packed[IPV4_AT - 1] = 0xff;
  for (const [i, part] of address.split('.').entries()) packed[IPV4_AT + i] = Number(part);
  return packed;
}

/** Undefined where it is none of a station that others could reach. */
export function readIpv4(packed: Uint8Array): string | undefined {
  const isIpv4 = packed.every((byte, i) => i >= IPV4_AT || byte === (i < IPV4_AT - 2 ? 0 : 0xff));
  return packed.length === IPV6_BYTES && isIpv4 ? stationIpv4(packed.subarray(IPV4_AT)) : undefined;
}

export function stationIpv4(bytes: Uint8Array): string | undefined {
  const [first = 0] = bytes;
  if (first === 0 || first === LOOPBACK_NET || first >= MULTICAST_MIN) return undefined;
  return bytes.join('.');
}
