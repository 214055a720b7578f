import { type Row, ratioOf } from './row.js';

/** Ratios to raw, by row; committed, so that a change that costs speed is seen on any machine. */
export type Baseline = Readonly<Record<string, number>>;

/** A ratio may fall by this share: two runs on a busy machine differ by less. */
const FALL_MAX = 0.3;

export interface Fall {
  readonly name: string;
  readonly ratio: number;
  readonly baseline: number;
}

/** Rows whose ratio fell too far; those that the baseline does not know cannot fall. */
export function fallsOf(rows: readonly Row[], baseline: Baseline): readonly Fall[] {
  return rows.flatMap((row) => {
    const before = baseline[row.name];
    const ratio = ratioOf(row);
    if (before === undefined || ratio >= before * (1 - FALL_MAX)) return [];
    return [{ name: row.name, ratio, baseline: before }];
  });
}
