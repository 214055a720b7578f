import { freemem } from 'node:os';
import { parseArgs } from 'node:util';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { PEERS_MAX, PEERS_MIN } from './swarm/layout.js';
import { runSwarm } from './swarm/run.js';
import { complaintsOf, lostOf, type SwarmFigures, secondsOf } from './swarm/verdict.js';

const HELP = `usage: npm run --silent swarm -- [--peers N] [--control] [--reduced] [--json]

  --peers    processes, ${PEERS_MIN} to ${PEERS_MAX} (default ${PEERS_MAX}, or as many as memory has room for)
  --control  each leaf has one reservation only; one supernode is killed
  --reduced  10 processes, one blow of each kind
  --json     figures for programs

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

function tableOf(figures: SwarmFigures): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [{ title: 'blow' }, { title: 'whom' }, right('pairs'), right('seconds')];
  const rows = figures.blows.map(({ what, whom, pairs, seconds }) => [
    cell(what),
    cell(whom.join(' ')),
    cell(`${pairs}`),
    cell(seconds === undefined ? 'never' : seconds.toFixed(2), 'strong'),
  ]);
  const { qos1 } = figures.tallies;
  return [
    ...renderTable(columns, rows, paintFor(process.stdout, process.env)),
    '',
    `${figures.peers} peers, serial line: ${figures.line}`,
    `pairs without a common link: ${percent(figures.apartPairs)}; relayed: ${percent(figures.relayedPairs)}`,
    `qos 1: ${qos1.sent} acknowledged, ${lostOf(figures)} lost`,
  ].join('\n');
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
  const { values } = parseArgs({
    options: {
      peers: { type: 'string' },
      control: { type: 'boolean', default: false },
      reduced: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return void process.stdout.write(HELP);
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
