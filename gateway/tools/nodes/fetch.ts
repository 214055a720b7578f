import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where other versions of Node, and what they need, are kept from one run to the next. */
export function cacheFolder(...path: readonly string[]): string {
  const root = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(root, 'fogwisp', ...path);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The executable of a version of Node, from its npm package. */
export function fetchNode(system: string, architecture: string, version: number): string {
  const folder = cacheFolder(`node-${version}-${architecture}`);
  const name = `node-${system}-${architecture}`;
  const file = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(file)) {
    // It is meant for another processor, which npm would refuse.
    run('npm', ['install', '--prefix', folder, '--no-save', '--force', '--silent', `${name}@${version}`]);
  }
  return file;
}

/** How to run programs for arm64 here. */
export interface Emulator {
  readonly program: string;
  /** Words before those of the emulated program. */
  readonly words: readonly string[];
}

const ARM64_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/** qemu, and the libraries that Node needs, unpacked beside each other: nothing is installed. */
export function fetchEmulator(): Emulator {
  const root = cacheFolder('arm64-root');
  if (!existsSync(join(root, 'lib', 'ld-linux-aarch64.so.1'))) {
    unpackPackages('arm64', ARM64_PACKAGES, root);
  }
  const installed = 'qemu-aarch64-static';
  if (isThere(installed)) return { program: installed, words: ['-L', root] };
  const folder = cacheFolder('qemu');
  const program = join(folder, 'usr', 'bin', installed);
  if (!existsSync(program)) unpackPackages(hostArchitecture(), ['qemu-user-static'], folder);
  return { program, words: ['-L', root] };
}

/** With package lists of our own, so that the machine's apt need not know the architecture. */
function unpackPackages(architecture: string, names: readonly string[], into: string): void {
  const missing = ['apt-get', 'dpkg-deb'].filter((program) => !isThere(program));
  if (missing.length > 0) {
    throw new Error(`${names.join(', ')} come from Debian, and ${missing.join(' and ')} are missing here`);
  }
  const state = cacheFolder('apt', architecture);
  for (const part of ['lists/partial', 'cache/archives/partial', 'packages']) {
    mkdirSync(join(state, part), { recursive: true });
  }
  const options = [
    `Dir::State::lists=${join(state, 'lists')}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${join(state, 'cache')}`,
    'APT::Sandbox::User=root', // another user could not write here
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
  ].flatMap((option) => ['-o', option]);
  const packages = join(state, 'packages');
  run('apt-get', ['-qq', ...options, 'update']);
  run('apt-get', ['-qq', ...options, 'download', ...names], packages);
  for (const file of readdirSync(packages)) run('dpkg-deb', ['-x', join(packages, file), into]);
}

function hostArchitecture(): string {
  return execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Its output is shown; what it cannot do, this cannot do. */
export function run(program: string, words: readonly string[], folder?: string): void {
  const { status, error } = spawnSync(program, words, { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${program} ${words[0]} failed: ${error?.message ?? `code ${status}`}`);
}
