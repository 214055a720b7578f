import { paintFor } from '../text/style.js';
import { nearest } from '../text/suggest.js';
import { parseDuration } from '../text/units.js';
import { type Given, readArguments } from './arguments.js';
import { CommandError, ExitCode } from './exit.js';
import { helpOf, overview, usageOf } from './help.js';
import type { Call, Verb } from './verb.js';

export interface Screen {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs one command line and gives its exit code; every error ends as one line on stderr. */
export async function runCommand(
  verbs: readonly Verb[],
  version: string,
  words: readonly string[],
  screen: Screen,
): Promise<ExitCode> {
  try {
    return await dispatch(verbs, version, words, screen);
  } catch (thrown) {
    const error = thrown instanceof CommandError ? thrown : new CommandError(ExitCode.failed, textOf(thrown));
    const paint = paintFor(screen.stderr, screen.environment);
    for (const line of error.line.split('\n')) screen.stderr.write(`${paint('bad', 'fogwisp:')} ${line}\n`);
    return error.exitCode;
  }
}

async function dispatch(
  verbs: readonly Verb[],
  version: string,
  words: readonly string[],
  screen: Screen,
): Promise<ExitCode> {
  const [first, second] = words;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const verb = verbs.find((each) => each.name === words.slice(1).join(' '));
    screen.stdout.write(`${verb === undefined ? overview(verbs, version) : helpOf(verb)}\n`);
    return ExitCode.done;
  }
  if (first === '--version' || first === 'version') {
    screen.stdout.write(`${version}\n`);
    return ExitCode.done;
  }
  const verb = verbs.find((each) => each.name === first || each.name === `${first} ${second ?? ''}`);
  if (verb === undefined) throw unknownVerb(verbs, first);
  const given = readArguments(verb, words.slice(verb.name.split(' ').length));
  if (given.values.get('help') === true) {
    screen.stdout.write(`${helpOf(verb)}\n`);
    return ExitCode.done;
  }
  checkOperands(verb, given.operands);
  return verb.run(callOf(verb, given, screen));
}

function unknownVerb(verbs: readonly Verb[], word: string): CommandError {
  const family = verbs.filter((verb) => verb.name.startsWith(`${word} `)).map(usageOf);
  if (family.length > 0)
    return new CommandError(ExitCode.usage, `"${word}" needs more`, `one of: ${family.join(', ')}`);
  const guess = nearest(
    word,
    verbs.map((verb) => verb.name),
  );
  const next = guess === undefined ? '`fogwisp help` lists all' : `did you mean "${guess}"?`;
  return new CommandError(ExitCode.usage, `unknown verb "${word}"`, next);
}

/** Operands in brackets may be left out, so counting them is enough. */
function checkOperands(verb: Verb, operands: readonly string[]): void {
  const wanted = verb.operands === '' ? [] : verb.operands.split(' ');
  const least = wanted.filter((each) => !each.startsWith('[')).length;
  const missing = wanted[operands.length];
  if (operands.length < least) {
    throw new CommandError(ExitCode.usage, `${missing ?? ''} is missing`, `usage: fogwisp ${usageOf(verb)}`);
  }
  if (operands.length > wanted.length) {
    const extra = operands[wanted.length] ?? '';
    throw new CommandError(ExitCode.usage, `"${extra}" is too much`, `usage: fogwisp ${usageOf(verb)}`);
  }
}

function callOf(verb: Verb, given: Given, screen: Screen): Call {
  const { values } = given;
  const text = (option: string) => {
    const value = values.get(option);
    return typeof value === 'string' ? value : undefined;
  };
  const flag = (option: string) => values.get(option) ?? verb.options[option]?.isOn ?? option === 'color';
  const isQuiet = flag('quiet') === true;
  return {
    operands: given.operands,
    text,
    texts: (option) => {
      const value = values.get(option);
      return typeof value === 'object' ? value : [];
    },
    flag: (option) => flag(option) === true,
    duration: (option, otherwise) => {
      const value = text(option);
      return value === undefined ? otherwise : durationOf(option, value);
    },
    print: (line) => screen.stdout.write(`${line}\n`),
    talk: (line) => {
      if (!isQuiet) screen.stderr.write(`${line}\n`);
    },
    paint: paintFor(screen.stdout, screen.environment, flag('color') === true),
    stdout: screen.stdout,
    environment: screen.environment,
  };
}

function durationOf(option: string, value: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined && ms > 0) return ms;
  throw new CommandError(ExitCode.usage, `--${option} "${value}" is no time`, 'write 500ms, 30s or 2m');
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
