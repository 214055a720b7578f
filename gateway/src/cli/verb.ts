import type { Paint } from '../text/style.js';
import type { ExitCode } from './exit.js';

/** One option of a verb; the table is what parsing, help and checks are made from. */
export interface Option {
  readonly type: 'text' | 'flag' | 'texts';
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  /** A flag that is on unless --no-... is given. */
  readonly isOn?: boolean;
}

export type Options = Readonly<Record<string, Option>>;

export interface Verb {
  /** One or two words. */
  readonly name: string;
  /** What follows it: 'NAME PATH [JSON]'. */
  readonly operands: string;
  readonly summary: string;
  readonly options: Options;
  /** Lines below the options. */
  readonly notes?: readonly string[];
  readonly run: (call: Call) => Promise<ExitCode>;
}

/** One use of a verb: what was given, and where results and talk go. */
export interface Call {
  readonly operands: readonly string[];
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  flag(option: string): boolean;
  /** In ms; a CommandError when it is no duration. */
  duration(option: string, otherwise: number): number;
  /** One line of result, on stdout. */
  print(line: string): void;
  /** One line of talk, on stderr. */
  talk(line: string): void;
  readonly paint: Paint;
  readonly stdout: NodeJS.WriteStream;
  readonly environment: NodeJS.ProcessEnv;
}

export const JSON_OPTION: Options = { json: { type: 'flag', help: 'print JSON, for scripts' } };

export const SOCKET_OPTION: Options = {
  socket: { type: 'text', value: 'PATH', help: 'the gateway to ask (default: the newest that runs)' },
};

export const TIMEOUT_OPTION: Options = {
  timeout: { type: 'text', value: 'TIME', help: 'how long to wait, such as 500ms or 30s (default: 5s)' },
};

export const COMMON_OPTIONS: Options = {
  help: { type: 'flag', short: 'h', help: 'this text' },
  color: { type: 'flag', isOn: true, help: 'plain text on a terminal, too (also: NO_COLOR=1)' },
  quiet: { type: 'flag', short: 'q', help: 'no talk on stderr, only errors' },
};
