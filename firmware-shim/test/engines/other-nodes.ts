import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from './command.js';

/** The executable of a version of Node, from its npm package, kept from one run to the next. */
export async function nodeOf(version: number): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const root = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(root, 'fogwisp', `node-${version}-${process.arch}`);
  const file = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const words = ['--no-save', '--ignore-scripts', '--silent', `${name}@${version}`];
  await mustRun('npm', ['install', '--prefix', folder, ...words]);
  return file;
}
