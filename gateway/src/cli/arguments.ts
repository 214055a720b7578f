import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../text/suggest.js';
import { CommandError, ExitCode } from './exit.js';
import { COMMON_OPTIONS, type Options, type Verb } from './verb.js';

export interface Given {
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<string, string | boolean | readonly string[]>;
}

/** Splits what follows a verb by the verb's own table. */
export function readArguments(verb: Verb, words: readonly string[]): Given {
  const options: Options = { ...verb.options, ...COMMON_OPTIONS };
  const config = {
    args: [...words],
    options: configOf(options),
    allowPositionals: true,
    allowNegative: true,
  } as const;
  try {
    const { values, positionals } = parseArgs(config);
    const given = new Map<string, string | boolean | readonly string[]>();
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) given.set(name, listOf(value));
    }
    return { operands: positionals, values: given };
  } catch (thrown) {
    throw usageError(verb, options, words, thrown);
  }
}

function listOf(value: string | boolean | (string | boolean)[]): string | boolean | readonly string[] {
  return Array.isArray(value) ? value.map(String) : value;
}

function configOf(options: Options): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      {
        type: option.type === 'flag' ? 'boolean' : 'string',
        ...(option.type === 'texts' ? { multiple: true } : {}),
        ...(option.short === undefined ? {} : { short: option.short }),
      } as const,
    ]),
  );
}

function usageError(verb: Verb, options: Options, words: readonly string[], thrown: unknown): CommandError {
  const help = `see \`fogwisp ${verb.name} --help\``;
  const unknown = words.find((word) => word.startsWith('--') && !isKnown(options, word));
  if (unknown === undefined) {
    const message = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
    return new CommandError(ExitCode.usage, lowered(message.split('. ')[0] ?? message), help);
  }
  const name = unknown.replace(/=.*$/, '');
  const guess = nearest(
    name,
    Object.keys(options).map((each) => `--${each}`),
  );
  return new CommandError(
    ExitCode.usage,
    `unknown option ${name}`,
    guess === undefined ? help : `did you mean ${guess}?`,
  );
}

function isKnown(options: Options, word: string): boolean {
  const name = word.replace(/^--/, '').replace(/=.*$/, '');
  return Object.hasOwn(options, name) || Object.hasOwn(options, name.replace(/^no-/, ''));
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.substring(1).replace(/\.$/, '');
}
