/**
 * A file as the rules see it: its text, and the same with comments and the insides of literals blanked out.
 */
export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  /** As long as `text`, line for line and column for column. */
  readonly code: string;
}

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, code: new Blanker(text).run() };
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) if (text.charCodeAt(i) === 10) line++;
  return line;
}

/** Words after which a slash begins a regular expression rather than a division. */
const BEFORE_REGEX =
  /(?:^|[([{,;=:!&|?+\-*%<>~^]|=>|\b(?:return|typeof|case|in|of|do|else|void|delete|throw))\s*$/;

/**
 * One pass over the text; it knows strings, templates with their expressions, comments and regular
 * expressions.
 */
class Blanker {
  readonly #text: string;
  #code = '';
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string {
    this.#expression('');
    return this.#code;
  }

  /** Code up to the brace that closes a template expression, or to the end of the file. */
  #expression(closing: string): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const next = this.#text.charAt(this.#at);
      if (next === closing && depth === 0) return;
      if (next === '{') depth++;
      if (next === '}') depth--;
      this.#token(next);
    }
  }

  #token(next: string): void {
    const two = this.#text.substring(this.#at, this.#at + 2);
    if (two === '//') return this.#blankTo(this.#find('\n', this.#at));
    if (two === '/*') return this.#blankTo(this.#find('*/', this.#at + 2) + 2);
    if (next === "'" || next === '"') return this.#quoted(next);
    if (next === '`') return this.#template();
    if (next === '/' && BEFORE_REGEX.test(this.#code.substring(this.#code.length - 40))) return this.#regex();
    this.#keep(1);
  }

  #quoted(quote: string): void {
    this.#keep(1);
    while (this.#at < this.#text.length && !this.#isAt(quote) && !this.#isAt('\n')) {
      this.#blankTo(this.#at + (this.#isAt('\\') ? 2 : 1));
    }
    this.#keep(1);
  }

  #template(): void {
    this.#keep(1);
    while (this.#at < this.#text.length && !this.#isAt('`')) {
      if (this.#isAt('${')) {
        this.#keep(2);
        this.#expression('}');
        this.#keep(1);
      } else this.#blankTo(this.#at + (this.#isAt('\\') ? 2 : 1));
    }
    this.#keep(1);
  }

  #regex(): void {
    this.#keep(1);
    let isInClass = false;
    while (this.#at < this.#text.length && !this.#isAt('\n') && (isInClass || !this.#isAt('/'))) {
      if (this.#isAt('[')) isInClass = true;
      if (this.#isAt(']')) isInClass = false;
      this.#blankTo(this.#at + (this.#isAt('\\') ? 2 : 1));
    }
    this.#keep(1);
  }

  #isAt(what: string): boolean {
    return this.#text.startsWith(what, this.#at);
  }

  #find(what: string, from: number): number {
    const at = this.#text.indexOf(what, from);
    return at < 0 ? this.#text.length : at;
  }

  #keep(count: number): void {
    this.#code += this.#text.substring(this.#at, this.#at + count);
    this.#at += count;
  }

  #blankTo(end: number): void {
    const until = Math.min(end, this.#text.length);
    for (; this.#at < until; this.#at++) this.#code += this.#text.charAt(this.#at) === '\n' ? '\n' : ' ';
  }
}

export interface Import {
  readonly line: number;
  readonly from: string;
  /** Nothing of it is left at run time. */
  readonly isType: boolean;
  /** `export ... from`. */
  readonly isExport: boolean;
}

const IMPORT = /\b(import|export)\b([^;'"]*?)\bfrom\s*(['"])|\bimport\s*\(?\s*(['"])/g;

export function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = [];
  for (const match of file.code.matchAll(IMPORT)) {
    const quote = match[3] ?? match[4] ?? "'";
    const start = match.index + match[0].length;
    found.push({
      line: lineAt(file.code, match.index),
      from: file.text.substring(start, file.text.indexOf(quote, start)),
      isType: /^\s*type\b/.test(match[2] ?? ''),
      isExport: match[1] === 'export',
    });
  }
  return found;
}

/** What an import of `file` names: a path in the repository without ending, or a package. */
export function resolveImport(file: SourceFile, from: string): string {
  if (!from.startsWith('.')) return from;
  const parts = file.path.split('/');
  parts.pop();
  for (const part of from.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.(js|ts|json)$/, '');
}

/** Names that a file declares and exports. */
export function exportsOf(file: SourceFile): readonly { readonly line: number; readonly name: string }[] {
  const declared =
    /\bexport\s+(?:declare\s+)?(?:abstract\s+)?(?:const|let|class|function|interface|type|enum)\s+(\w+)/g;
  const listed = /\bexport\s*(?:type\s*)?\{([^}]*)\}(?!\s*from)/g;
  const found: { line: number; name: string }[] = [];
  for (const match of file.code.matchAll(declared)) {
    found.push({ line: lineAt(file.code, match.index), name: match[1] ?? '' });
  }
  for (const match of file.code.matchAll(listed)) {
    for (const item of (match[1] ?? '').split(',')) {
      const name = item.trim().split(/\s+/).pop() ?? '';
      if (name !== '') found.push({ line: lineAt(file.code, match.index), name });
    }
  }
  return found;
}
