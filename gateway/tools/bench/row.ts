/**
 * One figure of this machine, and the same done with nothing but sockets and system calls in the same run.
 */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly raw?: number;
}

/** A measurement that yields some rows; only those that are wanted are run. */
export interface Bench {
  readonly names: readonly string[];
  run(): Promise<readonly Row[]>;
}

/** Speeds are better when they are higher, times and sizes when they are lower. */
export function isHigherBetter(unit: string): boolean {
  return unit.endsWith('/s');
}

/** How good a figure is, beside the raw one of the same machine where there is one: higher is better. */
export function ratioOf({ value, unit, raw }: Row): number {
  const beside = raw ?? 1;
  return isHigherBetter(unit) ? value / beside : beside / value;
}

/** Three significant digits: the rest is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
