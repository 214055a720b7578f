import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type OutputFile } from 'esbuild';

/**
 * What Node loads of each package: few files instead of some 240, as each file of a module graph costs it
 * about as much as all that the file does at start. Doors that share a file are told so by `exports`. Boards
 * are given the modules themselves, by the other conditions there.
 */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGES = ['protocol', 'firmware-shim', 'device-sdk'];
const FOLDER = 'dist/bundle';

/** What the tools start in great numbers, or measure: one file each, as an application would be. */
const PROGRAMS = ['end', 'raw-end'].map((name) => join(ROOT, `gateway/dist/tools/ends/${name}.js`));
const PROGRAM_FOLDER = join(ROOT, 'gateway/dist/tools');

const AS_BUNDLE = {
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  packages: 'external',
  minifyWhitespace: true,
  lineLimit: 120, // so that a stack trace tells a place
  logLevel: 'warning',
} as const;

interface Door {
  readonly node?: string;
  readonly default: string;
}

/** The modules behind the doors that each bundle is, by its path. */
function entriesOf(root: string): ReadonlyMap<string, readonly string[]> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = new Map<string, string[]>();
  for (const { node, default: module } of Object.values<Door>(exports)) {
    if (node === undefined) continue;
    const path = join(root, node);
    entries.set(path, [...(entries.get(path) ?? []), module]);
  }
  return entries;
}

async function bundle(root: string): Promise<readonly OutputFile[]> {
  const files: OutputFile[] = [];
  const madeOf = new Map<string, string>();
  for (const [outfile, modules] of entriesOf(root)) {
    const { outputFiles, metafile } = await build({
      stdin: { contents: modules.map((path) => `export * from '${path}';`).join(''), resolveDir: root },
      outfile,
      metafile: true,
      ...AS_BUNDLE,
    });
    for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
      const used = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      for (const [path] of used) checkShared(path, output, madeOf);
    }
    files.push(...outputFiles);
  }
  return files;
}

/** There is one of each class, by whichever door it is asked for. */
function checkShared(path: string, output: string, madeOf: Map<string, string>): void {
  const before = madeOf.get(path);
  madeOf.set(path, output);
  if (before === undefined || !/^(export )?class /m.test(readFileSync(path, 'utf8'))) return;
  throw new Error(`${path} has a class and is in ${before} and ${output}: let these doors share a file`);
}

/** A process that loads them meanwhile finds each file whole, and those that are as before untouched. */
function store({ path, contents }: OutputFile): void {
  const before = readdirSync(dirname(path)).includes(basename(path)) ? readFileSync(path) : undefined;
  if (before?.equals(contents) === true) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

async function bundlePrograms(): Promise<readonly OutputFile[]> {
  const place = { entryPoints: PROGRAMS, outdir: PROGRAM_FOLDER, entryNames: 'bundled-[name]' };
  const { outputFiles } = await build({ ...place, ...AS_BUNDLE });
  return outputFiles;
}

function storeAll(folder: string, files: readonly OutputFile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const file of files) store(file);
  const names = files.map(({ path }) => basename(path));
  for (const found of readdirSync(folder)) {
    if (found.endsWith('.js') && !names.includes(found)) rmSync(join(folder, found));
  }
}

for (const name of PACKAGES) storeAll(join(ROOT, name, FOLDER), await bundle(join(ROOT, name)));
for (const file of await bundlePrograms()) store(file);
