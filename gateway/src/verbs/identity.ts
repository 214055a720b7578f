import { fieldOf } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';

export async function identity(call: Call): Promise<ExitCode> {
  const answer = await ask(call, { verb: 'identity' });
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else call.print(`${String(fieldOf(answer, 'name'))}  ${String(fieldOf(answer, 'id'))}`);
  return ExitCode.done;
}
