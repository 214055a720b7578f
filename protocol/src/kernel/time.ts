/** Milliseconds on a monotonic clock that starts anywhere. Never a wall clock, never decreasing. */
export type Instant = number;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/**
 * No round trip takes longer: whoever waited so long for an answer slept, and has learned nothing of the path
 * (RFC 6298 §2.5 lets a timeout end there).
 */
export const ROUND_TRIP_MS_MAX = MINUTE_MS;
