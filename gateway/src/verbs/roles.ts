import { asRoles } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import { isServed, isServing, type RoleView } from '../roles.js';
import { type Cell, cell, renderTable } from '../text/table.js';
import { formatAge } from '../text/units.js';

const COLUMNS = [
  { title: 'NODE' },
  { title: 'ROLE' },
  { title: 'FOR', align: 'right' },
  { title: 'TERM ENDS', align: 'right' },
  { title: 'SCORE', align: 'right' },
  { title: 'SERVES' },
  { title: 'SERVED BY' },
] as const;

export async function roles(call: Call): Promise<ExitCode> {
  const answer = await ask(call, { verb: 'roles' });
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else for (const line of roleLines(asRoles(answer), call)) call.print(line);
  return ExitCode.done;
}

function roleLines(views: readonly RoleView[], call: Call): string[] {
  const serving = views.filter(isServing);
  const table = renderTable(COLUMNS, views.map(roleRow), call.paint, call.stdout.columns);
  const scores = serving.map(({ name, score, parts }) => {
    const list = Object.entries(parts).map(([part, perCent]) => `${part} ${perCent} %`);
    return call.paint('faint', `${name}: score ${score} of 15 from ${list.join(', ')}`);
  });
  const none = 'no supernode: where everybody reaches everybody directly nobody needs one';
  return [...table, '', ...(serving.length === 0 ? [none] : scores)];
}

function roleRow(view: RoleView): Cell[] {
  const { name, state, sinceMs, termEndsMs, score, serves, wanted, supernodes } = view;
  if (state === undefined) return [cell(name), cell('? (it does not say)', 'faint')];
  const servedBy = supernodes.length === 0 ? '-' : supernodes.join(', ');
  return [
    cell(name, 'strong'),
    cell(state, isServing(view) ? 'good' : 'plain'),
    cell(formatAge(sinceMs)),
    cell(termEndsMs === undefined ? '-' : `in ${formatAge(Math.max(0, termEndsMs))}`),
    cell(String(score)),
    cell(serves.length === 0 ? '-' : serves.join(', ')),
    cell(isServed(view) ? servedBy : `${servedBy} (${wanted} wanted)`, isServed(view) ? 'plain' : 'warn'),
  ];
}
