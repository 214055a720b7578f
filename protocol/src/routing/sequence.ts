/**
 * A route's sequence number is (boot, counter), 16 bits each, packed into one unsigned 32-bit number. Both
 * halves are compared by serial number arithmetic (RFC 1982), the boot first: a node that lost its counter
 * still moves forward.
 */

const HALF = 0x1_0000;

export function packSequence(boot: number, counter: number): number {
  return (boot % HALF) * HALF + (counter % HALF);
}

export function bootOf(sequence: number): number {
  return Math.floor(sequence / HALF);
}

export function counterOf(sequence: number): number {
  return sequence % HALF;
}

export function isNewer(a: number, b: number): boolean {
  const boots = (bootOf(a) - bootOf(b)) & 0xffff;
  const ahead = boots === 0 ? (a - b) & 0xffff : boots;
  return ahead !== 0 && ahead < HALF / 2;
}

/** The one after it in the same boot. */
export function nextSequence(sequence: number): number {
  return packSequence(bootOf(sequence), counterOf(sequence) + 1);
}
