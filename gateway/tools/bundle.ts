import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type OutputFile } from 'esbuild';

/**
 * What Node loads of each package: few files instead of some 240, as each file of a module graph costs it
 * about as much as all that the file does at start. Boards are given the modules themselves, by the other
 * conditions of `exports`.
 */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGES = ['protocol', 'firmware-shim', 'device-sdk'];
const FOLDER = 'dist/bundle';

/** Where modules are that a bundle is made of, by the path that the bundle has. */
function entriesOf(root: string): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries: Record<string, string> = {};
  for (const { node, default: whole } of Object.values<{ node?: string; default: string }>(exports)) {
    if (node !== undefined) entries[basename(node, '.js')] = join(root, whole);
  }
  return entries;
}

/** Modules of several entries are in a file that these share: there is one of each class. */
async function bundle(root: string): Promise<readonly OutputFile[]> {
  const { outputFiles } = await build({
    entryPoints: entriesOf(root),
    outdir: join(root, FOLDER),
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    chunkNames: 'shared-[hash]',
    minifyWhitespace: true,
    lineLimit: 120, // so that a stack trace tells a place
    logLevel: 'warning',
  });
  return outputFiles;
}

/** A process that loads them meanwhile finds each file whole, and those that are as before untouched. */
function store({ path, contents }: OutputFile): void {
  const before = readdirSync(dirname(path)).includes(basename(path)) ? readFileSync(path) : undefined;
  if (before?.equals(contents) === true) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

for (const name of PACKAGES) {
  const root = join(ROOT, name);
  const files = await bundle(root);
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const file of files) store(file);
  const names = files.map(({ path }) => basename(path));
  for (const found of readdirSync(join(root, FOLDER))) {
    if (found.endsWith('.js') && !names.includes(found)) rmSync(join(root, FOLDER, found));
  }
}
