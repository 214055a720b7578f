/** What a piece of text means; the terminal decides how it looks. */
export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'warn' | 'bad';

const CODES: Record<Tone, string> = { plain: '', strong: '1', faint: '2', good: '32', warn: '33', bad: '31' };

export type Paint = (tone: Tone, text: string) => string;

export const plainPaint: Paint = (_tone, text) => text;

const colorPaint: Paint = (tone, text) =>
  tone === 'plain' || text === '' ? text : `\u001b[${CODES[tone]}m${text}\u001b[0m`;

interface Terminal {
  readonly isTTY?: boolean | undefined;
}

/** Color only where a person looks at a terminal that can, and has not said no (no-color.org). */
export function paintFor(stream: Terminal, environment: NodeJS.ProcessEnv, isAllowed = true): Paint {
  const isRefused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return isAllowed && stream.isTTY === true && !isRefused ? colorPaint : plainPaint;
}
