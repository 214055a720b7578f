import { type Json, parseJson } from '../bridge/json.js';
import { fieldOf } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';

const TIMEOUT_MS = 5000;

export async function request(call: Call): Promise<ExitCode> {
  const [to = '', path = '', text] = call.operands;
  const body = text === undefined ? undefined : bodyOf(text);
  const timeoutMs = call.duration('timeout', TIMEOUT_MS);
  const answer = await ask(call, { verb: 'request', to, path, body, timeoutMs });
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else call.print(textOf(fieldOf(answer, 'value')));
  return ExitCode.done;
}

function bodyOf(text: string): Json {
  const json = parseJson(text);
  if (json !== undefined) return json;
  throw new CommandError(ExitCode.usage, `${text} is not JSON`, `for a text write '${JSON.stringify(text)}'`);
}

/** A text as it is, everything else as JSON. */
function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
