import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';

export interface BundleOptions {
  /** Conditions of package exports; the default reads the sources of our packages. */
  readonly conditions?: readonly string[];
  /** Replacements of imports. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Names are kept for those who look for what costs. */
  readonly isReadable?: boolean;
}

/** What an engine runs: files by name, of which `PROGRAM_FILE` is the first. */
export type Program = ReadonlyMap<string, string>;

export const PROGRAM_FILE = 'program.js';

/** One script that leaves `program`, the exports of `entry`, for engines without modules. */
export async function bundleProgram(entry: string, options: BundleOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    ...commonOf(options),
    entryPoints: [entry],
    write: false,
    format: 'iife',
    globalName: 'program',
  });
  return outputFiles[0]?.text ?? '';
}

/** A module that exports what `entry` does, cut where `parts` begin. */
export async function bundleModules(entry: string, parts: readonly string[]): Promise<Program> {
  const { outputFiles } = await build({
    ...commonOf({}),
    entryPoints: { program: entry, ...Object.fromEntries(parts.map((part, at) => [`part-${at}`, part])) },
    write: false,
    format: 'esm',
    splitting: true,
    outdir: '.',
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}

function commonOf(options: BundleOptions): BuildOptions {
  return {
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    minify: options.isReadable !== true,
    conditions: [...(options.conditions ?? ['fogwisp-source'])],
    alias: { ...options.alias },
    plugins: [OLDER_NOBLE, PLAIN_PRIVATES],
    logLevel: 'silent',
  };
}

/**
 * Private names become plain ones. The compiler has seen to it that nobody else uses them, and XS gives each
 * object a slot for each private method of its class: on a board that is a fifth of the heap.
 */
const PLAIN_PRIVATES: Plugin = {
  name: 'private names as plain properties',
  setup(bundle) {
    bundle.onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replace(PRIVATE_NAME, '_$1'), loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
};

/** Not in a string, nor behind a word. */
const PRIVATE_NAME = /(?<![\w'"`&])#([A-Za-z_]\w*)/g;

/**
 * Older XS does not understand static instances of the class that is being defined. Lowered, other classes
 * would have WeakMaps for their private fields, three times as large.
 */
const OLDER_NOBLE: Plugin = {
  name: 'noble as of ES2021',
  setup(bundle) {
    bundle.onLoad({ filter: /node_modules[\\/]@noble[\\/].*\.js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { target: 'es2021' });
      return { contents: code, loader: 'js' };
    });
  },
};
