import { describe, expect, it } from 'vitest';
import { expected, pairs, runCell } from './matrix.js';

const RUNS = Number(process.env['FOGWISP_RUNS'] ?? 2);
const SEEDS = Array.from({ length: RUNS }, (_, i) => i + 1);
/** Relay round trip 120 ms on average: session, request, and the wait of the end that yields. */
const WITHIN_MS = 2000;
const BYTES_MAX = 700;

describe(`two nodes behind boxes of every kind, ${RUNS} runs each (§8.5)`, () => {
  const cells = pairs().map(([a, b]) => [a, b, expected(a, b)] as const);

  it.each(cells)('%s and %s: %s', (a, b, how) => {
    const cell = runCell(a, b, SEEDS);
    if (how === 'direct') expect(cell.direct).toBeGreaterThanOrEqual(Math.ceil(RUNS * 0.99));
    if (how === 'relayed') expect(cell.relayed).toBe(RUNS);
    expect(cell.direct + cell.relayed).toBe(RUNS);
    for (const ms of cell.times) expect(ms).toBeLessThanOrEqual(WITHIN_MS);
    const isEasy = !['predictable', 'random'].includes(a) && !['predictable', 'random'].includes(b);
    if (isEasy) for (const bytes of cell.bytes) expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
    if (process.env['FOGWISP_RUNS'] === undefined) return;
    const sorted = [...cell.times].sort((x, y) => x - y);
    const [mid, worst] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
    const share = `${cell.direct} of ${RUNS} direct, ${cell.relayed} relayed`;
    console.log(
      `${a} ${b}: ${share}, ${Math.round(mid)} / ${Math.round(worst)} ms, ${Math.max(0, ...cell.bytes)} B`,
    );
  });
});
