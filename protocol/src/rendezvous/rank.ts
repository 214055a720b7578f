import { readU32 } from '../kernel/bytes.js';

/**
 * Rendezvous hashing (SPEC §9.6): of all that keep records, those closest to a key keep what has that key.
 * Who comes or goes moves only what is his. The mixing is that of §8.2 and no secret: ids are hashes of keys
 * already, and whoever wants a certain place can look for a key that gives it, whatever the function.
 */

export function closeness(key: Uint8Array, holder: Uint8Array): number {
  let mixed = mix(mix(0, readU32(key, 0)), readU32(key, 4));
  mixed = mix(mix(mixed, readU32(holder, 0)), readU32(holder, 4));
  return (Math.imul(mixed ^ (mixed >>> 13), 0x85eb_ca6b) ^ (mixed >>> 16)) >>> 0;
}

function mix(mixed: number, word: number): number {
  const product = Math.imul(mixed ^ word, 0x9e37_79b1);
  return (product ^ (product >>> 15)) >>> 0;
}

/** The `count` closest, closest first; of two that are equally close the one that comes first in the list. */
export function closest(
  key: Uint8Array,
  holders: readonly Uint8Array[],
  count: number,
): readonly Uint8Array[] {
  const best: { readonly holder: Uint8Array; readonly score: number }[] = [];
  for (const holder of holders) {
    const score = closeness(key, holder);
    let at = best.length;
    while (at > 0 && (best[at - 1]?.score ?? 0) < score) at--;
    if (at >= count) continue;
    best.splice(at, 0, { holder, score });
    if (best.length > count) best.pop();
  }
  return best.map(({ holder }) => holder);
}
