import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referencesIn } from './numbering.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const TESTS = join(ROOT, 'protocol', 'test');

interface Row {
  readonly attack: string;
  readonly sections: readonly string[];
  /** As the table writes them. */
  readonly tests: readonly string[];
}

/** SPEC §11.2: what each rule is against, and what fails without it. */
const rows = rowsOf(readFileSync(join(ROOT, 'protocol', 'SPEC.md'), 'utf8'));

function rowsOf(spec: string): readonly Row[] {
  const start = spec.indexOf('### 11.2 ');
  const table = spec.substring(start, spec.indexOf('\n## 12.', start));
  return [...table.matchAll(/^\| (.+) \| (.+) \| (`.+`) \|$/gm)].map(
    ([, attack = '', rule = '', tests = '']) => ({
      attack,
      sections: referencesIn(rule),
      tests: [...tests.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
    }),
  );
}

function pathOf(test: string): string {
  return test.includes('/test/') ? join(ROOT, `${test}.test.ts`) : join(TESTS, `${test}.test.ts`);
}

describe('the table of attacks (§11.2)', () => {
  it.each(rows.map((row) => [row.attack, row] as const))('%s: by a rule, and tests of it', (_, row) => {
    expect(row.sections).not.toEqual([]);
    expect(row.tests).not.toEqual([]);
    for (const test of row.tests) {
      expect(existsSync(pathOf(test)), test).toBe(true);
      const named = referencesIn(readFileSync(pathOf(test), 'utf8'));
      expect(
        named.filter((section) => row.sections.includes(section)),
        `${test} names its rule`,
      ).not.toEqual([]);
    }
  });

  it('has every test of faults and of hostile peers', () => {
    const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => /(?:^|\/)(?:faults-[a-z]+|hostile|crossed)\.test\.ts$/.test(file))
      .map((file) => file.replace(/\.test\.ts$/, ''));
    const named = new Set(rows.flatMap(({ tests }) => tests));
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !named.has(file))).toEqual([]);
  });

  it('is read as a whole', () => {
    expect(rows.length).toBeGreaterThan(40);
  });
});
