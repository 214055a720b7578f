import { asPong, type PongView } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { countOf } from '../cli/count.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import { pathText, reasonText } from '../peer-view.js';
import { formatRoundTrip } from '../text/units.js';

const TIMEOUT_MS = 5000;
const BETWEEN_MS = 1000;

export async function ping(call: Call): Promise<ExitCode> {
  const [to = ''] = call.operands;
  const count = countOf(call, 'count') ?? 1;
  const isDirectRequired = requireOf(call);
  let pong: PongView | undefined;
  for (let sent = 0; sent < count; sent++) {
    if (sent > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    const answer = await ask(call, { verb: 'ping', to, timeoutMs: call.duration('timeout', TIMEOUT_MS) });
    pong = asPong(answer);
    call.print(call.flag('json') ? JSON.stringify(answer) : lineOf(pong));
  }
  return isDirectRequired && pong?.path.kind !== 'direct' ? ExitCode.relayedOnly : ExitCode.done;
}

function lineOf(pong: PongView): string {
  const reason = reasonText(pong.path);
  const line = `${pong.to}  ${pathText(pong.path)}  ${formatRoundTrip(pong.roundTripMs)}`;
  return reason === '' ? line : `${line}  (${reason})`;
}

export function requireOf(call: Call): boolean {
  const wanted = call.text('require');
  if (wanted === undefined || wanted === 'direct') return wanted === 'direct';
  throw new CommandError(ExitCode.usage, `--require "${wanted}" is not known`, 'write --require direct');
}
