import type { Heartbeat } from '../packet/message.js';

/**
 * What a heartbeat says of its interval (SPEC §8.2): the seconds, and in the highest bit that its sender
 * wishes to be woken no more often than that.
 */
export const WISH = 0x8000;

export function intervalIn({ intervalS }: Heartbeat): number {
  return intervalS % WISH;
}

export function isWish({ intervalS }: Heartbeat): boolean {
  return intervalS >= WISH;
}
