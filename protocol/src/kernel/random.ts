/** The one source of randomness of a node. The host fills it from a CSPRNG, the simulator from a seed. */
export interface Random {
  /** Overwrites all of them. */
  fill(bytes: Uint8Array): void;
}

/** A new array of so many. */
export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

/** A uniform integer in [0, 2^32). */
export function randomU32(random: Random): number {
  const b = randomBytes(random, 4);
  return new DataView(b.buffer).getUint32(0);
}

/**
 * An integer in [0, below), for jitter and choices; the bias of at most below / 2^32 does not matter there.
 */
export function randomBelow(random: Random, below: number): number {
  return Math.floor((randomU32(random) / 0x1_0000_0000) * below);
}
