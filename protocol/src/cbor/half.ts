/** 16-bit floats (IEEE 754 binary16), which DataView does not know. */

export const NAN16 = 0x7e00;

const UNIT = 1 / 0x100_0000; // 2^-24, the smallest one

/** The 16 bits that equal the 32-bit float with the bits `single`, or undefined when none do. Not for NaN. */
export function halfOf(single: number): number | undefined {
  const sign = (single >>> 16) & 0x8000;
  const exponent = ((single >>> 23) & 0xff) - 127;
  const fraction = single & 0x7f_ffff;
  if (exponent === -127 && fraction === 0) return sign;
  if (exponent === 128) return sign | 0x7c00; // infinity
  if (exponent >= -14 && exponent <= 15) {
    return (fraction & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (fraction >> 13) : undefined;
  }
  if (exponent < -24 || exponent > 15) return undefined;
  const whole = 0x80_0000 | fraction; // a subnormal: a multiple of 2^-24
  const shift = -1 - exponent;
  return (whole & ((1 << shift) - 1)) === 0 ? sign | (whole >> shift) : undefined;
}

export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * UNIT;
  let value = (0x400 | fraction) * UNIT;
  for (let i = 1; i < exponent; i++) value *= 2;
  return sign * value;
}
