import { CommandError, ExitCode } from './exit.js';
import type { Call } from './verb.js';

/** A whole number from 1 on, or undefined when the option is not given. */
export function countOf(call: Call, option: string): number | undefined {
  const text = call.text(option);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CommandError(ExitCode.usage, `--${option} "${text}" is no number`, 'write 1, 2, 3, ...');
}
