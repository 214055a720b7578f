import fc from 'fast-check';
import { fromHex } from '../../src/kernel/bytes.js';

export function hex(...parts: readonly string[]): Uint8Array {
  const bytes = fromHex(parts.join(''));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${parts.join('')}`);
  return bytes;
}

/** `bytes` with one byte changed, or cut short, or made longer. */
export function mutationOf(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const flipped = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
    const copy = new Uint8Array(bytes);
    copy[at] = (copy[at] as number) ^ by;
    return copy;
  });
  const cut = fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length));
  const grown = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((more) => new Uint8Array([...bytes, ...more]));
  return fc.oneof(flipped, cut, grown);
}

export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

export const anyConnection: fc.Arbitrary<number> = fc.oneof(
  fc.nat(255),
  fc.integer({ min: 256, max: 65_535 }),
);
