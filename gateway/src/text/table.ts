import type { Paint, Tone } from './style.js';

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

export function cell(text: string, tone: Tone = 'plain'): Cell {
  return { text, tone };
}

/**
 * Lines of a table whose columns are as wide as their widest cell; the last column gives way to `widthMax`.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  widthMax = Number.POSITIVE_INFINITY,
): string[] {
  const header = columns.map((column) => cell(column.title, 'faint'));
  const all = [header, ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.text.length ?? 0)));
  giveWay(widths, widthMax);
  return all.map((row) => renderRow(columns, row, widths, paint));
}

function renderRow(
  columns: readonly Column[],
  row: readonly Cell[],
  widths: readonly number[],
  paint: Paint,
): string {
  const parts = columns.map((column, at) => {
    const { text, tone = 'plain' } = row[at] ?? cell('');
    const width = widths[at] ?? 0;
    const shown = shorten(text, width);
    const room = ' '.repeat(width - shown.length);
    return column.align === 'right' ? room + paint(tone, shown) : paint(tone, shown) + room;
  });
  return parts.join(GAP).trimEnd();
}

/** Takes what is too much from the last column, which holds the least urgent text. */
function giveWay(widths: number[], widthMax: number): void {
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  const last = widths.length - 1;
  const width = widths[last];
  if (width === undefined || total <= widthMax) return;
  widths[last] = Math.max(1, width - (total - widthMax));
}

export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.substring(0, Math.max(0, width - 1))}…`;
}
