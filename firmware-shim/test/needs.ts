import { spawnSync } from 'node:child_process';

/**
 * For tests that need a program that not every machine has. Without it they are skipped, and the name of the
 * skipped block says why; where everything has to be there (CI=true) they run and fail.
 */
export function needs(
  program: string,
  what: string,
): { readonly isMissing: boolean; readonly title: string } {
  const isMissing = spawnSync(program, ['-h'], { stdio: 'ignore' }).error !== undefined;
  const isTold = isMissing && process.env['CI'] !== 'true';
  return { isMissing: isTold, title: isTold ? `${what} (skipped: ${program} is not installed)` : what };
}
