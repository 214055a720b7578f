import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { missingTools } from '../engines/toolchain.js';

const PATIENCE_MS = 600_000;
const PROGRAM = new URL('../../dist-engines/main.js', import.meta.url).pathname;

const missing = await missingTools();
const isSkipped = missing !== '' && process.env['CI'] !== 'true';
const why = isSkipped ? ` (skipped: install ${missing})` : '';

/** `npm run --silent engines -- --json`, built already. */
function playAll(): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, '--json'], (_, stdout, stderr) => resolve(stdout || stderr));
  });
}

describe.skipIf(isSkipped)(`the core in the engines of boards${why}`, () => {
  it('does in their memory what it does in Node, but where that is known to be too little', {
    timeout: PATIENCE_MS,
  }, async () => {
    const text = await playAll();
    expect(text).toMatch(/^\{/);
    const rows: Record<string, unknown>[] = JSON.parse(text).rows;
    expect(rows.filter(({ ok, isKnownToFail = false }) => ok === isKnownToFail)).toEqual([]);
    const engines = new Set(rows.map(({ engine }) => engine));
    expect([...engines]).toEqual(['xs', 'quickjs', 'quickjs-ng', 'node 20', 'node 22', 'node 24']);
  });
});
