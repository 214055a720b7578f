import type { RouteEntries, RouteEntry } from '../packet/message.js';

/** What a route takes in a packet, and the mix of it that both ends keep (SPEC §8.2). */

/** A ROUTES message without its entries: type number and array header. */
export const ROUTES_BYTES = 4;
const ID_BYTES = 9;

/** Odd, as in Fibonacci hashing. */
const MIX_FACTOR = 0x9e3779b1;

/** 16 bits of a route, never 0. SPEC §8.2 has it as five steps over 32-bit words. */
export function mixRoute(high: number, low: number, sequence: number, rest: RouteRest): number {
  let mix = 0;
  mix = mixWord(mix, high);
  mix = mixWord(mix, low);
  mix = mixWord(mix, sequence);
  mix = mixWord(mix, rest.metric * 0x1_0000 + rest.mtu);
  mix = mixWord(mix, rest.flags * 0x100 + rest.hops);
  return (mix ^ (mix >>> 16)) & 0xffff || 1;
}

interface RouteRest {
  readonly metric: number;
  readonly hops: number;
  readonly mtu: number;
  readonly flags: number;
}

function mixWord(mix: number, word: number): number {
  const product = Math.imul(mix ^ word, MIX_FACTOR);
  return product ^ (product >>> 15);
}

/** Length of a CBOR integer below 2^16. */
function integerBytes(value: number): number {
  if (value < 24) return 1;
  return value < 0x100 ? 2 : 3;
}

export function entryBytes(entry: RouteEntry): number {
  const numbers = integerBytes(entry.boot) + integerBytes(entry.sequence) + integerBytes(entry.metric);
  return ID_BYTES + numbers + integerBytes(entry.hops) + integerBytes(entry.mtu) + integerBytes(entry.flags);
}

/** What a ROUTES message takes in a packet. */
export function routesBytes(entries: RouteEntries): number {
  let bytes = ROUTES_BYTES;
  for (const entry of entries) bytes += entryBytes(entry);
  return bytes;
}
