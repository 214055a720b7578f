import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../dist/tools/swarm.js', import.meta.url));
/** The targets, where a machine has two processors for it; a busy one takes longer to find out. */
const SLACK = process.env['FOGWISP_SWARM_STRICT'] === '1' ? 1 : 4;

interface Told {
  readonly relayedPairs: number;
  readonly massKillSeconds: readonly (number | null)[];
  readonly singleKillSeconds: readonly (number | null)[];
  readonly frozenSeconds: readonly (number | null)[];
  readonly lost: number;
}

async function swarm(...words: readonly string[]): Promise<Told> {
  const all = [PROGRAM, '--json', '--reduced', ...words];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Uint8Array) => {
    stdout += String(chunk);
  });
  await once(child, 'close');
  return JSON.parse(stdout);
}

describe('ten processes, some of which need others to reach each other', () => {
  it('talk again after their supernodes were killed, or one of them was or froze', async () => {
    const { relayedPairs, massKillSeconds, singleKillSeconds, frozenSeconds, lost } = await swarm();
    expect(relayedPairs).toBeGreaterThan(1 / 3);
    expect(massKillSeconds).toHaveLength(1);
    expect(massKillSeconds[0] ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(30 * SLACK);
    for (const [seconds] of [singleKillSeconds, frozenSeconds]) {
      expect(seconds ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(5 * SLACK);
    }
    expect(lost).toBe(0);
  });

  it('take longer with one reservation each', async () => {
    const { singleKillSeconds } = await swarm('--control');
    expect(singleKillSeconds).toHaveLength(1);
    expect(singleKillSeconds[0] ?? Number.POSITIVE_INFINITY).toBeGreaterThan(5);
  });
});
