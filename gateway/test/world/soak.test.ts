import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../dist/tools/soak.js', import.meta.url));
const MINUTES = Number(process.env['FOGWISP_SOAK_MINUTES'] ?? 1);
/** To meet, to be mended, and until nothing is under way. */
const MORE_MS_MAX = 400_000;

describe('eight peers that are killed, paused and unplugged', () => {
  it(`lose nothing with qos 1 in ${MINUTES} min`, { timeout: MINUTES * 60_000 + MORE_MS_MAX }, async () => {
    const words = [PROGRAM, '--json', '--minutes', `${MINUTES}`];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Uint8Array) => {
      stdout += chunk;
    });
    const [code] = await once(child, 'close');
    const { ok, complaints, tallies } = JSON.parse(stdout);
    expect(complaints).toEqual([]);
    expect(tallies.qos1.delivered).toBeGreaterThan(0);
    expect(ok).toBe(true);
    expect(code).toBe(0);
  });
});
