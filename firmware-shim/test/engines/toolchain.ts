import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.js';

/** Boards have 32-bit engines: slots and pointers half as large as on the machine that runs the tests. */
export const BITS_32 = ['-m32', '-msse2', '-mfpmath=sse'] as const;

/** What a person installs before the engines can be built; '' when all is there. */
export async function missingTools(): Promise<string> {
  if (process.platform !== 'linux') return 'Linux: the hosts of the engines are built for it only';
  const folder = await mkdtemp(join(tmpdir(), 'fogwisp-tools-'));
  try {
    if (!(await compiles(folder, 'int main(void) { return 0; }', []))) {
      return 'a C compiler for 32 bits: apt-get install gcc-multilib (Debian on amd64)';
    }
    const usesSodium = '#include <sodium.h>\nint main(void) { return sodium_init() < 0; }';
    if (await compiles(folder, usesSodium, ['-lsodium'])) return '';
    const how = 'dpkg --add-architecture i386; apt-get update; apt-get install libsodium-dev:i386';
    return `libsodium for 32 bits: ${how}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compiles(folder: string, source: string, libraries: readonly string[]): Promise<boolean> {
  const [from, to] = [join(folder, 'try.c'), join(folder, 'try')];
  await writeFile(from, source);
  if ((await runCommand('gcc', [...BITS_32, from, '-o', to, ...libraries])).code !== 0) return false;
  return (await runCommand(to, [])).code === 0; // headers can be there without the library to run with
}
