import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, readU32, writeU32 } from '../kernel/bytes.js';
import { encodeUtf8 } from '../kernel/utf8.js';

/**
 * Who comes before whom (SPEC §8.7): less debt first, chance by hash between equals. Whoever knows the same
 * adverts comes to the same order.
 */

const CONTEXT = encodeUtf8('elect');
const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;
/** In quarter terms: whoever served within the last term waits for two more, ... */
const RESTED_QUARTERS = 8;
/** ... and a node that nobody can go through comes after all others. */
const DEAD_END_QUARTERS = 512;

/** Eight words of chance that everybody can compute for everybody; new each era. */
export function electionWords(suite: CryptoSuite, era: number, id: Uint8Array): Uint8Array {
  const number = new Uint8Array(4);
  writeU32(number, 0, era);
  return suite.hash(concatBytes(CONTEXT, number, id));
}

/** Word 1 to 8, as a number in [0, 1). */
export function chanceOf(words: Uint8Array, word: number): number {
  return readU32(words, 4 * (word - 1)) / TWO_32;
}

export interface Standpoint {
  /** Quarter terms. */
  readonly debt: number;
  readonly isRested: boolean;
  readonly isThrough: boolean;
  /** The first word. */
  readonly word: number;
}

/** The lowest comes first. */
export function costOf({ debt, isRested, isThrough, word }: Standpoint): number {
  const quarters = debt + (isRested ? RESTED_QUARTERS : 0) + (isThrough ? 0 : DEAD_END_QUARTERS);
  return quarters * TWO_31 - word;
}
