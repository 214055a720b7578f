import { at, type Finding, finding, isCore, type Rule } from './rule.js';
import { lineAt, type SourceFile } from './source.js';

const CORE = 'protocol/src/session/a.ts';

/** A statement that stands in no function, class or block. */
interface Statement {
  readonly line: number;
  readonly code: string;
  /** With its literals, for messages and for what only they tell. */
  readonly text: string;
}

/** Statements at the top of a file, each from its first word to its semicolon. */
function topStatements(file: SourceFile): readonly Statement[] {
  const found: Statement[] = [];
  const { code, text } = file;
  let depth = 0;
  let start = 0;
  for (let i = 0; i < code.length; i++) {
    const next = code.charAt(i);
    if ('([{'.includes(next)) depth++;
    if (')]}'.includes(next)) depth--;
    if (depth > 0 || (next !== ';' && next !== '}')) continue;
    if (next === '}' && /^\s*(?:[;,.)]|as\b|satisfies\b|from\b)/.test(code.substring(i + 1))) continue;
    const from = start + (/^\s*/.exec(code.substring(start, i)) ?? [''])[0].length;
    found.push({
      line: lineAt(code, from),
      code: code.substring(from, i + 1),
      text: text.substring(from, i + 1),
    });
    start = i + 1;
  }
  return found;
}

const COLLECTION = /^new\s+(?:Map|Set|WeakMap|WeakSet|Array|ArrayBuffer|DataView|\w*Array)\b/;
/** Bytes that spell a constant: from a list of literals or a text. */
const CONSTANT_BYTES = /^(?:new\s+Uint8Array\(\s*\[[^\]]+\]\s*\)|Uint8Array\.of\([^)]+\))/;

/**
 * Modules are evaluated once and then lie in flash: what they hold can neither change nor belong to one node.
 * Allowed: constants, tables `as const` or of a type that cannot be written to, and bytes of literals under
 * an UPPER_SNAKE name.
 */
const moduleState: Rule = {
  name: 'modules hold constants only (protocol/src)',
  check: (file) => {
    if (!isCore(file.path)) return [];
    const found: Finding[] = [];
    for (const statement of topStatements(file)) {
      const complaint = complaintOf(file, statement);
      if (complaint !== undefined)
        found.push(finding(file, statement.line, `${complaint}: ${firstLine(statement.text)}`));
    }
    return found;
  },
  bad: at(
    [CORE],
    'let count = 0;',
    'var a;',
    'export let b: number;',
    'const SEEN = new Map<string, number>();',
    'const seen: ReadonlySet<string> = new Set(["a"]);',
    'const TABLE = new Uint32Array(256);',
    'const zero = new Uint8Array([0]);',
    'export const list: string[] = [];',
    'const cache = {};',
    'const list = [1, 2];',
    'const NAMES: string[] = ["a"];',
    'const table = { a: 1 };',
    'const nested = { a: new Map() } as const;',
    'class A {\n  static count = 0;\n}',
    'class A {\n  static #cache = new Map();\n}',
    'import { a } from "./a.js";\n\n/** b */\nlet c = a;',
  ),
  good: [
    ...at(['protocol/src/kernel/bytes.ts'], 'export const EMPTY: Uint8Array = new Uint8Array(0);'),
    ...at(
      [CORE],
      'const NEXT = { idle: ["open"], open: [] } as const satisfies Record<string, readonly string[]>;',
      'const NAMES: readonly string[] = ["a"];',
      'const NAMES = ["a"] as const;',
      'export const PI_LIMITS: Limits = { a: 1 };',
      'const PREFIX = new Uint8Array([1, 2]);',
      'export const MAGIC = Uint8Array.of(1, 2);',
      "const LABEL = encodeUtf8('fogwisp');",
      'const RETRY_MS = 5 * SECOND_MS;',
      'class A {\n  static readonly sizeMax = 5;\n  static of(): A {\n    let b = 1;\n    return b;\n  }\n}',
      'export function f(): void {\n  let a = 0;\n  const b = new Map();\n}',
      'const g = (): number => {\n  let c = 1;\n  return c;\n};',
    ),
  ],
};

function complaintOf(file: SourceFile, { code }: Statement): string | undefined {
  if (/^(?:export\s+)?(?:let|var)\b/.test(code)) return 'a binding that can change';
  if (/^(?:export\s+)?(?:abstract\s+)?class\b/.test(code)) {
    return /\bstatic\s+(?!readonly\b|#?\w+\s*[(<]|get\b|async\b)/.test(code)
      ? 'a static that can change'
      : undefined;
  }
  const match = /^(?:export\s+)?const\s+(\w+)\s*(?::([^=]*(?:=>[^=]*)*))?=\s*([\s\S]*)$/.exec(code);
  if (match === null) return undefined;
  const [, name = '', type = '', value = ''] = match;
  if (COLLECTION.test(value)) return isConstantBytes(file, name, value) ? undefined : 'a collection';
  if (/^[[{]/.test(value)) return literalComplaint(type, value);
  return undefined;
}

function isConstantBytes(file: SourceFile, name: string, value: string): boolean {
  if (file.path === 'protocol/src/kernel/bytes.ts' && name === 'EMPTY') return true;
  return CONSTANT_BYTES.test(value) && /^[A-Z][A-Z0-9_]*$/.test(name);
}

function literalComplaint(type: string, value: string): string | undefined {
  if (/\bnew\s+(?:Map|Set|\w*Array)\b/.test(value)) return 'a collection';
  if (/\bas\s+const\b/.test(value) || /^\s*(?:readonly\b|Readonly)/.test(type)) return undefined;
  const isList = value.startsWith('[') || /\[\]\s*$/.test(type) || /^\s*Array\b/.test(type);
  if (isList || type.trim() === '') return 'a table without `as const` or a read-only type';
  return /^\{\s*\}/.test(value) ? 'an empty table' : undefined;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

export const STATE_RULES: readonly Rule[] = [moduleState];
