import { lineAt, type SourceFile } from './source.js';

/** The body of a function, method or arrow function. */
export interface Body {
  readonly line: number;
  readonly lines: number;
  /** The line on which it starts, for messages. */
  readonly head: string;
  /** What it is passed to, as in `describe.each(...)`; '' when it is not an argument. */
  readonly passedTo: string;
}

const CONTROL = /\b(?:if|for|while|switch|catch|with)\s*(?:await\s*)?$/;
/** After these a brace opens a type, not a body. */
const BEFORE_TYPE = new Set([
  ':',
  '|',
  '&',
  '<',
  '?',
  '=>',
  'is',
  'keyof',
  'readonly',
  'extends',
  'asserts',
  'typeof',
]);

export function bodiesOf(file: SourceFile): readonly Body[] {
  const { code } = file;
  const closing = matchBrackets(code);
  const bodies: Body[] = [];
  const add = (head: number, brace: number): void => {
    const end = closing.get(brace) ?? code.length;
    const line = lineAt(code, head);
    const text = file.text.split('\n')[line - 1] ?? '';
    bodies.push({
      line,
      lines: lineAt(code, end) - line + 1,
      head: text.trim(),
      passedTo: callee(code, head, closing),
    });
  };
  for (const [open, close] of closing) {
    if (code.charAt(open) !== '(' || CONTROL.test(code.substring(Math.max(0, open - 20), open))) continue;
    const brace = bodyAfter(code, close, closing);
    if (brace !== undefined) add(open, brace);
  }
  for (const match of code.matchAll(/\b\w+\s*=>\s*\{/g)) add(match.index, match.index + match[0].length - 1);
  return bodies;
}

/** The words and calls in front of the parenthesis that encloses an offset. */
function callee(code: string, offset: number, closing: ReadonlyMap<number, number>): string {
  let open = -1;
  for (const [from, to] of closing) if (from < offset && offset < to && from > open) open = from;
  if (code.charAt(open) !== '(') return '';
  const opening = new Map([...closing].map(([from, to]) => [to, from]));
  let start = open;
  while (start > 0 && /[\w.)\]]/.test(code.charAt(start - 1))) start = opening.get(start - 1) ?? start - 1;
  return code.substring(start, open);
}

/**
 * Where the body begins that belongs to the parameters that end at `close`, with or without a result type.
 */
function bodyAfter(code: string, close: number, closing: ReadonlyMap<number, number>): number | undefined {
  const rest = /^\s*(=>\s*)?/.exec(code.substring(close + 1)) ?? [''];
  const at = close + 1 + rest[0].length;
  if (code.charAt(at) === '{') return at;
  return code.charAt(at) === ':' ? bodyAfterType(code, at + 1, closing) : undefined;
}

function bodyAfterType(code: string, from: number, closing: ReadonlyMap<number, number>): number | undefined {
  const token = /\w+|=>|[^\s\w]/g;
  let wantsType = true;
  let angles = 0;
  token.lastIndex = from;
  for (let match = token.exec(code); match !== null; match = token.exec(code)) {
    const [text] = match;
    if (text === '{' && !wantsType) return match.index;
    if (/^[;)\]}=]$/.test(text) || (text === ',' && angles === 0)) return undefined;
    if (text === '<') angles++;
    if (text === '>') angles--;
    wantsType = BEFORE_TYPE.has(text) || text === ',';
    const close = closing.get(match.index);
    if (close !== undefined) token.lastIndex = close + 1;
  }
  return undefined;
}

/** Each opening bracket and where it closes. */
export function matchBrackets(code: string): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < code.length; at++) {
    const next = code.charAt(at);
    if (next === '(' || next === '[' || next === '{') open.push(at);
    if (next === ')' || next === ']' || next === '}') {
      const from = open.pop();
      if (from !== undefined) pairs.set(from, at);
    }
  }
  return pairs;
}
