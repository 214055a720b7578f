import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fallsOf } from '../tools/bench/baseline.js';
import { type Row, ratioOf } from '../tools/bench/row.js';

const PROGRAM = fileURLToPath(new URL('../dist/tools/bench.js', import.meta.url));

async function run(...words: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Uint8Array) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Uint8Array) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

describe('the bench', () => {
  it('gives rows with the raw figure of the same run', { timeout: 60_000 }, async () => {
    const { code, stdout } = await run('--json', '--only', 'codec');
    expect(JSON.parse(stdout)).toEqual({
      rows: [{ name: 'codec', value: expect.any(Number), unit: 'values/s', raw: expect.any(Number) }],
    });
    expect(code).toBe(0);
  });

  it('measures between two processes and ends them', { timeout: 120_000 }, async () => {
    const { stdout } = await run('--json', '--only', 'cold start');
    const [row] = JSON.parse(stdout).rows;
    expect(row.value).toBeGreaterThan(row.raw / 2);
  });

  it('says so when no figure has that name', async () => {
    const { code, stderr } = await run('--only', 'warp');
    expect(stderr).toBe('bench: no figure is called warp\n');
    expect(code).toBe(1);
  });
});

describe('a figure beside the raw one', () => {
  const speed: Row = { name: 'messages', value: 50, unit: 'messages/s', raw: 100 };
  const time: Row = { name: 'request', value: 4, unit: 'ms', raw: 1 };
  const size: Row = { name: 'installed', value: 4, unit: 'MB' };

  it('is better when it is higher, whatever the unit', () => {
    expect([speed, time, size].map(ratioOf)).toEqual([0.5, 0.25, 0.25]);
  });

  it('may fall by 30 %, and no further', () => {
    const baseline = { messages: 0.7, request: 0.35, installed: 0.35 };
    expect(fallsOf([speed, time, size], baseline)).toEqual([]);
    expect(fallsOf([{ ...speed, value: 48 }], baseline)).toEqual([
      { name: 'messages', ratio: 0.48, baseline: 0.7 },
    ]);
    expect(fallsOf([{ ...time, value: 4.2 }, size], { ...baseline, installed: 0.4 })).toMatchObject([
      { name: 'request' },
      { name: 'installed' },
    ]);
  });

  it('cannot fall when it is new', () => {
    expect(fallsOf([speed], {})).toEqual([]);
  });
});
