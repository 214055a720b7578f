import type { Limited } from '@fogwisp/protocol';
import { boxText } from '../box.js';
import { asExplanation, asTrace } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import type { Explanation } from '../explain.js';
import { pathText } from '../peer-view.js';
import { type Cell, cell, renderTable } from '../text/table.js';
import { formatAge, formatBytes, formatRoundTrip } from '../text/units.js';
import type { HopView, LinkName, TraceView } from '../trace.js';
import { requireOf } from './ping.js';

const TIMEOUT_MS = 5000;

export async function trace(call: Call): Promise<ExitCode> {
  const [to = ''] = call.operands;
  const isDirectRequired = requireOf(call);
  const answer = await ask(call, { verb: 'trace', to, timeoutMs: call.duration('timeout', TIMEOUT_MS) });
  const view = asTrace(answer);
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else for (const line of traceLines(view, call)) call.print(line);
  if (view.roundTripMs === undefined) return ExitCode.timedOut;
  return isDirectRequired && view.path.kind !== 'direct' ? ExitCode.relayedOnly : ExitCode.done;
}

function traceLines({ to, path, roundTripMs, hops, isComplete }: TraceView, call: Call): string[] {
  const end =
    roundTripMs === undefined
      ? `${call.paint('strong', to)} did not answer; last known as ${pathText(path)}`
      : `${call.paint('strong', to)}  ${pathText(path)}  ${formatRoundTrip(roundTripMs)} there and back`;
  const columns = [
    { title: 'HOP' },
    { title: 'FROM' },
    { title: 'TO' },
    { title: 'LINK' },
    { title: 'RTT', align: 'right' },
    { title: 'AGE', align: 'right' },
  ] as const;
  const rows = hops.map((hop, at) => hopRow(hop, at + 1));
  const lines = [end, '', ...renderTable(columns, rows, call.paint, call.stdout.columns)];
  return isComplete ? lines : [...lines, '', '* this hop does not say how it goes on'];
}

function hopRow({ from, to, link, linkName, roundTripMs, ageMs }: HopView, number: number): Cell[] {
  return [
    cell(String(number), 'faint'),
    cell(from, 'strong'),
    cell(to ?? '*', to === undefined ? 'warn' : 'strong'),
    cell(link === undefined ? '*' : linkText({ kind: link, name: linkName ?? '' })),
    cell(roundTripMs === undefined ? '*' : formatRoundTrip(roundTripMs)),
    cell(ageMs === undefined ? '*' : formatAge(ageMs)),
  ];
}

export async function explain(call: Call): Promise<ExitCode> {
  const [to = ''] = call.operands;
  const answer = await ask(call, { verb: 'explain', to });
  const view = asExplanation(answer);
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else for (const line of explainLines(view, call)) call.print(line);
  return view.status === 'offline' ? ExitCode.timedOut : ExitCode.done;
}

function explainLines(view: Explanation, call: Call): string[] {
  const { to, id, status, path, heardMsAgo, links, theirLinks, common, why, next, served } = view;
  const { boxHere, boxThere } = view;
  const heard = heardMsAgo === undefined ? 'never heard' : `heard ${formatAge(heardMsAgo)} ago`;
  const theirs = theirLinks === undefined ? '? (it does not say)' : listOf(theirLinks);
  return [
    `${call.paint('strong', to)}  ${id}  ${status}, ${heard}`,
    `path         ${pathText(path)}, for ${formatAge(path.sinceMsAgo)}`,
    ...(path.limited === undefined ? [] : [`limited      ${limitedText(path.limited)}`]),
    `why          ${why}`,
    `links here   ${listOf(links)}`,
    `links there  ${theirs}`,
    `in common    ${common === undefined ? '?' : common.join(', ') || 'none'}`,
    ...(boxHere === undefined ? [] : [`NAT here     ${boxText(boxHere)}`]),
    ...(boxThere === undefined ? [] : [`NAT there    ${boxText(boxThere)}`]),
    ...(next === undefined ? [] : [`next try     ${next}`]),
    `served here  ${served}`,
  ];
}

/** What the one that forwards first does for this node. */
function limitedText({ bytesPerMinute, frameMax }: Limited): string {
  return `${formatBytes(bytesPerMinute)} a minute, packets of ${frameMax} bytes at most`;
}

function listOf(links: readonly LinkName[]): string {
  return links.map(linkText).join(', ') || 'none';
}

/** Of a path only the last part: /dev/serial/by-id/... says it, too. */
function linkText({ kind, name }: LinkName): string {
  return `${kind} ${name.split('/').at(-1) ?? ''}`.trim();
}
