import type { LinkInfo } from '../kernel/link.js';

/**
 * Cost of a link (SPEC §8.3): 96 x airtime factor x expected transmissions, in integers only, because the
 * transcendental functions differ between engines. 96 is a loss-free LAN link, so 600 such links fit a route.
 */

/** Retracts a route; a sum that reaches it is no route either. */
export const METRIC_INFINITY = 0xffff;

/** 96 in quarters, so that the factors below are integers. */
const QUARTER_COST = 24;

/**
 * Airtime factor in quarters by bit rate. The classes are coarse: a rate that wobbles must not move routes.
 */
const AIRTIME_QUARTERS = [
  { bitrateMin: 10_000_000, quarters: 4 },
  { bitrateMin: 1_000_000, quarters: 6 },
  { bitrateMin: 100_000, quarters: 8 },
  { bitrateMin: 10_000, quarters: 16 },
  { bitrateMin: 1, quarters: 32 },
] as const;

/** Headers and fragments eat a growing share of small packets: factor in quarters by packet size. */
const MTU_QUARTERS = [
  { mtuMin: 480, quarters: 4 },
  { mtuMin: 128, quarters: 5 },
  { mtuMin: 0, quarters: 6 },
] as const;

/** Ten transmissions per packet; a link worse than that costs no more, it is still better than none. */
const LOSS_PER_MILLE_MAX = 900;

export function linkCost(link: LinkInfo, lossPerMille: number): number {
  const airtime = AIRTIME_QUARTERS.find((row) => link.bitrate === 0 || link.bitrate >= row.bitrateMin);
  const size = MTU_QUARTERS.find((row) => link.mtu >= row.mtuMin);
  const quarters = (airtime?.quarters ?? 4) * (size?.quarters ?? 6);
  const delivered = 1000 - Math.min(Math.max(lossPerMille, 0), LOSS_PER_MILLE_MAX);
  return Math.floor((QUARTER_COST * quarters * 250) / delivered);
}
