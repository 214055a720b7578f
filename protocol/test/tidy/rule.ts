import { lineAt, type SourceFile } from './source.js';

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

/** A file that shows what a rule finds, or leaves alone. */
export interface Sample {
  readonly path: string;
  readonly text: string;
}

export interface Rule {
  readonly name: string;
  /** `all`: for rules that compare files. */
  check(file: SourceFile, all: readonly SourceFile[]): readonly Finding[];
  /** Each of these must be found, or the rule does not bite. */
  readonly bad: readonly Sample[];
  /** None of these may be found. */
  readonly good: readonly Sample[];
}

export function finding(file: SourceFile, line: number, what: string): Finding {
  return { path: file.path, line, what };
}

/** One finding for each match in the code, comments and literals left out. */
export function matches(file: SourceFile, pattern: RegExp, what: string): readonly Finding[] {
  return [...file.code.matchAll(pattern)].map((match) =>
    finding(file, lineAt(file.code, match.index), `${what}: ${match[0].trim()}`),
  );
}

/** The same sample text at each of these paths. */
export function at(paths: readonly string[], ...texts: readonly string[]): readonly Sample[] {
  return paths.flatMap((path) => texts.map((text) => ({ path, text })));
}

const TEST = /(^|\/)test\//;

export function isTest(path: string): boolean {
  return TEST.test(path);
}

/** Rules of the pure part: no clock, no globals, the same numbers in every engine. */
export function isPure(path: string): boolean {
  return path.startsWith('protocol/src/') || path.startsWith('protocol/sim/');
}

export function isCore(path: string): boolean {
  return path.startsWith('protocol/src/');
}

export function isSource(path: string): boolean {
  return /\.(ts|js|mjs)$/.test(path);
}
