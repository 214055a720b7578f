/** The bits of an advert and of each supernode that it lists (SPEC §8.6). */

/** Bits 0-1. */
export const Standing = { leaf: 0, serving: 1, retiring: 2, leaving: 3 } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

/** Takes reservations; and would be at most 60 % full with one more. */
export const ACCEPTING = 4;
export const ROOMY = 8;
/** Has fewer reservations than it should have. */
export const NEEDY = 16;
/** Has two neighbours or more, so that others can go through it. */
export const THROUGH = 32;
/** Served within the last term. */
export const RESTED = 64;

/** What a list of supernodes says of each. */
export const LISTED_MASK = 15;
/** One entry of such a list: 8 bytes of id, 1 of flags; four entries at most. */
export const ENTRY_BYTES = 9;
export const ENTRY_COUNT_MAX = 4;

/** In RESERVE: the sender has not enough without this reservation. */
export const RELIANT = 1;

export function standingOf(flags: number): Standing {
  return (flags & 3) as Standing; // two bits hold nothing else
}
