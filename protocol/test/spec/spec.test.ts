import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MESSAGES } from '../../src/packet/message-table.js';
import { generatedSections } from './sections.js';

const PROTOCOL = join(import.meta.dirname, '..', '..');
const SPEC_PATH = join(PROTOCOL, 'SPEC.md');
const MARKED = /<!-- generated: ([a-z ]+) -->\n([\s\S]*?)<!-- end -->/g;

const spec = readFileSync(SPEC_PATH, 'utf8');
const sections = generatedSections();

/** `UPDATE_SPEC=1 npx vitest run protocol/test/spec` writes what this compares. */
if (process.env['UPDATE_SPEC'] === '1') {
  const updated = spec.replace(MARKED, (_, name: string) => marked(name, sections.get(name) ?? ''));
  if (updated !== spec) writeFileSync(SPEC_PATH, updated);
}

function marked(name: string, text: string): string {
  return `<!-- generated: ${name} -->\n${text}\n<!-- end -->`;
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('SPEC.md', () => {
  const text = readFileSync(SPEC_PATH, 'utf8');
  const found = [...text.matchAll(MARKED)].map((match) => match[1]);

  it('has a place for each generated section, once', () => {
    expect(found).toEqual([...sections.keys()]);
  });

  for (const [name, section] of sections) {
    it(`is up to date with the code: ${name}`, () => {
      expect(text).toContain(marked(name, section));
    });
  }

  it('says what each message means', () => {
    const meaning = text.substring(text.indexOf('### 6.3 Meaning'), text.indexOf('## 7. Sessions'));
    const titles = [...meaning.matchAll(/^\*\*([^*]+)\.\*\*/gm)].flatMap(
      (match) => match[1]?.split(', ') ?? [],
    );
    expect([...titles].sort()).toEqual(MESSAGES.map((row) => row.kind as string).sort());
  });

  it('names every context string of the code', () => {
    const strings = filesUnder(join(PROTOCOL, 'src')).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/'(fogwisp[ /][a-z0-9 ]+)'/g)].map((match) => match[1]),
    );
    expect([...new Set(strings)].filter((string) => !text.includes(`\`${string}\``))).toEqual([]);
  });
});
