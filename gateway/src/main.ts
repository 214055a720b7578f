import { runCommand } from './cli/run.js';
import { verbs } from './verbs/table.js';
import { VERSION } from './version.js';

export async function main(words: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process;
  // A reader that has seen enough (head, less) is no trouble.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await runCommand(verbs, VERSION, words, { stdout, stderr, environment: env });
}
