import { runCommand } from './cli/run.js';
import { endWithReader } from './text/reader.js';
import { verbs } from './verbs/table.js';
import { VERSION } from './version.js';

export async function main(words: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process;
  endWithReader(stdout);
  process.exitCode = await runCommand(verbs, VERSION, words, { stdout, stderr, environment: env });
}
