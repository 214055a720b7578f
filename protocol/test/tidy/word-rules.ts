import { at, type Finding, finding, isCore, isPure, isSource, isTest, matches, type Rule } from './rule.js';
import { exportsOf, type SourceFile } from './source.js';

const CORE = 'protocol/src/session/a.ts';
const SIM = 'protocol/sim/a.ts';

/** Globals of hosts, clocks, chance, and everything that differs between engines. */
const BANNED_GLOBALS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'queueMicrotask',
  'requestAnimationFrame',
  'TextEncoder',
  'TextDecoder',
  'Date',
  'Intl',
  'Buffer',
  'async',
  'await',
  'Promise',
  'BigInt',
  'BigInt64Array',
  'BigUint64Array',
  'console',
  'process',
  'globalThis',
  'performance',
  'structuredClone',
  'fetch',
  'require',
  'eval',
  'WeakRef',
  'FinalizationRegistry',
  'SharedArrayBuffer',
  'Atomics',
  'URL',
] as const;
const BANNED_GLOBAL = new RegExp(`(?<![.#\\w$])(?:${BANNED_GLOBALS.join('|')})\\b(?!\\s*\\??:)`, 'g');

const globals: Rule = {
  name: 'no host, no clock, no chance, no promises (protocol)',
  check: (file) =>
    isPure(file.path) ? matches(file, BANNED_GLOBAL, 'not in every engine, or not deterministic') : [],
  bad: at(
    [CORE, SIM],
    ...BANNED_GLOBALS.map((word) => `const a = ${word};`),
    'async () => { await f(); }',
    'new Date()',
  ),
  good: at(
    [CORE],
    'const a: Update = b.process(c.Date);',
    '// Date, console\nconst b = "Promise";',
    'interface A { readonly performance: number }',
    'this.#fetch();',
    `\`\${a} setTimeout \${b}\``,
  ),
};

/** Exact in every engine; logarithms, powers and angles are not. */
const EXACT_MATH = 'abs|ceil|clz32|floor|fround|imul|max|min|round|sign|sqrt|trunc|PI';

const math: Rule = {
  name: 'only mathematics that is exact in every engine (protocol)',
  check: (file) =>
    isPure(file.path)
      ? matches(
          file,
          new RegExp(`\\bMath\\b(?!\\.(?:${EXACT_MATH})\\b).{0,12}|\\*\\*`, 'g'),
          'integers and tables instead',
        )
      : [],
  bad: at(
    [CORE, SIM],
    ...['random', 'log', 'log2', 'log10', 'exp', 'pow', 'sin', 'cos', 'tan', 'hypot'].map(
      (name) => `Math.${name}(1);`,
    ),
    'const { log } = Math;',
    "Math['log'](2);",
    'const a = 2 ** 32;',
    'a **= 2;',
  ),
  good: at([CORE], 'Math.floor(Math.imul(a, b) / 2);', '/** 2 ** 32 */', "'**'", 'const a = /a**b/;'),
};

const dialect: Rule = {
  name: 'nothing that a small engine lacks or that depends on a locale (protocol)',
  check: (file) =>
    isPure(file.path)
      ? [
          ...matches(
            file,
            /\.(?:localeCompare|toLocale\w+|normalize)\s*\(|\.at\(\s*-|\bObject\.hasOwn\b/g,
            'spell it out',
          ),
          ...matches(file, /(?<![\w.])(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*)n\b/g, 'no BigInt on small boards'),
        ]
      : [],
  bad: at(
    [CORE, SIM],
    'a.localeCompare(b);',
    'a.at(-1);',
    'Object.hasOwn(a, b);',
    'const a = 10n;',
    'const b = 0xffn;',
    '1_000n',
  ),
  good: at([CORE], 'const n10 = x1n;', 'Object.keys(a)', 'world.at(5);', '// 10n'),
};

const buffer: Rule = {
  name: 'no Buffer outside Node adapters, the gateway and tests',
  check: (file) => {
    const isFree =
      isTest(file.path) ||
      /^(firmware-shim\/src\/node|gateway|examples)\//.test(file.path) ||
      isPure(file.path);
    return isFree ? [] : matches(file, /(?<![.\w])Buffer\b/g, 'Uint8Array instead');
  },
  bad: at(['device-sdk/src/a.ts', 'firmware-shim/src/driver.ts'], 'const a = Buffer.from(b);'),
  good: at(['firmware-shim/src/node/udp.ts', 'gateway/src/a.ts'], 'const a = Buffer.from(b);'),
};

/** Each means three things in this field. */
const BANNED_NAMES = new Set([
  'manager',
  'helper',
  'util',
  'utility',
  'handler',
  'transport',
  'context',
  'channel',
  'data',
  'info',
]);
const ALLOWED_NAMES = /LinkInfo|linkInfo|LINK_INFO|link-info/g;

function bannedPart(name: string): string | undefined {
  const words = name
    .replace(ALLOWED_NAMES, '')
    .split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
  return words.find(
    (word) => BANNED_NAMES.has(word.toLowerCase()) || BANNED_NAMES.has(word.toLowerCase().replace(/s$/, '')),
  );
}

const names: Rule = {
  name: 'no name that means three things',
  check: (file) => {
    if (!isSource(file.path)) return [];
    const found: Finding[] = [];
    const ofPath = file.path
      .split('/')
      .slice(1)
      .map(bannedPart)
      .find((part) => part !== undefined);
    if (ofPath !== undefined) found.push(finding(file, 1, `the path says '${ofPath}'`));
    for (const { line, name } of exportsOf(file)) {
      const part = bannedPart(name);
      if (part !== undefined) found.push(finding(file, line, `'${name}' says '${part}'`));
    }
    return found;
  },
  bad: [
    ...at(
      [CORE],
      'export class LinkManager {}',
      'export function parseData() {}',
      'export const UDP_HANDLERS = 1;',
    ),
    ...at(
      [CORE],
      'export interface HostInfo {}',
      'export type ChannelId = 1;',
      'class A {}\nexport { A as Context };',
    ),
    ...at([CORE], 'export abstract class TransportLink {}'),
    ...at(['protocol/src/kernel/utils.ts', 'gateway/src/helper/a.ts', 'device-sdk/src/data-store.ts'], 'x;'),
  ],
  good: [
    ...at(
      [CORE],
      'export interface LinkInfo {}',
      'export type Datagram = 1;',
      'const data = 1;',
      'export class Database {}',
    ),
  ],
};

const fileNames: Rule = {
  name: 'files have lower-kebab names',
  check: (file) => {
    const name = file.path.split('/').pop() ?? '';
    if (!isSource(file.path) || /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/.test(name)) return [];
    return [finding(file, 1, name)];
  },
  bad: at(
    ['protocol/src/kernel/ByteReader.ts', 'gateway/src/mqtt_link.ts', 'gateway/test/topicTree.test.ts'],
    'x;',
  ),
  good: at(
    ['protocol/test/session/s05-handshake.test.ts', 'vitest.world.config.ts', 'gateway/bin/fogwisp.js'],
    'x;',
  ),
};

/** Of the machine it was written on, and of the registry it came from. */
const PRIVATE_PLACES = /(?<![\w.])\/(?:work|root|tmp\/bash_jobs)\/|registry\.npm[j]s|\/Users\/\w+/g;

const places: Rule = {
  name: 'no word about the machine it was made on',
  check: (file) =>
    [...file.text.matchAll(PRIVATE_PLACES)].map((match) =>
      finding(file, lineOf(file, match.index), match[0]),
    ),
  bad: at(
    [CORE, 'README.md'],
    `// see ${'/wo'}rk/notes`,
    `${'/ro'}ot/.npmrc`,
    `https://${'registry'}.npm${'js'}.org/a`,
  ),
  good: at([CORE], '// the /network/ and root/', 'protocol/src/network/x'),
};

function lineOf(file: SourceFile, offset: number): number {
  return file.text.substring(0, offset).split('\n').length;
}

/** Each bound of a profile bounds something. */
const limits: Rule = {
  name: 'every limit is used',
  check: (file, all) => {
    if (file.path !== 'protocol/src/limits.ts') return [];
    const found: Finding[] = [];
    const others = all.filter((other) => isCore(other.path) && other !== file);
    for (const match of file.code.matchAll(/readonly\s+(\w+Max)\s*:/g)) {
      const use = new RegExp(`\\b${match[1]}\\b`);
      if (!others.some((other) => use.test(other.code)))
        found.push(finding(file, lineOf(file, match.index), `${match[1]} bounds nothing`));
    }
    return found;
  },
  bad: at(['protocol/src/limits.ts'], 'export interface Limits {\n  readonly peerCountMax: number;\n}'),
  good: at(['protocol/src/limits.ts'], 'export const ONE = 1;'),
};

export const WORD_RULES: readonly Rule[] = [globals, math, dialect, buffer, names, fileNames, places, limits];
