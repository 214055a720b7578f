import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this package lies, whether this file was compiled or not. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The C sources of the hosts. */
export const HOST_FOLDER = join(packageFolder(), 'test', 'engines', 'host');

export const PROGRAM_FOLDER = join(packageFolder(), 'test', 'engines', 'programs');
