import { readFile } from 'node:fs/promises';
import { build, type Plugin, transform } from 'esbuild';

export interface BundleOptions {
  /** Conditions of package exports; the default reads the sources of our packages. */
  readonly conditions?: readonly string[];
  /** Replacements of imports. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Names are kept for those who look for what costs. */
  readonly isReadable?: boolean;
}

/** One script that leaves `program`, the exports of `entry`, for engines without modules. */
export async function bundleProgram(entry: string, options: BundleOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'iife',
    globalName: 'program',
    target: 'es2022',
    minify: options.isReadable !== true,
    conditions: [...(options.conditions ?? ['fogwisp-source'])],
    alias: { ...options.alias },
    plugins: [OLDER_NOBLE, PLAIN_PRIVATES],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
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
