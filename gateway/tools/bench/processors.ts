import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { EndProcess } from '../ends/end-process.js';

/**
 * Each end on a processor of its own, as on two machines. Where the scheduler decides, some pairs share one,
 * and a round trip takes a quarter of the time that waking another processor costs (in a virtual machine:
 * 27 us beside 100). False where that cannot be said: not Linux, no `taskset`, a single processor.
 */
export function keepApart(ends: readonly EndProcess[]): boolean {
  const count = availableParallelism();
  if (count < 2) return false;
  try {
    for (const [at, { pid }] of ends.entries()) {
      execFileSync('taskset', ['-a', '-c', '-p', `${at % count}`, `${pid}`], { stdio: 'ignore' });
    }
    return true;
  } catch {
    return false;
  }
}
