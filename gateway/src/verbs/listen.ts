import { ask } from '../cli/ask.js';
import { asMessage } from '../cli/answers.js';
import { countOf } from '../cli/count.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';

/** Runs until it is interrupted, or has seen enough. */
export async function listen(call: Call): Promise<ExitCode> {
  const [filter = ''] = call.operands;
  const countMax = countOf(call, 'count') ?? Number.POSITIVE_INFINITY;
  const timeoutMs = call.duration('timeout', 0);
  let seen = 0;
  const enough = new Promise<ExitCode>((resolve, reject) => {
    if (timeoutMs > 0) setTimeout(() => resolve(seen > 0 ? ExitCode.done : ExitCode.timedOut), timeoutMs);
    ask(call, { verb: 'listen', filter }, (event) => {
      if (seen >= countMax) return;
      seen++;
      const { topic, payload } = asMessage(event);
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      call.print(call.flag('json') ? JSON.stringify(event) : `${call.paint('strong', topic)} ${text}`);
      if (seen === countMax) resolve(ExitCode.done);
    }).then(() => resolve(ExitCode.done), reject);
  });
  const code = await enough;
  if (code === ExitCode.timedOut) {
    throw new CommandError(code, `nothing came on "${filter === '' ? 'any topic' : filter}" in ${timeoutMs / 1000} s`);
  }
  process.exit(code); // the connection that listens would keep the process
}
