import type { Capability } from '../api.js';

/**
 * How well a node can serve others, 4 bits (SPEC §8.6): integers and tables only, so that every engine comes
 * to the same. 0 means never; no value means always.
 */

export const SCORE_MAX = 15;
export const WILLINGNESS_MAX = 7;

/** Each in per cent. */
export interface ScoreParts {
  readonly energy: number;
  readonly availability: number;
  readonly memory: number;
  readonly bandwidth: number;
  readonly reachability: number;
}

const BATTERY_MIN_PER_CENT = 20;
/** A full battery counts half of what mains does. */
const BATTERY_PER_CENT_MAX = 50;
/** In steps of 20 and of 10 per cent, each for a doubling. */
const MEMORY_KIB = [64, 128, 256, 512, 1024] as const;
const BANDWIDTH_KBIT = [20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240] as const;
const REACHABILITY = { open: 100, mapped: 70, local: 100, lan: 50, symmetric: 20 } as const;

export function partsOf(capability: Capability, availability: number): ScoreParts {
  return {
    energy: energyOf(capability),
    availability,
    memory: 20 * MEMORY_KIB.filter((least) => capability.memoryKiB >= least).length,
    bandwidth: 10 * BANDWIDTH_KBIT.filter((least) => capability.bandwidthKbit >= least).length,
    reachability: REACHABILITY[capability.reachability],
  };
}

export function scoreOf(parts: ScoreParts, willingness: number): number {
  const { energy, availability, memory, bandwidth, reachability } = parts;
  if (energy === 0 || willingness === 0) return 0;
  const quality = 30 * availability + 20 * memory + 20 * bandwidth + 30 * reachability;
  const whole = SCORE_MAX * energy * quality * willingness;
  return Math.max(1, Math.round(whole / (100 * 10_000 * WILLINGNESS_MAX)));
}

function energyOf({ batteryPercent, isAsleep }: Capability): number {
  if (isAsleep === true) return 0;
  if (batteryPercent === undefined) return 100;
  if (batteryPercent < BATTERY_MIN_PER_CENT) return 0;
  const share = (batteryPercent - BATTERY_MIN_PER_CENT) / (100 - BATTERY_MIN_PER_CENT);
  return Math.max(1, Math.floor(share * BATTERY_PER_CENT_MAX));
}
