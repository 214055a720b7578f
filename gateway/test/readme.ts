import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a README: its language, and the word after it that says how it is tested. */
export interface Fence {
  readonly language: string;
  readonly mark: string;
  readonly text: string;
}

export function fencesOf(file: string): readonly Fence[] {
  const markdown = readFileSync(`${ROOT}/${file}`, 'utf8');
  return [...markdown.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)\n```$/gm)].map(
    ([, language = '', mark = '', text = '']) => ({ language, mark, text }),
  );
}

/** The lines of all blocks of a README with this language and mark. */
export function linesOf(file: string, language: string, mark: string): readonly string[] {
  const texts = fencesOf(file)
    .filter((fence) => fence.language === language && fence.mark === mark)
    .map(({ text }) => text);
  if (texts.length === 0) throw new Error(`${file} has no block "${language} ${mark}"`);
  return texts.join('\n').split('\n');
}
