import { freemem } from 'node:os';
import { parseArgs } from 'node:util';
import { endWithReader } from '../src/text/reader.js';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { commitOf, markdownTable, writeSections } from './results.js';
import { PEERS_MAX, PEERS_MIN } from './swarm/layout.js';
import { runSwarm } from './swarm/run.js';
import { type Blow, complaintsOf, lostOf, type SwarmFigures, secondsOf } from './swarm/verdict.js';

const HELP = `usage: npm run --silent swarm -- [--peers N] [--control] [--reduced] [--json] [--report]

  --peers    processes, ${PEERS_MIN} to ${PEERS_MAX} (default ${PEERS_MAX}, or as many as memory has room for)
  --control  each leaf has one reservation only; one supernode is killed
  --reduced  10 processes, one blow of each kind
  --json     figures for programs
  --report   the table also goes into protocol/sim/RESULTS.md

Processes on loopback: two local networks, a serial line between them, leaves that reach three others only.
All supernodes are killed at once with SIGKILL, three times; then one, three times; then one is frozen with
SIGSTOP. The killed ones come back after each measurement. Seconds count from the first request after the blow
until each pair of the others that links still connect has exchanged a request.
Exit code 1: a target was missed, or with --control none was.
`;
/** A process of ours, and what is left alone. */
const PEER_BYTES = 80e6;
const SPARE_BYTES = 500e6;
const REDUCED_PEERS = 10;

const TITLES = ['blow', 'whom', 'pairs', 'seconds'] as const;

function rowOf({ what, whom, pairs, seconds }: Blow): readonly [string, string, string, string] {
  return [what, whom.join(' '), `${pairs}`, seconds === undefined ? 'never' : seconds.toFixed(2)];
}

function remarksOf(figures: SwarmFigures): readonly string[] {
  const { qos1 } = figures.tallies;
  return [
    `${figures.peers} peers, serial line: ${figures.line}`,
    `pairs without a common link: ${percent(figures.apartPairs)}; relayed: ${percent(figures.relayedPairs)}`,
    `qos 1: ${qos1.sent} acknowledged, ${lostOf(figures)} lost`,
  ];
}

function tableOf(figures: SwarmFigures): string {
  const columns = TITLES.map((title, at) => ({ title, ...(at > 1 && { align: 'right' as const }) }));
  const rows = figures.blows.map((blow) =>
    rowOf(blow).map((text, at) => cell(text, at === 3 ? 'strong' : undefined)),
  );
  const table = renderTable(columns, rows, paintFor(process.stdout, process.env));
  return [...table, '', ...remarksOf(figures)].join('\n');
}

const INTRODUCTION = `Processes on loopback that need others to reach each other. Seconds from the first
request after the blow until all pairs of the others that links still connect have exchanged a request: at
most 30 after a mass kill, 5 after the others.`;

async function report(figures: SwarmFigures, complaints: readonly string[]): Promise<void> {
  const table = markdownTable(TITLES, figures.blows.map(rowOf));
  const missed = complaints.map((complaint) => `Missed: ${complaint}`);
  const remarks = [...missed, ...remarksOf(figures), `commit ${await commitOf()}`].map(
    (text) => `- ${text}.`,
  );
  const text = `${INTRODUCTION}\n\n${table}\n\n${remarks.join('\n')}`;
  await writeSections(new Map([['Real processes', text]]));
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function jsonOf(figures: SwarmFigures, complaints: readonly string[]): string {
  const { peers, isControl, line, apartPairs, relayedPairs, blows, tallies, misses } = figures;
  const rounded = (what: Parameters<typeof secondsOf>[1]) =>
    secondsOf(figures, what).map((seconds) =>
      seconds === Infinity ? null : Math.round(seconds * 100) / 100,
    );
  return JSON.stringify({
    ok: complaints.length === 0,
    relayedPairs,
    massKillSeconds: rounded('mass kill'),
    singleKillSeconds: rounded('single kill'),
    frozenSeconds: rounded('freeze'),
    lost: lostOf(figures),
    ...{ complaints, peers, control: isControl, line, apartPairs, blows, tallies, misses },
  });
}

async function main(): Promise<void> {
  endWithReader(process.stdout);
  const { values } = parseArgs({
    options: {
      peers: { type: 'string' },
      control: { type: 'boolean', default: false },
      reduced: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  if (values.report && (values.reduced || values.control)) {
    throw new Error('--report wants the whole: leave out --reduced and --control');
  }
  const startedAt = performance.now();
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stderr.write(`swarm: ${`${seconds}`.padStart(4)} s  ${text}\n`);
  };
  const isControl = values.control;
  const each = values.reduced || isControl ? 1 : 3;
  const rounds = isControl ? { mass: 0, single: each, freeze: 0 } : { mass: each, single: each, freeze: 1 };
  const peers = peersOf(values.peers ?? `${values.reduced ? REDUCED_PEERS : PEERS_MAX}`, say);
  const figures = await runSwarm({ peers, isControl, rounds, say });
  const complaints = complaintsOf(figures);
  if (values.report) await report(figures, complaints);
  process.stdout.write(`${values.json ? jsonOf(figures, complaints) : tableOf(figures)}\n`);
  for (const text of [...complaints, ...figures.misses]) say(text);
  const isAsItShould = complaints.length > 0 === isControl;
  say(isAsItShould ? 'ok' : 'FAILED');
  if (!isAsItShould) process.exitCode = 1;
}

function peersOf(text: string, say: (text: string) => void): number {
  const wanted = Number(text);
  if (!(Number.isInteger(wanted) && wanted >= PEERS_MIN && wanted <= PEERS_MAX)) {
    throw new Error(`--peers wants ${PEERS_MIN} to ${PEERS_MAX}, not "${text}"`);
  }
  const room = Math.floor((freemem() - SPARE_BYTES) / PEER_BYTES);
  const count = Math.max(PEERS_MIN, Math.min(wanted, room));
  if (count < wanted) say(`memory has room for ${count} of ${wanted} peers`);
  return count;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`swarm: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
