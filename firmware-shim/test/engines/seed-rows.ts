import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from './bundle.js';
import { forEachOf, runCommand } from './command.js';
import type { Hosts } from './hosts.js';
import { nodeOf } from './other-nodes.js';
import { PROGRAM_FOLDER } from './package-folder.js';
import type { Row } from './rows.js';
import { type Played, playInHost, readPlay } from './run-host.js';

const NODE_VERSIONS = [20, 22, 24] as const;
/** As large as it takes: here only what comes out counts. */
const XS_OPTIONS = ['--preload', '--pools', '24000000', '600000', '--stack', '4096'] as const;
const NOTHING = new Uint8Array(0);

/** Ten worlds of the simulator in each engine, and in each Node: all must do the same, packet by packet. */
export async function playSeeds(hosts: Hosts, tell?: (row: Row) => void): Promise<readonly Row[]> {
  const program = [await bundleProgram(join(PROGRAM_FOLDER, 'seeds-native.ts'))];
  const expected = (await playInNode(process.execPath)).result?.hash;
  const plays: [string, () => Promise<Played>][] = [
    ['xs', () => playInHost(hosts.xs, XS_OPTIONS, program, NOTHING)],
    ['quickjs', () => playInHost(hosts.quickjs, [], program, NOTHING)],
  ];
  for (const version of NODE_VERSIONS) {
    plays.push([`node ${version}`, async () => playInNode(await nodeOf(version))]);
  }
  const rows: Row[] = [];
  await forEachOf([...plays.entries()], async ([index, [engine, play]]) => {
    const row = rowOf(engine, await play(), expected);
    rows[index] = row;
    tell?.(row);
  });
  return rows;
}

async function playInNode(node: string): Promise<Played> {
  const entry = join(dirname(fileURLToPath(import.meta.url)), 'seeds-here.js');
  const ended = await runCommand(node, [entry]);
  return readPlay(ended.stderr, ended.code);
}

function rowOf(engine: string, { measures, result, trouble }: Played, expected: string | undefined): Row {
  const hash = result?.hash ?? 'nothing';
  const isSame = expected !== undefined && hash === expected;
  const difference = isSame ? '' : `trace hash ${hash}, here ${expected ?? 'nothing'}`;
  const why = trouble === '' ? difference : trouble;
  const { heapBytes = 0, peakBytes = 0 } = measures.find(({ at }) => at === 'seeds') ?? {};
  const profile = `ten seeds: ${hash}`;
  return { engine, profile, ok: why === '', heapBytes, peakBytes, ...(why !== '' && { trouble: why }) };
}
