import { matchBrackets } from './bodies.js';
import { at, type Finding, finding, isCore, isPure, isSource, isTest, matches, type Rule } from './rule.js';
import { importsOf, lineAt, type SourceFile } from './source.js';

const CORE = 'protocol/src/session/a.ts';
const SIM = 'protocol/sim/a.ts';
const SHIM = 'firmware-shim/src/a.ts';
const TEST = 'protocol/test/a.test.ts';

const nonNull: Rule = {
  name: 'no non-null assertions',
  check: (file) => matches(file, /[\w$)\]]!(?!=)/g, 'a test or an assert instead'),
  bad: at([CORE, TEST], 'const a = list[0]!;', 'f(x!, y);', 'a!.b();', '(a as B)!.c;'),
  good: at([CORE], 'if (!a || !b) return !c;', "const d = a !== b && '!'.length;", 'x = y!=z;'),
};

const noAny: Rule = {
  name: 'no any',
  check: (file) => {
    if (!isSource(file.path)) return []; // prose may say any
    const any = /(?:(?<!\|)[|:<&]|=>|\bas|\bis)\s*any\b(?!\s*[=:(.])|\bany\[\]|<[^<>()=]*,\s*any\b/g;
    return matches(file, any, 'type');
  },
  bad: at(
    [CORE, TEST],
    'let a: any;',
    'f(a as any)',
    'type A = Map<string, any>;',
    'const b: any[] = c;',
    'x: (y) => any;',
  ),
  good: [
    ...at([CORE], 'let any = 0; any |= byte; return any === 0;', '// any\nconst a = "any";'),
    ...at(['README.md'], 'Boards are peers: any may ask.'),
  ],
};

const noDefaultExport: Rule = {
  name: 'no default exports except in configurations',
  check: (file) =>
    isConfiguration(file.path) ? [] : matches(file, /\bexport\s+default\b|\bas\s+default\b/g, 'name it'),
  bad: at([CORE, TEST], 'export default class {}', 'export { a as default };'),
  good: at(['vitest.config.ts', 'vitest.world.config.ts'], 'export default {};'),
};

function isConfiguration(path: string): boolean {
  return /\.config\.(ts|js|mjs)$/.test(path);
}

const noSkippedTests: Rule = {
  name: 'no skipped, lone or promised tests',
  check: (file) =>
    matches(
      file,
      /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|only|todo|fails)\b|\b(?:xit|xdescribe|fit|fdescribe)\(/g,
      'run it',
    ),
  bad: at(
    [TEST],
    `it.${'skip'}('a', f);`,
    `describe.${'only'}('a', f);`,
    `it.${'todo'}('a');`,
    `test.concurrent.${'skip'}('a');`,
    "xit('a', f);",
  ),
  good: at([TEST], "it.each([1])('a', f);", 'split.only(1);', '// it.skip'),
};

const noPromises: Rule = {
  name: 'no notes to do something later',
  check: (file) =>
    [...file.text.matchAll(/\b(?:TO[D]O|FIX[M]E|XX[X])\b/g)].map((match) =>
      finding(file, lineAt(file.text, match.index), match[0]),
    ),
  bad: at([CORE, TEST, 'README.md'], `// ${'TO'}DO more`, `/* ${'FIX'}ME */`),
  good: at([CORE], '// to do so, or fix me', 'const todo = 1;'),
};

const WRITES_CODE: readonly RegExp[] = [
  /(?<![.\w])(?:const\s+)?enum\s+\w+\s*\{/g,
  /\bnamespace\s+\w+[\w.]*\s*\{|\bmodule\s+\w+\s*\{/g,
  /\bconstructor\s*\((?:[^)]*,)?\s*(?:(?:public|private|protected|readonly|override)\s+)+\w+\s*\??\s*[:,)=]/g,
  /\bimport\s+\w+\s*=|\bexport\s*=/g,
  /^\s*@\w+\s*(?:\(|$)/gm,
];

const erasable: Rule = {
  name: 'only syntax that vanishes when types are stripped',
  check: (file) => {
    if (!file.path.endsWith('.ts')) return [];
    return WRITES_CODE.flatMap((pattern) => matches(file, pattern, 'write it out'));
  },
  bad: at(
    [CORE, TEST],
    'enum A { b }',
    'export const enum A { b }',
    'namespace N { }',
    'class A { constructor(private readonly a: B) {} }',
    'import a = require("b");',
    'export = a;',
  ),
  good: at(
    [CORE],
    'class A { constructor(a: readonly B[], c: { readonly d: 1; readonly e: 2 }) {} }',
    'class A { constructor(f: Map<A, readonly B>) {} }',
    'const namespace = 1;',
    'readonly enum: string;',
  ),
};

const noNull: Rule = {
  name: 'undefined for absence, never null (protocol)',
  check: (file) =>
    isPure(file.path) && !speaksNull(file.path)
      ? matches(file, /(?<![.\w])null\b(?!\s*:)/g, 'undefined')
      : [],
  bad: at([CORE, SIM], 'return null;', 'let a: string | null;'),
  good: [...at(['protocol/src/cbor/value.ts'], 'return null;'), ...at([CORE], "kind: 'null'", 'TAG.null')],
};

/** CBOR has a null, and the trace hash must tell it from undefined. */
function speaksNull(path: string): boolean {
  return path.startsWith('protocol/src/cbor/') || path === 'protocol/sim/hash.ts';
}

const noInheritance: Rule = {
  name: 'no inheritance except from Error (protocol)',
  check: (file) =>
    isPure(file.path)
      ? matches(file, /\bclass\s+\w+(?:<[^{]*>)?\s+extends\s+(?!Error\b)\w+/g, 'hold it instead')
      : [],
  bad: at([CORE, SIM], 'class A extends B {}', 'class A<T> extends B<T> {}'),
  good: at([CORE], 'class A extends Error {}', 'interface A extends B {}', 'class A<T extends B> {}'),
};

const throwing: Rule = {
  name: 'only assert and UsageError throw, and nothing is caught (protocol/src)',
  check: (file) => {
    if (!isCore(file.path) || file.path === 'protocol/src/kernel/assert.ts') return [];
    const thrown = throwsOf(file);
    if (file.path === 'protocol/src/crypto/noble.ts') return thrown;
    return [...thrown, ...matches(file, /\bcatch\b/g, 'whose fault is it')];
  },
  bad: at([CORE], "throw new Error('a');", 'throw cause;', 'try { a(); } catch { b(); }'),
  good: [
    ...at([CORE], "throw new UsageError('a', 'b');", 'throw no();\nfunction no(a: b): UsageError {}'),
    ...at(['protocol/src/crypto/noble.ts'], 'try { a(); } catch { b(); }'),
  ],
};

/** `throw` of anything but a UsageError, made on the spot or by a function of the file that gives one. */
function throwsOf(file: SourceFile): readonly Finding[] {
  const found: Finding[] = [];
  for (const match of file.code.matchAll(/\bthrow\s+(?:new\s+UsageError\b|(\w+))?/g)) {
    const makesUsageError = new RegExp(`\\bfunction ${match[1]}\\([^)]*\\): UsageError\\b`);
    if (match[0].endsWith('UsageError') || (match[1] !== undefined && makesUsageError.test(file.code)))
      continue;
    found.push(finding(file, lineAt(file.code, match.index), 'a reason, an assert or a UsageError instead'));
  }
  return found;
}

const noCallbacks: Rule = {
  name: 'no callbacks as parameters (protocol/src)',
  check: (file) => {
    if (!isCore(file.path)) return [];
    const pairs = matchBrackets(file.code);
    return [...file.code.matchAll(/(?<=[(,]\s*)\w+\??:\s*\([^()]*\)\s*=>/g)]
      .filter((match) => enclosing(file.code, pairs, match.index) === '(')
      .map((match) => finding(file, lineAt(file.code, match.index), `data in, data out: ${match[0]}`));
  },
  bad: at([CORE], 'function f(done: () => void): void {}', 'send(a: B, then?: (x: C) => void): void;'),
  good: at([CORE, SIM], 'list.map((x) => x + 1);', 'const a = { b: 1, c: (d) => d };'),
};

/** The innermost bracket that is open at an offset. */
function enclosing(code: string, pairs: ReadonlyMap<number, number>, offset: number): string {
  let innermost = -1;
  for (const [open, close] of pairs)
    if (open < offset && offset < close && open > innermost) innermost = open;
  return code.charAt(innermost);
}

const barrels: Rule = {
  name: 'only index.ts passes on what another file exports',
  check: (file) => {
    if (isTest(file.path) || !isSource(file.path) || /(^|\/)index\.ts$/.test(file.path)) return [];
    return importsOf(file)
      .filter(({ isExport }) => isExport)
      .map(({ line, from }) => finding(file, line, `import from '${from}' itself`));
  },
  bad: at([CORE, SHIM], "export * from './b.js';", "export type { A } from '../b.js';"),
  good: at(['protocol/src/index.ts', 'firmware-shim/src/node/index.ts'], "export * from './b.js';"),
};

export const SYNTAX_RULES: readonly Rule[] = [
  nonNull,
  noAny,
  noDefaultExport,
  noSkippedTests,
  noPromises,
  erasable,
  noNull,
  noInheritance,
  throwing,
  noCallbacks,
  barrels,
];
