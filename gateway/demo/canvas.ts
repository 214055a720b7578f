const CLEAR = '\u001b[2J';
const CLEAR_LINE = '\u001b[K';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/**
 * A picture of lines on a terminal. Only lines that changed are written again, so that what somebody is
 * selecting with the mouse, such as a command to copy, stays selected.
 */
export class Canvas {
  readonly #stream: NodeJS.WriteStream;
  #drawn: readonly string[] = [];
  #rowsUsed = 0;
  #width = 0;
  #height = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.write(HIDE_CURSOR);
  }

  get width(): number {
    return this.#stream.columns ?? 80;
  }

  get height(): number {
    return this.#stream.rows ?? 24;
  }

  draw(lines: readonly string[]): void {
    const { rows = 24 } = this.#stream;
    const isFresh = this.#width !== this.width || this.#height !== rows || this.#isShifted(lines);
    this.#width = this.width;
    this.#height = rows;
    if (isFresh) this.#drawn = [];
    let text = isFresh ? CLEAR : '';
    let row = 1;
    for (const [at, line] of lines.entries()) {
      const next = row + this.#heightOf(line);
      if (next > rows) break; // the last row stays free for the cursor
      if (this.#drawn[at] !== line) text += `${moveTo(row)}${line}${CLEAR_LINE}`;
      row = next;
    }
    this.#drawn = lines;
    this.#rowsUsed = row;
    if (text !== '') this.#stream.write(text + moveTo(row));
  }

  /** Leaves the picture where it is, with the cursor below it. */
  close(): void {
    this.#stream.write(`${moveTo(this.#rowsUsed)}${SHOW_CURSOR}\n`);
  }

  /** True when some line would stand in another row than before. */
  #isShifted(lines: readonly string[]): boolean {
    if (lines.length !== this.#drawn.length) return true;
    return lines.some((line, at) => this.#heightOf(line) !== this.#heightOf(this.#drawn[at] ?? ''));
  }

  #heightOf(line: string): number {
    return Math.max(1, Math.ceil(visibleLength(line) / this.width));
  }
}

function moveTo(row: number): string {
  return `\u001b[${row};1H`;
}

function visibleLength(line: string): number {
  let length = 0;
  let isEscape = false;
  for (const character of line) {
    if (character === '\u001b') isEscape = true;
    else if (!isEscape) length++;
    else if (character === 'm') isEscape = false;
  }
  return length;
}
