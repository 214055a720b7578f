import { asPong, type PongView } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { countOf } from '../cli/count.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import { pathText, reasonText } from '../peer-view.js';
import { formatRoundTrip } from '../text/units.js';

const TIMEOUT_MS = 5000;
const BETWEEN_MS = 1000;
/** A path that is not direct after so many is not about to be; fewer where nobody insists. */
const UNTIL_DIRECT_COUNT = 10;
const UNASKED_COUNT = 5;

/**
 * One line for each answer, until one came directly or as many as are asked for. One that does not come is
 * told too; how it ends is what the last one says.
 */
export async function ping(call: Call): Promise<ExitCode> {
  const isDirectRequired = requireOf(call);
  const wanted = countOf(call, 'count');
  const isPlain = wanted === undefined && !isDirectRequired;
  const count = wanted ?? (isPlain ? UNASKED_COUNT : UNTIL_DIRECT_COUNT);
  let relayedSince: number | undefined;
  for (let sent = 1; ; sent++) {
    const pong = await pingOnce(call, isPlain || sent === count);
    const isDirect = pong?.path.kind === 'direct';
    const now = performance.now();
    if (pong !== undefined) {
      tell(call, pong, isDirect && relayedSince !== undefined ? now - relayedSince : undefined);
      relayedSince = isDirect ? undefined : (relayedSince ?? now);
    }
    if (isDirect && (isPlain || isDirectRequired)) return ExitCode.done;
    if (sent === count) return isDirectRequired ? ExitCode.relayedOnly : ExitCode.done;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}

/** Undefined when there was no answer and more will be asked for. */
async function pingOnce(call: Call, isLast: boolean): Promise<PongView | undefined> {
  const [to = ''] = call.operands;
  const timeoutMs = call.duration('timeout', TIMEOUT_MS);
  try {
    const from = call.text('from');
    return asPong(await ask(call, { verb: 'ping', to, timeoutMs, ...(from === undefined ? {} : { from }) }));
  } catch (thrown) {
    const isMissing = thrown instanceof CommandError && thrown.exitCode === ExitCode.timedOut;
    if (isLast || !isMissing) throw thrown;
    call.talk(thrown.message);
    return undefined;
  }
}

function tell(call: Call, pong: PongView, directAfterMs: number | undefined): void {
  const isNews = directAfterMs !== undefined;
  if (call.flag('json')) call.print(JSON.stringify(isNews ? { ...pong, directAfterMs } : pong));
  else call.print(lineOf(pong, directAfterMs));
}

function lineOf(pong: PongView, directAfterMs: number | undefined): string {
  const line = `${pong.to}  ${pathText(pong.path)}  ${formatRoundTrip(pong.roundTripMs)}`;
  const remark =
    directAfterMs === undefined
      ? reasonText(pong.path)
      : `direct after ${(directAfterMs / 1000).toFixed(1)} s`;
  return remark === '' ? line : `${line}  (${remark})`;
}

export function requireOf(call: Call): boolean {
  const wanted = call.text('require');
  if (wanted === undefined || wanted === 'direct') return wanted === 'direct';
  throw new CommandError(ExitCode.usage, `--require "${wanted}" is not known`, 'write --require direct');
}
