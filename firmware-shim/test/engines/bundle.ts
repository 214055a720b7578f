import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';

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
    ...commonOf(options),
    entryPoints: [entry],
    write: false,
    format: 'iife',
    globalName: 'program',
  });
  return outputFiles[0]?.text ?? '';
}

/** The same as scripts of about `PART_CHARS`, to be evaluated in this order. */
export async function bundleParts(entry: string): Promise<readonly string[]> {
  const { outputFiles } = await build({
    ...commonOf({}),
    minify: false, // a statement of the top begins where a line does
    minifyIdentifiers: true,
    minifySyntax: true,
    stdin: {
      contents: `import { main } from './${basename(entry)}'; globalThis.program = { main };`,
      resolveDir: dirname(entry),
    },
    write: false,
    format: 'esm',
  });
  const statements = (outputFiles[0]?.text ?? '').split(STATEMENT);
  const isFunction = (statement: string) => FUNCTION.test(statement);
  // A module may use its functions above where they are declared, which may be in the next script.
  const ordered = [...statements.filter(isFunction), ...statements.filter((each) => !isFunction(each))];
  const parts = [''];
  for (const statement of ordered) {
    if ((parts.at(-1) ?? '').length > PART_CHARS) parts.push('');
    parts.push(`${parts.pop()}${statement}`);
  }
  return parts.map((part) => `'use strict';\n${part}`);
}

/**
 * While a script is evaluated its code is in the heap twice. And names at the top of a script are properties
 * of the global object, which all functions share: of a module, or of a function around the whole program,
 * each function keeps a slot for each name that it uses.
 */
const PART_CHARS = 16_384;

const STATEMENT = /^(?=[\w(!])/m;
const FUNCTION = /^(async )?function\b/;

function commonOf(options: BundleOptions): BuildOptions {
  return {
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    minify: options.isReadable !== true,
    ...(options.isReadable !== true && { mangleProps: PLAIN_PRIVATE }),
    conditions: [...(options.conditions ?? ['fogwisp-source'])],
    alias: { ...options.alias },
    plugins: [NOBLE_FOR_XS, PLAIN_PRIVATES],
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

/** How their names begin: an engine keeps every name of a property, so they are short. */
const PLAIN_PRIVATE = /^_[A-Za-z]/;

/** Not in a string, nor behind a word. */
const PRIVATE_NAME = /(?<![\w'"`&])#([A-Za-z_]\w*)/g;

/**
 * Older XS does not understand static instances of the class that is being defined. Lowered, other classes
 * would have WeakMaps for their private fields, three times as large. And its `Uint8Array.from` makes a list
 * of all elements first, a slot of 16 B for each byte of a packet.
 */
const NOBLE_FOR_XS: Plugin = {
  name: 'noble as of ES2021, copying bytes at once',
  setup(bundle) {
    bundle.onLoad({ filter: /node_modules[\\/]@noble[\\/].*\.js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { target: 'es2021' });
      return { contents: code.replace(COPY, 'new Uint8Array(abytes('), loader: 'js' };
    });
  },
};

const COPY = 'Uint8Array.from(abytes(';
