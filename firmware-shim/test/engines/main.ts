#!/usr/bin/env node
import { buildHosts } from './hosts.js';
import { playRows, type Row } from './rows.js';
import { playSeeds } from './seed-rows.js';
import { missingTools } from './toolchain.js';

/**
 * The core in the engines of boards: `npm run --silent engines -- [--json]`. Ends with 0 when every row is
 * ok but those that are known to fail, 1 when another is not, 2 when it was called wrongly, 3 when a tool is
 * missing.
 */
const EXIT = { ok: 0, failed: 1, misuse: 2, toolMissing: 3 } as const;

const HEAD = [
  'engine',
  'profile',
  'ok',
  'heap B',
  'peak B',
  'slots',
  'chunk B',
  'slots/session',
  'computrons',
];

async function main(words: readonly string[]): Promise<number> {
  const isJson = words.includes('--json');
  const unknown = words.find((word) => word !== '--json');
  if (unknown !== undefined) {
    console.error(`engines: unknown option ${unknown}; there is --json`);
    return EXIT.misuse;
  }
  const missing = await missingTools();
  if (missing !== '') {
    console.error(`engines: install ${missing}`);
    return EXIT.toolMissing;
  }
  const hosts = await buildHosts((line) => console.error(line));
  if (!isJson) console.log(lineOf(HEAD));
  const tell = (row: Row): void => (isJson ? undefined : console.log(describe(row)));
  const rows = [...(await playRows({ hosts, tell })), ...(await playSeeds(hosts, tell))];
  const ok = rows.every((row) => row.ok || row.isKnownToFail === true);
  if (isJson) console.log(JSON.stringify({ ok, rows }));
  return ok ? EXIT.ok : EXIT.failed;
}

function describe(row: Row): string {
  const figures = [
    row.heapBytes,
    row.peakBytes,
    row.slots,
    row.chunkBytes,
    row.slotsPerSession,
    row.computrons,
  ];
  const line = lineOf([
    row.engine,
    row.profile,
    row.ok ? 'yes' : 'NO',
    ...figures.map((each) => String(each ?? '-')),
  ]);
  const known = row.isKnownToFail === true ? 'known to fail: ' : '';
  return row.trouble === undefined ? line : `${line}\n    ${known}${row.trouble}`;
}

const WIDTHS = [-11, -25, -3, 8, 8, 6, 8, 13, 12] as const;

/** A negative width: to the left. */
function lineOf(cells: readonly string[]): string {
  return cells.map((cell, i) => pad(cell, WIDTHS[i] ?? 0)).join(' ');
}

function pad(cell: string, width: number): string {
  return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
}

process.exitCode = await main(process.argv.slice(2));
