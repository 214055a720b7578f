import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { missingForLab } from '../../tools/natlab/needs.js';
import type { CellFigures } from '../../tools/natlab/verdict.js';

const DIST = new URL('../../dist/', import.meta.url);
const PROGRAM = fileURLToPath(new URL('tools/natlab.js', DIST));

const missing = missingForLab();
const isSkipped = missing !== undefined && process.env['CI'] !== 'true';
const because = isSkipped ? ` (skipped: ${missing})` : '';

/** The built ones: they start programs that lie beside them. */
async function built<T>(name: string): Promise<T> {
  return (await import(new URL(name, DIST).href)) as T; // of the same sources
}

describe.skipIf(isSkipped)(`the laboratory of NATs${because}`, () => {
  it('notices when a NAT is not what it should be', async () => {
    const { Ground } = await built<typeof import('../../demo/nat/ground.js')>('demo/nat/ground.js');
    const { differences, measure } =
      await built<typeof import('../../tools/natlab/self-test.js')>('tools/natlab/self-test.js');
    const { behaviorOf } = await built<typeof import('../../demo/nat/nat.js')>('demo/nat/nat.js');
    const ground = await Ground.make('control');
    try {
      await ground.lay('symmetric', 'none');
      const found = await measure(ground, 'symmetric');
      expect(differences('symmetric', behaviorOf('symmetric'), found)).toEqual([]);
      expect(differences('port', behaviorOf('port'), found)).toHaveLength(1);
      await ground.lay('full', 'none');
      expect(differences('address', behaviorOf('address'), await measure(ground, 'full'))).toHaveLength(1);
    } finally {
      await ground.remove();
    }
  });

  it('finds every pair on speaking terms, and direct where it can be', { timeout: 600_000 }, async () => {
    const words = [PROGRAM, '--reduced', '--runs', '2', '--json'];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (bytes) => {
      stdout += String(bytes);
    });
    await once(child, 'close');
    const { falseNats, cells }: { falseNats: string[]; cells: CellFigures[] } = JSON.parse(stdout);
    expect(falseNats).toEqual([]);
    expect(cells).toHaveLength(11);
    expect(cells.filter(({ failed, runs }) => failed > 0 || runs < 2)).toEqual([]);
    const possible = cells.filter((cell) => cell.possible);
    // A machine with too much to do may make one of them all wait for its next attempt.
    expect(possible.reduce((sum, { runs, direct }) => sum + runs - direct, 0)).toBeLessThanOrEqual(1);
    expect(cells.filter(({ possible, direct }) => !possible && direct > 0)).toEqual([]);
  });
});
