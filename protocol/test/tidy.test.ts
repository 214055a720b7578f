import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bodiesOf } from './tidy/bodies.js';
import { LAYER_RULES } from './tidy/layer-rules.js';
import { readRepository } from './tidy/repository.js';
import { isSource, type Rule } from './tidy/rule.js';
import { FILE_LINES_WANTED, lineCount, SIZE_RULES } from './tidy/size-rules.js';
import { importsOf, sourceFile } from './tidy/source.js';
import { STATE_RULES } from './tidy/state-rules.js';
import { SYNTAX_RULES } from './tidy/syntax-rules.js';
import { WORD_RULES } from './tidy/word-rules.js';

const RULES: readonly Rule[] = [
  ...SIZE_RULES,
  ...SYNTAX_RULES,
  ...WORD_RULES,
  ...LAYER_RULES,
  ...STATE_RULES,
];
const REPOSITORY = readRepository(fileURLToPath(new URL('../..', import.meta.url)));

describe('the repository is tidy', () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
    const findings = REPOSITORY.flatMap((file) => rule.check(file, REPOSITORY));
    expect(findings.map(({ path, line, what }) => `${path}:${line} ${what}`)).toEqual([]);
  });

  it('was read as a whole', () => {
    const paths = new Set(REPOSITORY.map(({ path }) => path));
    for (const path of [
      'README.md',
      'protocol/src/api.ts',
      'protocol/sim/world.ts',
      'protocol/test/tidy.test.ts',
    ]) {
      expect(paths).toContain(path);
    }
    expect(REPOSITORY.some(({ path }) => path.includes('node_modules'))).toBe(false);
  });

  it('has few long files (a warning, not a failure)', () => {
    const long = REPOSITORY.filter((file) => isSource(file.path) && lineCount(file) > FILE_LINES_WANTED);
    for (const file of long)
      console.warn(`${file.path} has ${lineCount(file)} lines, wanted ${FILE_LINES_WANTED}`);
    expect(long.length).toBeLessThan(REPOSITORY.length / 10);
  });
});

describe('each rule bites', () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
    expect(rule.bad.length).toBeGreaterThan(0);
    for (const { path, text } of rule.bad) {
      const file = sourceFile(path, text);
      expect(rule.check(file, [file]), `in ${path}: ${text}`).not.toEqual([]);
    }
    for (const { path, text } of rule.good) {
      const file = sourceFile(path, text);
      expect(rule.check(file, [file]), `in ${path}: ${text}`).toEqual([]);
    }
  });
});

describe('reading sources', () => {
  it.each([
    ["a = 'b // c'; // d", "a = '      ';     "],
    ['a = "\\"b"; /* c */ d', 'a = "   ";         d'],
    ['a = `b @{c + `d @{e}`} f`; g', 'a = `  @{c + `  @{e}`}  `; g'],
    ["a = /b'[/]c/g.test(d) / e;", 'a = /      /g.test(d) / e;'],
    ['return /a/; x = (b) / c / d;', 'return / /; x = (b) / c / d;'],
    ["it('`', f); // '\nb", "it(' ', f);     \nb"],
  ])('blanks literals and comments: %s', (text, code) => {
    const dollar = (sample: string): string => sample.replace(/@/g, '$');
    expect(sourceFile('a.ts', dollar(text)).code).toBe(dollar(code));
  });

  it('finds imports of every form', () => {
    const text = [
      "import { a,\n  b } from './a.js';",
      "import type { C } from 'c';",
      "import './d.js';",
      "export * from './e.js';",
      "const f = import('./f.js');",
      "// import { g } from './g.js';",
    ].join('\n');
    const found = importsOf(sourceFile('a.ts', text));
    expect(found.map(({ from }) => from)).toEqual(['./a.js', 'c', './d.js', './e.js', './f.js']);
    expect(found.map(({ line }) => line)).toEqual([1, 3, 4, 5, 6]);
    expect(found.map(({ isType }) => isType)).toEqual([false, true, false, false, false]);
  });

  it('measures bodies and nothing else', () => {
    const text = [
      'class A {',
      '  #b(c: { d: 1 }): { e: number } {',
      '    if (c) {',
      '    }',
      '  }',
      '  f = (): void => {',
      '  };',
      '}',
      'const g = { h: (1), i: {} };',
      'type J = (k: string) => Promise<{ l: 1 }>;',
      'const m = n ? (o) : {};',
    ].join('\n');
    expect(bodiesOf(sourceFile('a.ts', text)).map(({ line, lines }) => [line, lines])).toEqual([
      [2, 4],
      [6, 2],
    ]);
  });
});
