import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Figures } from './figures.js';

/** What a board is given: the whole SDK for an engine without a standard library, with crypto of its own. */
export async function bundleBytes(): Promise<Figures['bundle']> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: "export * from '@fogwisp/device-sdk';", resolveDir: folderOf(import.meta.url) },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'neutral',
    format: 'esm',
    logLevel: 'silent',
  });
  const noble = Object.keys(metafile.inputs).find((path) => path.includes('@noble'));
  if (noble !== undefined) throw new Error(`the bundle contains ${noble}`);
  const bytes = outputFiles[0]?.contents ?? new Uint8Array(0);
  return { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
}

function folderOf(moduleUrl: string): string {
  return fileURLToPath(new URL('.', moduleUrl));
}
