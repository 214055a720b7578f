import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = new URL('../../../', import.meta.url);
const RESULTS = new URL('protocol/sim/RESULTS.md', ROOT);
const HEADING = /^## (.*)\n/;

const run = promisify(execFile);

/** What git calls the sources that run; "-dirty" when they are not committed. */
export async function commitOf(): Promise<string> {
  const { stdout } = await run('git', ['describe', '--always', '--dirty'], { cwd: fileURLToPath(ROOT) });
  return stdout.trim();
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
