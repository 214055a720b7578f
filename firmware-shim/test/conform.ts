import { describe, it } from 'vitest';
import type { ConformanceCase } from '../src/conformance/index.js';

/** Runs a conformance suite under vitest. */
export function conform(name: string, cases: readonly ConformanceCase[]): void {
  describe(name, () => {
    for (const each of cases) it(each.name, () => each.run());
  });
}

/** Waits for something that other processes or the kernel bring about; the runner ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
