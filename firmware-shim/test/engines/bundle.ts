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
    plugins: [OLDER_NOBLE],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/**
 * Our own code keeps its private fields (lowered they are WeakMaps, three times as large); noble's static
 * instances of the class that is being defined are not understood by older XS.
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
