import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** Tests that run a program of the system: where it is missing they are reported as such, and in CI they fail. */
export function describeWith(program: string, name: string, body: () => void): void {
  if (isInstalled(program)) describe(name, body);
  else if (process.env['CI'] === 'true') {
    it(`${name}: needs ${program}`, () => {
      throw new Error(`${program} is not installed: run apt-get install -y ${program}`);
    });
  } else describe.skip(`${name} (needs ${program}: apt-get install -y ${program})`, body);
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
