#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Committed, so that npm links the command at install time, when nothing is built yet.
const entry = new URL('../dist/src/main.js', import.meta.url);

if (existsSync(fileURLToPath(entry))) {
  const { main } = await import(entry.href);
  await main(process.argv.slice(2));
} else {
  process.stderr.write(
    'fogwisp: not built yet; run "npm run build" in the folder of the clone, then this again\n',
  );
  process.exitCode = 1;
}
