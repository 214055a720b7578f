import type { Prng } from '@fogwisp/protocol/sim';

/** Bytes where decoders change their mind: ends of CBOR heads, types of packets and messages. */
const EDGES = [
  0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1f, 0x3b, 0x40, 0x57, 0x58, 0x5b, 0x5f, 0x60, 0x6f, 0x70,
  0x7b, 0x7f, 0x80, 0x9b, 0x9f, 0xbb, 0xbf, 0xc0, 0xf6, 0xf7, 0xf9, 0xfb, 0xff,
] as const;
const BYTES_MAX = 2048;

export function randomBytesOf(chance: Prng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  chance.fill(bytes);
  return bytes;
}

/** A packet as damage or malice would leave it; `others` lend their parts. The original stays as it is. */
export function mutate(chance: Prng, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let mutant = new Uint8Array(bytes);
  for (let steps = 1 + chance.below(3); steps > 0; steps--) mutant = step(chance, mutant, others);
  return mutant.length > BYTES_MAX ? mutant.subarray(0, BYTES_MAX) : mutant;
}

function step(chance: Prng, bytes: Uint8Array<ArrayBuffer>, others: readonly Uint8Array[]) {
  const at = chance.below(bytes.length);
  switch (chance.below(8)) {
    case 0:
      return with1(bytes, at, (bytes[at] ?? 0) ^ (1 << chance.below(8)));
    case 1:
      return with1(bytes, at, EDGES[chance.below(EDGES.length)] ?? 0);
    case 2:
      return with1(bytes, at, chance.below(256));
    case 3:
      return new Uint8Array(bytes.subarray(0, at));
    case 4:
      return joined(bytes, randomBytesOf(chance, 1 + chance.below(40)));
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + chance.below(8)));
    case 6:
      return joined(bytes.subarray(0, at), bytes.subarray(chance.below(at + 1)));
    default: {
      const other = others.length === 0 ? bytes : chance.pick(others);
      return joined(bytes.subarray(0, at), other.subarray(chance.below(other.length)));
    }
  }
}

function with1(bytes: Uint8Array<ArrayBuffer>, at: number, value: number): Uint8Array<ArrayBuffer> {
  if (at < bytes.length) bytes[at] = value;
  return bytes;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
