import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { forEachOf, mustRun } from './command.js';
import { HOST_FOLDER } from './package-folder.js';
import { BITS_32 } from './toolchain.js';

/** The hosts, as programs on this machine. */
export interface Hosts {
  readonly xs: string;
  readonly quickjs: string;
}

/** A package that carries the sources of an engine; nothing of it but these is run. */
interface EnginePackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

const XS: EnginePackage = {
  name: '@agoric/xsnap',
  version: '0.15.0',
  integrity:
    'sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==',
};

const QUICKJS: EnginePackage = {
  name: 'qjsc',
  version: '0.3.0',
  integrity:
    'sha512-a7+cU6/IVcZbIejffdt/wZVMX6LL2MDL3HQ9Zb5Gm23G9DvBMS/z9GHFxz39bAvp2PvMOM+ypSOAyokt2DdZ2w==',
};

/** Parts of our hosts that both engines have. */
const COMMON = ['native-crypto.c', 'birational.c', 'records.c', 'waiting.c'] as const;

const XS_FLAGS = [
  ...['-fno-common', '-fno-strict-aliasing', '-DINCLUDE_XSPLATFORM', '-DXSPLATFORM="xs-platform.h"'],
  ...['-DmxLockdown=0', '-DmxMetering=1', '-DmxNoConsole=1', '-DmxBoundsCheck=1', '-DmxParse=1', '-DmxRun=1'],
  ...['-DmxSloppy=1', '-DmxRegExp=1', '-DmxRegExpUnicodePropertyEscapes=0', '-DmxStringNormalize=0'],
  '-DmxMinusZero=1',
] as const;

const QUICKJS_VERSION = '2021-03-27';
const QUICKJS_SOURCES = ['quickjs', 'libregexp', 'libunicode', 'cutils', 'libbf', 'quickjs-libc'] as const;
const QUICKJS_FLAGS = ['-D_GNU_SOURCE', `-DCONFIG_VERSION="${QUICKJS_VERSION}"`, '-DCONFIG_BIGNUM'] as const;

/** Builds what is not in the cache yet: half a minute, once for each state of the sources. */
export async function buildHosts(tell: (line: string) => void): Promise<Hosts> {
  const folder = join(cacheFolder(), await stateOfSources());
  const hosts = { xs: join(folder, 'xs'), quickjs: join(folder, 'quickjs') };
  if (existsSync(folder)) return hosts;
  await mkdir(cacheFolder(), { recursive: true });
  await clearAbandoned();
  const work = await mkdtemp(join(cacheFolder(), 'work-'));
  try {
    tell(`building XS and QuickJS for boards, into ${folder}`);
    await buildXs(work);
    await buildQuickjs(work);
    await rename(await leaveOnly(work, ['xs', 'quickjs']), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another process was faster
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return hosts;
}

const ABANDONED_MS = 3_600_000;

/** What builds left behind that were ended in the middle. */
async function clearAbandoned(): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    const folder = join(cacheFolder(), name);
    const isOld = name.startsWith('work-') && Date.now() - (await stat(folder)).mtimeMs > ABANDONED_MS;
    if (isOld) await rm(folder, { recursive: true, force: true });
  }
}

/** Never inside the repository. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fogwisp', 'engines');
}

/** Of everything that the hosts are made of. */
async function stateOfSources(): Promise<string> {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([XS, QUICKJS, XS_FLAGS, QUICKJS_FLAGS, BITS_32, await mustRun('gcc', ['--version'])]),
  );
  for (const name of (await readdir(HOST_FOLDER)).sort()) {
    hash.update(name).update(await readFile(join(HOST_FOLDER, name)));
  }
  return hash.digest('hex').substring(0, 24);
}

async function buildXs(work: string): Promise<void> {
  const root = join(await unpack(XS, work), 'moddable', 'xs');
  const folders = ['includes', 'platforms', 'sources'].map((name) => `-I${join(root, name)}`);
  const flags = [...XS_FLAGS, `-I${HOST_FOLDER}`, ...folders];
  const engine = (await readdir(join(root, 'sources')))
    .filter((name) => name.endsWith('.c') && name !== 'xsSnapshot.c')
    .map((name) => join(root, 'sources', name));
  await link(work, 'xs', flags, [...engine, ...(await ownSources('xs-'))]);
}

async function buildQuickjs(work: string): Promise<void> {
  const root = join(await unpack(QUICKJS, work), 'deps', 'quickjs_2021_03_27');
  const flags = [...QUICKJS_FLAGS, `-I${HOST_FOLDER}`, `-I${root}`];
  const engine = QUICKJS_SOURCES.map((name) => join(root, `${name}.c`));
  await link(work, 'quickjs', flags, [...engine, ...(await ownSources('quickjs-'))]);
}

async function ownSources(prefix: string): Promise<readonly string[]> {
  const own = (await readdir(HOST_FOLDER)).filter((name) => name.startsWith(prefix) && name.endsWith('.c'));
  return [...own, ...COMMON].map((name) => join(HOST_FOLDER, name));
}

async function link(
  work: string,
  name: string,
  flags: readonly string[],
  sources: readonly string[],
): Promise<void> {
  const objects = new Map(sources.map((source) => [source, join(work, `${name}-${basename(source)}.o`)]));
  await forEachOf([...objects], ([source, object]) =>
    // Warnings are for those who change the hosts; engines are full of them.
    mustRun('gcc', [...BITS_32, '-O2', '-w', ...flags, '-c', source, '-o', object]),
  );
  const libraries = ['-lm', '-lpthread', '-ldl', '-lsodium'];
  await mustRun('gcc', [...BITS_32, ...objects.values(), ...libraries, '-o', join(work, name)]);
}

async function unpack({ name, version, integrity }: EnginePackage, work: string): Promise<string> {
  const listed = await mustRun('npm', ['pack', '--silent', '--ignore-scripts', `${name}@${version}`], work);
  const archive = join(work, listed.trim().split('\n').pop() ?? '');
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  if (found !== integrity) throw new Error(`${name}@${version} is not what it was: ${found}`);
  const folder = join(work, name.replace('/', '-'));
  await mkdir(folder);
  await mustRun('tar', ['xzf', archive, '-C', folder, '--strip-components=1']);
  return folder;
}

async function leaveOnly(work: string, names: readonly string[]): Promise<string> {
  const folder = join(work, 'done');
  await mkdir(folder);
  for (const name of names) await rename(join(work, name), join(folder, name));
  return folder;
}
