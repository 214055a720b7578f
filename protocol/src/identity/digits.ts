/*
 * Bytes as people copy them (SPEC §5.6): five bits a character, most significant first, in Crockford's
 * alphabet: case does not matter, and o, i and l are read as the digits they look like.
 */

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/** The last character is filled up with zero bits. */
export function toDigits(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    for (bitCount += 8; bitCount >= 5; bitCount -= 5) text += DIGITS.charAt((bits >> (bitCount - 5)) & 31);
    bits &= (1 << bitCount) - 1;
  }
  return bitCount === 0 ? text : text + DIGITS.charAt((bits << (5 - bitCount)) & 31);
}

/** Undefined for what `toDigits` cannot have written; blanks and dashes do not matter. */
export function fromDigits(text: string): Uint8Array | undefined {
  const digits = text.toLowerCase().replace(/[-\s]/g, '').replace(/o/g, '0').replace(/[il]/g, '1');
  const bytes = new Uint8Array(Math.floor((digits.length * 5) / 8));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    bitCount += 5;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[at++] = bits >> bitCount;
  }
  const rest = bits & ((1 << bitCount) - 1);
  return bitCount < 5 && rest === 0 ? bytes : undefined;
}
