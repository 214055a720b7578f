import type { Json } from '../bridge/json.js';
import { asMessage } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { countOf } from '../cli/count.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';

/** Runs until it is interrupted, or has seen enough. */
export async function listen(call: Call): Promise<ExitCode> {
  const [filter = ''] = call.operands;
  const countMax = countOf(call, 'count') ?? Number.POSITIVE_INFINITY;
  const timeoutMs = call.duration('timeout', 0);
  const enough = new AbortController();
  const timer = timeoutMs > 0 ? setTimeout(() => enough.abort(), timeoutMs) : undefined;
  let seen = 0;
  const onEvent = (event: Json) => {
    if (seen === countMax) return;
    seen++;
    call.print(lineOf(call, event));
    if (seen === countMax) enough.abort();
  };
  await ask(call, { verb: 'listen', filter }, { onEvent, signal: enough.signal });
  clearTimeout(timer);
  if (seen > 0) return ExitCode.done;
  const topic = filter === '' ? 'any topic' : `"${filter}"`;
  throw new CommandError(ExitCode.timedOut, `nothing came on ${topic} in ${timeoutMs / 1000} s`);
}

function lineOf(call: Call, event: Json): string {
  if (call.flag('json')) return JSON.stringify(event);
  const { topic, payload } = asMessage(event);
  return `${call.paint('strong', topic)} ${typeof payload === 'string' ? payload : JSON.stringify(payload)}`;
}
