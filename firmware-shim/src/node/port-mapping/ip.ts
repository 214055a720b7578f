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

const PRIVATE = [
  [0x0a00_0000, 8],
  [0xac10_0000, 12],
  [0xc0a8_0000, 16],
  [0xa9fe_0000, 16],
  [0x7f00_0000, 8],
] as const;

/** Whether an IPv4 address is of a network of one's own (RFC 1918, RFC 3927), or of this machine. */
export function isNearby(address: string): boolean {
  const bits = bitsOf(address);
  return bits !== undefined && PRIVATE.some(([net, length]) => (bits ^ net) >>> (32 - length) === 0);
}

/** As routers write it; undefined where it is none of a station that others could reach. */
export function parseIpv4(text: string): string | undefined {
  const bits = bitsOf(text);
  return bits === undefined
    ? undefined
    : stationIpv4(Uint8Array.of(bits >>> 24, bits >>> 16, bits >>> 8, bits));
}

function bitsOf(address: string): number | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(address)) return undefined;
  const parts = address.split('.').map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((bits, part) => (bits << 8) | part, 0) >>> 0;
}
