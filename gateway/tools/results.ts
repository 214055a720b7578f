import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = new URL('../../../', import.meta.url);
const RESULTS = new URL('protocol/sim/RESULTS.md', ROOT);
const HEADING = /^## (.*)\n/;

const run = promisify(execFile);

/** What git calls the sources that run; "-dirty" when they are not committed. Results are no sources. */
export async function commitOf(): Promise<string> {
  const cwd = fileURLToPath(ROOT);
  const { stdout: name } = await run('git', ['describe', '--always'], { cwd });
  const sources = ['status', '--porcelain', '--', '.', ':!protocol/sim/RESULTS.md'];
  const { stdout: changes } = await run('git', sources, { cwd });
  return `${name.trim()}${changes === '' ? '' : '-dirty'}`;
}

/** RESULTS.md with these sections anew, by their headings; the others stay as they were measured. */
export async function writeSections(sections: ReadonlyMap<string, string>): Promise<void> {
  await writeFile(RESULTS, withSections(await readFile(RESULTS, 'utf8'), sections));
}

/** Sections that the text does not have go to its end. */
export function withSections(text: string, sections: ReadonlyMap<string, string>): string {
  const [head = '', ...old] = text.split(/^(?=## )/m);
  const parts = new Map(old.map((part) => [HEADING.exec(part)?.[1] ?? '', part.trimEnd()]));
  for (const [heading, body] of sections) parts.set(heading, `## ${heading}\n\n${body.trim()}`);
  return `${[head.trimEnd(), ...parts.values()].join('\n\n')}\n`;
}

/** The first column is text, the others are figures. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
