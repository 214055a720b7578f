import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SourceFile, sourceFile } from './source.js';

const SKIPPED = /^(?:node_modules|dist.*|coverage|\..*|package-lock\.json)$/;
const READ = /\.(?:ts|js|mjs|md|json|ya?ml|html|css|sh)$/;

/** Every file of the repository that people write. */
export function readRepository(root: string): readonly SourceFile[] {
  return pathsUnder(root, '').map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

function pathsUnder(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !SKIPPED.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return pathsUnder(root, path);
      return READ.test(entry.name) ? [path] : [];
    });
}
