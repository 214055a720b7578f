import type { Options, Verb } from './verb.js';
import { COMMON_OPTIONS } from './verb.js';

/** The first screen: what it is, and every verb in one line. */
export function overview(verbs: readonly Verb[], version: string): string {
  const width = Math.max(...verbs.map((verb) => usageOf(verb).length));
  return [
    `fogwisp ${version}: boards that talk to each other without a hub`,
    '',
    ...verbs.map((verb) => `  ${usageOf(verb).padEnd(width)}  ${verb.summary}`),
    '',
    '`fogwisp VERB --help` says more. Results are on stdout, talk and errors on stderr.',
    'Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 no gateway runs, 4 not found, 5 timed out or',
    'unreachable, 6 permission, 7 mistyped, forged or expired, 8 reached only through others (with --require',
    'direct), 9 a check failed, 130 interrupted.',
  ].join('\n');
}

export function helpOf(verb: Verb): string {
  return [
    `fogwisp ${usageOf(verb)}`,
    `  ${verb.summary}`,
    '',
    ...optionLines({ ...verb.options, ...COMMON_OPTIONS }),
    ...(verb.notes === undefined ? [] : ['', ...verb.notes]),
  ].join('\n');
}

export function usageOf(verb: Verb): string {
  return `${verb.name} ${verb.operands}`.trim();
}

function optionLines(options: Options): string[] {
  const rows = Object.entries(options).map(([name, option]) => {
    const long = option.isOn === true ? `--no-${name}` : `--${name}`;
    const short = option.short === undefined ? '' : `, -${option.short}`;
    const value = option.value === undefined ? '' : ` ${option.value}`;
    return { left: `${long}${short}${value}`, right: option.help };
  });
  const width = Math.max(...rows.map((row) => row.left.length));
  return rows.map((row) => `  ${row.left.padEnd(width)}  ${row.right}`);
}
