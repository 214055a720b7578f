import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.js';

/** Memory at a mark, as a host reports it. XS counts chunks and slots, QuickJS bytes. */
export interface Measure {
  readonly at: string;
  readonly heapBytes: number;
  readonly peakBytes: number;
  readonly chunkBytes?: number;
  readonly slots?: number;
  readonly computrons?: number;
}

/** What the player did: equal in every engine. */
export interface PlayResult {
  readonly hash: string;
  readonly inputs: number;
  readonly packets: number;
  readonly events: number;
}

export interface Played {
  readonly measures: readonly Measure[];
  readonly result: PlayResult | undefined;
  /** Why there is no result; '' when there is one. */
  readonly trouble: string;
}

const SLOT_BYTES = 16;

/** Runs the parts of a program in a host, with a script to read. */
export async function playInHost(
  host: string,
  options: readonly string[],
  program: readonly string[],
  script: Uint8Array,
): Promise<Played> {
  const folder = await mkdtemp(join(tmpdir(), 'fogwisp-engine-'));
  try {
    const scriptFile = join(folder, 'script');
    await writeFile(scriptFile, script);
    const files = program.map((_, part) => join(folder, `program-${part}.js`));
    await Promise.all(files.map((file, part) => writeFile(file, program[part] ?? '')));
    const ended = await runCommand(host, [...options, '--script', scriptFile, ...files]);
    return readPlay(ended.stderr, ended.code);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lines of JSON are reports; the others say what went wrong. */
export function readPlay(text: string, code: number): Played {
  const measures: Measure[] = [];
  const others: string[] = [];
  let result: PlayResult | undefined;
  for (const line of text.split('\n')) {
    if (!line.startsWith('{')) {
      if (line !== '') others.push(line);
      continue;
    }
    const report = JSON.parse(line); // of our own host or player
    if (report.result !== undefined) result = report.result;
    else measures.push(measureOf(report));
  }
  const trouble = code === 0 && result !== undefined ? '' : (others[0] ?? `ended with code ${code}`);
  return { measures, result, trouble };
}

interface SlotReport {
  readonly at: string;
  readonly chunkBytes: number;
  readonly slots: number;
  readonly peakChunkBytes: number;
  readonly peakSlots: number;
  readonly computrons: number;
}

function measureOf(report: Measure | SlotReport): Measure {
  if ('heapBytes' in report) return report;
  const { at, chunkBytes, slots, computrons } = report;
  const heapBytes = chunkBytes + slots * SLOT_BYTES;
  const peakBytes = report.peakChunkBytes + report.peakSlots * SLOT_BYTES;
  return { at, heapBytes, peakBytes, chunkBytes, slots, computrons };
}
