import { asChecks } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import type { CheckLine, CheckState } from '../netcheck/line.js';
import type { Tone } from '../text/style.js';
import { cell, renderTable } from '../text/table.js';
import { formatAge } from '../text/units.js';

const TONES: Record<CheckState, Tone> = {
  ok: 'good',
  warn: 'warn',
  fail: 'bad',
  unknown: 'plain',
  'n/a': 'faint',
};

/** Younger evidence is of now. */
const NOW_MS = 1000;

export async function netcheck(call: Call): Promise<ExitCode> {
  const answer = await ask(call, { verb: 'netcheck' });
  const checks = asChecks(answer);
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else for (const line of textOf(checks, call)) call.print(line);
  return checks.some(({ state }) => state === 'fail') ? ExitCode.checkFailed : ExitCode.done;
}

/** The evidence is last but for what to do, as it gives way on a narrow terminal. */
function textOf(checks: readonly CheckLine[], call: Call): string[] {
  const columns = ['STATE', 'CHECK', 'AGE', 'EVIDENCE'].map((title) => ({ title }));
  const rows = checks.map(({ state, check, ageMs, evidence }) => [
    cell(state, TONES[state]),
    cell(check),
    cell(ageMs === undefined || ageMs < NOW_MS ? 'now' : formatAge(ageMs)),
    cell(evidence),
  ]);
  const next = checks.flatMap(({ check, next }) => (next === undefined ? [] : [`${check}: ${next}`]));
  const table = renderTable(columns, rows, call.paint, call.stdout.columns);
  return next.length === 0 ? table : [...table, '', ...next];
}
