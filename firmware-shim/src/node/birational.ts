/**
 * The map from edwards25519 to Curve25519 (RFC 7748 §4.1), the one thing of the suite that node:crypto
 * lacks. On public keys only: big integers take a time that depends on their value.
 */

const P = 2n ** 255n - 19n;
const COORDINATE_BYTES = 32;

/** u = (1 + y) / (1 - y), where 1 / 0 = 0. The sign bit of x is ignored. */
export function montgomeryOf(y: Uint8Array): Uint8Array {
  const value = read(y);
  return write((1n + value) * inverse(1n - value));
}

function read(bytes: Uint8Array): bigint {
  if (bytes.length !== COORDINATE_BYTES) throw new RangeError('a coordinate has 32 bytes');
  let value = 0n;
  for (let i = COORDINATE_BYTES - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value & (2n ** 255n - 1n);
}

function write(value: bigint): Uint8Array {
  const bytes = new Uint8Array(COORDINATE_BYTES);
  let rest = modulo(value);
  for (let i = 0; i < COORDINATE_BYTES; i++) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** Extended Euclid; 0 for 0. */
function inverse(value: bigint): bigint {
  let [rest, divisor] = [P, modulo(value)];
  let [before, result] = [0n, 1n];
  if (divisor === 0n) return 0n;
  while (divisor !== 1n) {
    const quotient = rest / divisor;
    [rest, divisor] = [divisor, rest - quotient * divisor];
    [before, result] = [result, before - quotient * result];
  }
  return modulo(result);
}

function modulo(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}
