import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createNetwork } from '@fogwisp/device-sdk';
import { EndProcess, type EndProgram, withEnds } from '../ends/end-process.js';
import { freePort } from '../free-port.js';
import { type Bench, rounded } from './row.js';

const PEER_COUNT = 50;
const WARM_UP_PEER_COUNT = 10;
const REST_MS = 2000;
const ROUNDS = 5;
const CROWDS = 6;
/** Of them; by then nothing more is compiled. */
const CROWDS_LATER = 3;
const PER_PEER = ['memory per peer', 'heap per peer', 'memory per peer again', 'heap per peer again'];
const SDK = '@fogwisp/device-sdk';

/** From nothing to a socket that is open; raw: a process with the same socket and no protocol. */
export const coldStartBench: Bench = {
  names: ['cold start'],
  async run() {
    const raw: number[] = [];
    const value: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      raw.push(await coldStartMs('raw-end'));
      value.push(await coldStartMs('end'));
    }
    const [best, rawBest] = [Math.min(...value), Math.min(...raw)];
    return [{ name: 'cold start', value: rounded(best), unit: 'ms', raw: rounded(rawBest) }];
  },
};

async function coldStartMs(program: EndProgram): Promise<number> {
  const startedAt = performance.now();
  const end = await EndProcess.start(
    { name: 'near', network: createNetwork(), link: { kind: 'udp' } },
    program,
  );
  const tookMs = performance.now() - startedAt;
  await end.stop();
  return tookMs;
}

/**
 * Memory of the process of a device with one peer, at rest; raw: of one with the same socket and no protocol.
 * Both are programs of a few lines, as an application has them: the ends of other benches load more.
 */
export const memoryBench: Bench = {
  names: ['memory'],
  run: () =>
    withEnds(async (start) => {
      const network = createNetwork();
      const raw = await atRestBytes(
        'resting-socket',
        (port) => [`${port}`],
        async () => undefined,
      );
      const value = await atRestBytes(
        'resting-device',
        (port) => [network, `${port}`],
        async (port) => {
          const link = { kind: 'udp', connect: `127.0.0.1:${port}` } as const;
          await (await start({ name: 'near', network, link })).ask({ kind: 'meet', peer: 'far' });
        },
      );
      return [{ name: 'memory', value: rounded(value / 1e6), unit: 'MB', raw: rounded(raw / 1e6) }];
    }),
};

async function atRestBytes(
  program: 'resting-device' | 'resting-socket',
  wordsOf: (port: number) => readonly string[],
  meet: (port: number) => Promise<void>,
): Promise<number> {
  const port = await freePort();
  const path = fileURLToPath(new URL(`../ends/${program}.js`, import.meta.url));
  const child = spawn(process.execPath, [path, ...wordsOf(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  try {
    await meet(port);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return Number(told.trim().split('\n').at(-1));
  } finally {
    child.kill();
  }
}

/**
 * What each peer of a crowd adds: pages of the process, and what is still held after a garbage collection,
 * compiled code aside. While the first crowds come and go the runtime learns what
 * runs often, which is no memory of a peer: "again" is the median of later ones, so what is kept for peers.
 */
export const crowdBench: Bench = {
  names: PER_PEER,
  run: () =>
    withEnds(async (start) => {
      const network = createNetwork();
      const far = await start({ name: 'far', network, link: { kind: 'udp' } });
      const near = await start({ name: 'near', network, link: { kind: 'udp', connect: far.address } });
      await near.ask({ kind: 'meet', peer: 'far' });
      const crowds: Memory[] = [];
      for (let round = 0; round < CROWDS; round++) crowds.push(await perPeer(near, far));
      const later = crowds.slice(-CROWDS_LATER);
      const [first] = crowds;
      const again = {
        rssBytes: medianOf(later.map(({ rssBytes }) => rssBytes)),
        heldBytes: medianOf(later.map(({ heldBytes }) => heldBytes)),
      };
      const values = [first ?? again, again].flatMap(({ rssBytes, heldBytes }) => [rssBytes, heldBytes]);
      return PER_PEER.map((name, at) => ({ name, value: rounded((values[at] ?? 0) / 1e3), unit: 'kB' }));
    }),
};

/** What each of a crowd adds that comes when a few are there; all leave. */
async function perPeer(near: EndProcess, far: EndProcess): Promise<Memory> {
  const crowd = { kind: 'crowd', peer: 'far', connect: far.address } as const;
  await near.ask({ ...crowd, count: WARM_UP_PEER_COUNT });
  const few = await atRest(far);
  await near.ask({ ...crowd, count: PEER_COUNT });
  const many = await atRest(far);
  await near.ask({ kind: 'disperse' });
  return {
    rssBytes: (many.rssBytes - few.rssBytes) / PEER_COUNT,
    heldBytes: (many.heldBytes - few.heldBytes) / PEER_COUNT,
  };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

interface Memory {
  readonly rssBytes: number;
  readonly heldBytes: number;
}

async function atRest(end: EndProcess): Promise<Memory> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const { rssBytes = 0, heldBytes = 0 } = await end.ask({ kind: 'report' });
  return { rssBytes, heldBytes };
}

/** What `npm install` of the SDK brings: our packages as they would be packed, theirs as they are. */
export const installBench: Bench = {
  names: ['installed', 'packages'],
  async run() {
    const packages = closureOf(SDK, createRequire(import.meta.url));
    let bytes = 0;
    for (const [name, folder] of packages) {
      bytes += name.startsWith('@fogwisp/') ? await packedBytes(folder) : folderBytes(folder);
    }
    return [
      { name: 'installed', value: rounded(bytes / 1e6), unit: 'MB' },
      { name: 'packages', value: packages.size, unit: 'packages' },
    ];
  },
};

/** The folders of a package and of everything that it depends on. */
function closureOf(name: string, require: NodeJS.Require): ReadonlyMap<string, string> {
  const folders = new Map<string, string>();
  const add = (wanted: string, from: NodeJS.Require): void => {
    if (folders.has(wanted)) return;
    const folder = folderOf(wanted, from);
    folders.set(wanted, folder);
    const manifest = join(folder, 'package.json');
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
    for (const each of Object.keys(dependencies)) add(each, createRequire(manifest));
  };
  add(name, require);
  return folders;
}

/** Not every package lets its manifest be resolved. */
function folderOf(name: string, require: NodeJS.Require): string {
  for (const root of require.resolve.paths(name) ?? []) {
    const folder = join(root, name);
    if (statSync(join(folder, 'package.json'), { throwIfNoEntry: false }) !== undefined) return folder;
  }
  throw new Error(`${name} is not installed`);
}

async function packedBytes(folder: string): Promise<number> {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'];
  const { stdout } = await promisify(execFile)('npm', words, { cwd: folder });
  const [packed] = JSON.parse(stdout);
  return packed.unpackedSize;
}

function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath ?? dirname(folder), entry.name)).size;
  }
  return bytes;
}
