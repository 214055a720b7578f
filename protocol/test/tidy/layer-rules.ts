import { at, type Finding, finding, isCore, isSource, isTest, type Rule } from './rule.js';
import { type Import, importsOf, resolveImport, type SourceFile } from './source.js';

/** Imports inside protocol/src go to a lower number, or stay in the folder. */
const LAYERS: Readonly<Record<string, number>> = {
  kernel: 0,
  crypto: 1,
  cbor: 1,
  framing: 1,
  packet: 2,
  identity: 2,
  session: 3,
  routing: 4,
  path: 4,
  traversal: 4,
  election: 4,
  mail: 4,
  rendezvous: 4,
  role: 5,
  service: 6,
  content: 6,
  node: 7,
};
const CORE_ROOT = 'protocol/src/';

/** The part of protocol/src that a path belongs to: a folder, or the name of a file at the top. */
function roomOf(path: string): string {
  const [room = ''] = path.substring(CORE_ROOT.length).split('/');
  return room.replace(/\.ts$/, '');
}

const layers: Rule = {
  name: 'imports inside protocol/src go down, and never to a sibling',
  check: (file) => {
    if (!isCore(file.path)) return [];
    return importsOf(file).flatMap((taken) => {
      const to = resolveImport(file, taken.from);
      const complaint = to.startsWith(CORE_ROOT)
        ? complaintOf(roomOf(file.path), roomOf(to), taken)
        : undefined;
      return complaint === undefined ? [] : [finding(file, taken.line, complaint)];
    });
  },
  bad: [
    ...at(
      ['protocol/src/kernel/a.ts'],
      "import { b } from '../crypto/b.js';",
      "import type { c } from '../cbor/c.js';",
    ),
    ...at(['protocol/src/crypto/a.ts'], "import { b } from '../cbor/b.js';"),
    ...at(
      ['protocol/src/packet/a.ts'],
      "import type { b } from '../identity/b.js';",
      "export * from '../session/b.js';",
    ),
    ...at(
      ['protocol/src/routing/a.ts'],
      "import { b } from '../path/b.js';",
      "import { Node } from '../node.js';",
    ),
    ...at(
      ['protocol/src/session/a.ts'],
      "import { Status } from '../api.js';",
      "import { a } from '../index.js';",
    ),
    ...at(['protocol/src/limits.ts'], "import { b } from './node.js';"),
    ...at(['protocol/src/stuff/a.ts'], "import { b } from '../kernel/b.js';"),
  ],
  good: [
    ...at(['protocol/src/session/a.ts'], "import { b } from '../packet/b.js';\nimport { c } from './c.js';"),
    ...at(
      ['protocol/src/session/a.ts'],
      "import type { D } from '../api.js';\nimport { e } from '../limits.js';",
    ),
    ...at(
      ['protocol/src/node.ts'],
      "import { b } from './service/b.js';\nimport { Status } from './api.js';",
    ),
    ...at(['protocol/src/service/a.ts'], "import { Status } from '../api.js';"),
    ...at(['protocol/src/index.ts'], "export * from './node.js';"),
    ...at(['protocol/src/crypto/noble.ts'], "import { x25519 } from '@noble/curves/ed25519.js';"),
  ],
};

function complaintOf(own: string, other: string, { isType }: Import): string | undefined {
  if (own === 'index' || own === other) return undefined;
  if (other === 'index') return 'imports from index.ts';
  if (other === 'limits' || (other === 'api' && isType)) return undefined;
  const [rank, below] = [rankOf(own), rankOf(other)];
  if (rank === undefined || below === undefined)
    return `no layer is called ${rank === undefined ? own : other}`;
  if (below < rank) return undefined;
  return below === rank
    ? `${own} imports from its sibling ${other}`
    : `${own} imports from ${other} above it`;
}

function rankOf(room: string): number | undefined {
  if (room === 'limits') return 0;
  if (room === 'api') return 5.5; // its values; anybody may import its types
  return LAYERS[room];
}

/** A package imports those before it. */
const PACKAGES = ['protocol', 'firmware-shim', 'device-sdk', 'gateway', 'examples'];

const packages: Rule = {
  name: 'packages import packages below them, by name',
  check: (file) => {
    const own = PACKAGES.indexOf(file.path.split('/')[0] ?? '');
    if (own < 0) return [];
    return importsOf(file).flatMap((taken) => {
      const complaint = packageComplaint(file, own, taken.from);
      return complaint === undefined ? [] : [finding(file, taken.line, complaint)];
    });
  },
  bad: [
    ...at(
      ['protocol/src/a.ts'],
      "import { Driver } from '@fogwisp/firmware-shim';",
      "import { b } from '../sim/b.js';",
    ),
    ...at(['firmware-shim/src/a.ts'], "import type { Device } from '@fogwisp/device-sdk';"),
    ...at(
      ['device-sdk/src/a.ts'],
      "import { Node } from '../../protocol/src/node.js';",
      "import '@fogwisp/gateway';",
    ),
    ...at(['gateway/src/a.ts'], "import { World } from '@fogwisp/protocol/sim';"),
    ...at(['protocol/sim/a.ts'], "import { assert } from '../src/kernel/assert.js';"),
    ...at(['protocol/src/kernel/a.ts'], "import { Node } from '@fogwisp/protocol';"),
    ...at(['protocol/test/a.test.ts'], "import { Driver } from '@fogwisp/firmware-shim';"),
  ],
  good: [
    ...at(['gateway/src/a.ts'], "import { Device } from '@fogwisp/device-sdk';\nimport mqtt from 'mqtt';"),
    ...at(
      ['firmware-shim/test/a.test.ts'],
      "import { World } from '@fogwisp/protocol/sim';\nimport { b } from '../src/b.js';",
    ),
    ...at(
      ['firmware-shim/test/a.test.ts'],
      "import { vectors } from '../../protocol/test/support/vectors.js';",
    ),
    ...at(['protocol/test/node/a.ts'], "import { nodeSuite } from '@fogwisp/firmware-shim/node';"),
    ...at(['protocol/sim/a.ts'], "import { BROADCAST } from '@fogwisp/protocol';"),
    ...at(['protocol/test/a.test.ts'], "import { b } from '../src/kernel/b.js';"),
    ...at(['gateway/tools/sizes.ts'], "import { World } from '@fogwisp/protocol/sim';"),
  ],
};

/** Tests of the protocol may run on node:crypto, forty times faster than the portable suite. */
const NATIVE_CRYPTO = '@fogwisp/firmware-shim/node';

function packageComplaint(file: SourceFile, own: number, from: string): string | undefined {
  const target = resolveImport(file, from);
  if (from.startsWith('.')) return pathComplaint(file, own, target);
  const [scope, name = '', door] = target.split('/');
  if (scope !== '@fogwisp') return undefined;
  const other = PACKAGES.indexOf(name);
  if (isTest(file.path) && from === NATIVE_CRYPTO) return undefined;
  if (other > own || other < 0) return `'${from}' is not below`;
  const isTool = isTest(file.path) || /^gateway\/(tools|demo)\//.test(file.path);
  if (name === 'protocol' && door === 'sim' && !isTool) return 'the simulator is for tests and tools';
  return other === own && isCore(file.path) ? 'inside a package, paths' : undefined;
}

function pathComplaint(file: SourceFile, own: number, target: string): string | undefined {
  const root = PACKAGES[own] ?? '';
  const other = PACKAGES.indexOf(target.split('/')[0] ?? '');
  if (isTest(file.path) && isTest(target) && other >= 0 && other < own) return undefined;
  if (!target.startsWith(`${root}/`)) return `'${target}' is in another package: import it by name`;
  if (isTest(file.path)) return undefined;
  if (file.path.startsWith('protocol/sim/') !== target.startsWith('protocol/sim/'))
    return `${target} is another project`;
  return isTest(target) ? `${target} is a test` : undefined;
}

const noble: Rule = {
  name: 'noble is imported by protocol/src/crypto/noble.ts only',
  check: (file) => {
    if (isTest(file.path) || file.path === 'protocol/src/crypto/noble.ts') return [];
    return importsOf(file)
      .filter(({ from }) => from.startsWith('@noble/'))
      .map(({ line, from }) => finding(file, line, from));
  },
  bad: at(
    ['protocol/src/crypto/noise.ts', 'firmware-shim/src/node/crypto.ts'],
    "import { a } from '@noble/curves/b.js';",
  ),
  good: at(
    ['protocol/src/crypto/noble.ts', 'protocol/test/crypto/a.test.ts'],
    "import { a } from '@noble/curves/b.js';",
  ),
};

const endings: Rule = {
  name: "relative imports end in '.js'",
  check: (file) => {
    if (!isSource(file.path)) return [];
    const found: Finding[] = [];
    for (const { line, from } of importsOf(file)) {
      if (from.startsWith('.') && !/\.(js|mjs|json)$/.test(from)) found.push(finding(file, line, from));
    }
    return found;
  },
  bad: at(
    ['protocol/src/kernel/a.ts', 'gateway/test/a.test.ts'],
    "import { b } from './b';",
    "import { c } from './c.ts';",
  ),
  good: at(['protocol/src/kernel/a.ts'], "import { b } from './b.js';", "import { d } from 'mqtt';"),
};

export const LAYER_RULES: readonly Rule[] = [layers, packages, noble, endings];
