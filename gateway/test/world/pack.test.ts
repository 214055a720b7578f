import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../readme.js';

const PACKAGES = ['protocol', 'firmware-shim', 'device-sdk', 'gateway'];
const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

let folder = '';
let tarballs: readonly string[] = [];

async function run(directory: string, program: string, ...words: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    XDG_RUNTIME_DIR: folder,
    TMPDIR: folder,
  };
  const { stdout } = await promisify(execFile)(program, words, { cwd: directory, env });
  return stdout;
}

/** An empty folder with these packages installed, as a user of them has it. */
async function consumer(name: string, packages: readonly string[]): Promise<string> {
  const directory = join(folder, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n');
  const files = tarballs.filter((file) => packages.some((each) => file.includes(`fogwisp-${each}-`)));
  expect(files).toHaveLength(packages.length);
  await run(directory, 'npm', ...INSTALL, ...files.map((file) => join(folder, file)));
  return directory;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  const workspaces = PACKAGES.flatMap((each) => ['--workspace', each]);
  await run(ROOT, 'npm', 'pack', ...workspaces, '--pack-destination', folder);
  tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packages, installed from what npm packs', () => {
  it('have a licence, a README, and nothing that only we need', async () => {
    const directory = await consumer('contents', PACKAGES);
    for (const name of PACKAGES) {
      const installed = join(directory, 'node_modules/@fogwisp', name);
      const files = readdirSync(installed, { recursive: true }).map(String);
      expect(files).toContain('README.md');
      const licence = readFileSync(join(installed, 'LICENSE'), 'utf8');
      expect(licence).toBe(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
      const odd = /(^|\/)(test|tools|node_modules)(\/|$)|tsbuildinfo|(?<!\.d)\.ts$|\.map$|wycheproof/;
      expect(files.filter((file) => odd.test(file))).toEqual([]);
    }
  });

  it('run an example and the demo', async () => {
    const directory = await consumer('programs', PACKAGES);
    for (const file of ['01-two-peers.js', 'program.js'])
      copyFileSync(join(ROOT, 'examples/dist', file), join(directory, file));
    expect(await run(directory, 'node', '01-two-peers.js')).toBe(
      'cellar asks: hello cellar, this is the attic\nattic asks: hello attic, this is the cellar\n',
    );
    const demo = await run(directory, 'npx', '--no', 'fogwisp', 'demo', '--for', '15s');
    expect(demo).toMatch(/bench -> shed {2}online relayed\(via (hearth|porch)\), no link reaches both/);
    expect(await run(directory, 'npx', '--no', 'fogwisp', 'help')).toContain('fogwisp 0.');
  });

  it('are three for a program, and need no other', async () => {
    const directory = await consumer('device', ['protocol', 'firmware-shim', 'device-sdk']);
    const lock = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8'));
    expect(Object.keys(lock.packages).filter((path) => path.startsWith('node_modules/'))).toHaveLength(3);
    const program =
      "import('@fogwisp/device-sdk').then(({ createNetwork }) => console.log(createNetwork()));";
    expect(await run(directory, 'node', '-e', program)).toMatch(/^fog1-\w+\n$/);
  });

  it('have types that a strict program compiles against', async () => {
    const directory = await consumer('types', PACKAGES);
    writeFileSync(join(directory, 'program.ts'), PROGRAM);
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      types: ['node'],
    };
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.ts'] }),
    );
    const compile = () => run(directory, 'node', join(ROOT, 'node_modules/typescript/bin/tsc'));
    expect(await compile()).toBe('');
    writeFileSync(join(directory, 'program.ts'), `${PROGRAM}\nconst wrong: number = pong;\n`);
    await expect(compile()).rejects.toMatchObject({ stdout: expect.stringContaining('TS2322') });
  });
});

/** Every door of every package. */
const PROGRAM = `
import { Device, defineService, number, record, type PeerReport } from '@fogwisp/device-sdk';
import { servePins, unoPins, type Link } from '@fogwisp/device-sdk';
import * as johnnyFive from '@fogwisp/device-sdk/johnny-five';
import { readLoad } from '@fogwisp/device-sdk/machine';
import { Driver, StreamLink, type Platform } from '@fogwisp/firmware-shim';
import { linkConformance } from '@fogwisp/firmware-shim/conformance';
import { nodePlatform, udpLink } from '@fogwisp/firmware-shim/node';
import * as gateway from '@fogwisp/gateway';
import { BOARD_LIMITS, Node, type NodeInput } from '@fogwisp/protocol';
import { nobleSuite } from '@fogwisp/protocol/noble';
import { World } from '@fogwisp/protocol/sim';

const device = await Device.start({ name: 'attic', network: 'fog.network', stateDirectory: false });
const pong = await device.ping('cellar');
const load: number | undefined = readLoad();
const peers: readonly PeerReport[] = device.peers();
export const used = [load, peers, pong.path.kind, defineService, number, record, servePins, unoPins];
export const more = [johnnyFive, Driver, StreamLink, linkConformance, nodePlatform, udpLink, gateway];
export const rest = [BOARD_LIMITS, Node, nobleSuite, World];
export type Used = Link | Platform | NodeInput;
`;
