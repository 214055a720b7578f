/** A numbered heading of SPEC.md. */
export interface Heading {
  readonly number: string;
  readonly title: string;
  readonly level: number;
}

const HEADING = /^(#{2,6}) ([0-9]+(?:\.[0-9]+)*)\.? (.+)$/gm;
/** Sections of other documents: `RFC 8966 §3.5.1`, `Noise §5.1, §5.2`. */
const FOREIGN = /(?:RFC [0-9]+|Noise)(?:\s+\*)?\s+§[0-9.]*[0-9](?:(?:,| and| to) §[0-9.]*[0-9])*/g;
const REFERENCE = /§([0-9]+(?:\.[0-9]+)*)(?:-([0-9]+(?:\.[0-9]+)*))?/g;

export function headingsOf(spec: string): readonly Heading[] {
  return [...spec.matchAll(HEADING)].map(([, marks = '', number = '', title = '']) => ({
    number,
    title,
    level: marks.length,
  }));
}

/** What is wrong with the numbers of these headings: each follows the one before, and none is used twice. */
export function misnumbered(headings: readonly Heading[]): readonly string[] {
  const wrong: string[] = [];
  let chapter = 0;
  let section = 0;
  for (const { number, title, level } of headings) {
    if (level === 2) {
      chapter++;
      section = 0;
    } else section++;
    const wanted = level === 2 ? `${chapter}` : `${chapter}.${section}`;
    if (number !== wanted) wrong.push(`${number} ${title}: should be ${wanted}`);
  }
  return wrong;
}

/** The sections of SPEC.md that a text refers to: every `§` that does not name another document. */
export function referencesIn(text: string): readonly string[] {
  const own = text.replace(FOREIGN, '');
  return [...own.matchAll(REFERENCE)]
    .flatMap((match) => [match[1], match[2]])
    .filter((number) => number !== undefined);
}

/** The entries of the table of contents and where they lead. */
export function contentsOf(spec: string): readonly string[] {
  return [...spec.matchAll(/^[0-9]+\. \[[^\]]+\]\(#[^)]+\)$/gm)].map((match) => match[0]);
}

export function contentsLine({ number, title }: Heading): string {
  const anchor = `${number} ${title}`
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replace(/ /g, '-');
  return `${number}. [${title}](#${anchor})`;
}
