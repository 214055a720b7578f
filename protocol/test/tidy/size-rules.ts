import { bodiesOf } from './bodies.js';
import { type Finding, finding, isSource, isTest, type Rule } from './rule.js';
import type { SourceFile } from './source.js';

export const FILE_LINES_MAX = 500;
export const FILE_LINES_WANTED = 300;
const FUNCTION_LINES_MAX = 60;
const LINE_LENGTH_MAX = 110;

const ANYWHERE = 'gateway/src/a.ts';

export function lineCount(file: SourceFile): number {
  return file.text.split('\n').length - 1;
}

const fileLength: Rule = {
  name: `a file has at most ${FILE_LINES_MAX} lines`,
  check: (file) => {
    const lines = lineCount(file);
    return isSource(file.path) && lines > FILE_LINES_MAX ? [finding(file, 1, `${lines} lines`)] : [];
  },
  bad: [{ path: ANYWHERE, text: 'x;\n'.repeat(FILE_LINES_MAX + 1) }],
  good: [{ path: ANYWHERE, text: 'x;\n'.repeat(FILE_LINES_MAX) }],
};

const functionLength: Rule = {
  name: `a function has at most ${FUNCTION_LINES_MAX} lines`,
  check: (file) => {
    if (!isSource(file.path)) return [];
    return bodiesOf(file)
      .filter(({ lines, passedTo }) => lines > FUNCTION_LINES_MAX && !isSuite(file, passedTo))
      .map(({ line, lines, head }) => finding(file, line, `${lines} lines: ${head}`));
  },
  bad: [
    'function f(a: number): Record<string, { b: 1 }> {',
    'class A {\n  #m(): { kind: string } | undefined {',
    'const f = async (a = (1)) => {',
    'const f = a => {',
    'if (x) it("y", () => {',
    'class A {\n  constructor(a: () => void) {',
    'class A {\n  get x(): readonly [a: number, { b: string }] {',
    'function g(x: unknown): x is { a: string } {',
    'export function h<T extends { k: string }>(x: T, { a }: { a: 1; b: 2 } = {}): (y: T) => { z: 1 } {',
  ].map((head) => ({ path: ANYWHERE, text: `${head}\n${'x;\n'.repeat(FUNCTION_LINES_MAX)}}\n}\n` })),
  good: [
    { path: ANYWHERE, text: `function f() {\n${'x;\n'.repeat(FUNCTION_LINES_MAX - 2)}}\n` },
    { path: ANYWHERE, text: `class A {\n${'  #f() {\n  }\n'.repeat(FUNCTION_LINES_MAX)}}\n` },
    { path: ANYWHERE, text: `const TABLE = {\n${'  a: 1,\n'.repeat(FUNCTION_LINES_MAX)}};\n` },
    { path: ANYWHERE, text: `interface A {\n  f(): void;\n${'  a: {\n};\n'.repeat(FUNCTION_LINES_MAX)}}\n` },
    ...["describe('a', () => {", "describe.each([\n  f(1),\n])('a', (b) => {"].map((head) => ({
      path: 'gateway/test/a.test.ts',
      text: `${head}\n${'x;\n'.repeat(FUNCTION_LINES_MAX)}});\n`,
    })),
  ],
};

/** A suite is a list of tests, not a function that one reads as a whole. */
function isSuite(file: SourceFile, passedTo: string): boolean {
  return isTest(file.path) && /^describe\b/.test(passedTo);
}

const lineLength: Rule = {
  name: `a line has at most ${LINE_LENGTH_MAX} characters`,
  check: (file) => {
    if (!isSource(file.path)) return [];
    const found: Finding[] = [];
    for (const [i, text] of file.text.split('\n').entries()) {
      const length = Array.from(text).length;
      if (length > LINE_LENGTH_MAX) found.push(finding(file, i + 1, `${length} characters`));
    }
    return found;
  },
  bad: [{ path: ANYWHERE, text: `// ${'x'.repeat(LINE_LENGTH_MAX - 2)}\n` }],
  good: [{ path: ANYWHERE, text: `// ${'§'.repeat(LINE_LENGTH_MAX - 3)}\n` }],
};

export const SIZE_RULES: readonly Rule[] = [fileLength, functionLength, lineLength];
