import qrcode from 'qrcode-generator';

/** Light around the code, in modules: cameras look for it. */
const QUIET = 2;

/** A code for cameras, two modules a character; upper case, as that takes fewer of them. */
export function renderCode(text: string): readonly string[] {
  const code = qrcode(0, 'L');
  code.addData(text.toUpperCase(), 'Alphanumeric');
  code.make();
  const size = code.getModuleCount();
  const isLight = (row: number, column: number): boolean =>
    row < 0 || column < 0 || row >= size || column >= size || !code.isDark(row, column);
  const lines: string[] = [];
  for (let row = -QUIET; row < size + QUIET; row += 2) {
    let line = '';
    for (let column = -QUIET; column < size + QUIET; column++) {
      line += blockOf(isLight(row, column), isLight(row + 1, column));
    }
    lines.push(line);
  }
  return lines;
}

/** Light is drawn, so that it is right on dark terminals; cameras read the reverse of it as well. */
function blockOf(isTopLight: boolean, isBottomLight: boolean): string {
  if (isTopLight) return isBottomLight ? '█' : '▀';
  return isBottomLight ? '▄' : ' ';
}
