import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRepository } from '../tidy/repository.js';
import { contentsLine, contentsOf, headingsOf, misnumbered, referencesIn } from './numbering.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const spec = readFileSync(join(ROOT, 'protocol', 'SPEC.md'), 'utf8');
const headings = headingsOf(spec);
const numbers = new Set(headings.map(({ number }) => number));

describe('the sections of SPEC.md', () => {
  it('are numbered in order, each number once', () => {
    expect(misnumbered(headings)).toEqual([]);
  });

  it('are listed at its beginning', () => {
    expect(contentsOf(spec)).toEqual(headings.filter(({ level }) => level === 2).map(contentsLine));
  });

  it('are there wherever this repository refers to one', () => {
    const files = readRepository(ROOT).filter(({ path }) => !path.includes('test/spec/numbering'));
    const missing = files.flatMap(({ path, text }) =>
      referencesIn(text)
        .filter((number) => !numbers.has(number))
        .map((number) => `${path}: §${number}`),
    );
    expect(files.length).toBeGreaterThan(300);
    expect(missing).toEqual([]);
  });
});

describe('the reading of numbers', () => {
  it.each([
    ['## 1. A\n### 1.1 B\n### 1.1 C', ['1.1 C: should be 1.2']],
    ['## 1. A\n### 1.1 B\n### 1.3 C', ['1.3 C: should be 1.2']],
    ['## 1. A\n### 1.2 B\n### 1.1 C', ['1.2 B: should be 1.1', '1.1 C: should be 1.2']],
    ['## 1. A\n## 3. B\n### 3.1 C', ['3 B: should be 2', '3.1 C: should be 2.1']],
    ['## 1. A\n### 1.1 B\n## 2. C\n### 2.1 D', []],
  ])('sees what is out of order: %j', (text, wrong) => {
    expect(misnumbered(headingsOf(text))).toEqual(wrong);
  });

  it.each([
    ['(SPEC §7.1, §7.2) and (§9)', ['7.1', '7.2', '9']],
    ['SPEC §8.2-8.3, §8.5 to §8.8', ['8.2', '8.3', '8.5', '8.8']],
    ['RFC 8966 §3.5.1, SPEC\n * §4.7.', ['4.7']],
    ['Noise §5.1 and §9, RFC 6298\n * §2', []],
  ])('tells its own sections from others: %j', (text, own) => {
    expect(referencesIn(text)).toEqual(own);
  });
});
