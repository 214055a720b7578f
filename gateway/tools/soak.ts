import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endWithReader } from '../src/text/reader.js';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { runSoak } from './soak/run.js';
import { complaintsOf, type SoakFigures } from './soak/verdict.js';

const HELP = `usage: npm run --silent soak -- [--minutes N] [--seed N] [--json]

  --minutes  how long processes are killed, paused and unplugged (default 10)
  --seed     the order of these troubles; a soak tells its own
  --json     figures for programs

Exit code 1: with qos 1 something was lost or came twice, a peer stayed away, or memory grew.
`;
const MB = 1024 * 1024;

function tablesOf(figures: SoakFigures): string {
  const paint = paintFor(process.stdout, process.env);
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const counts = ['sent', 'delivered', 'lost', 'twice', 'again', 'died', 'unconfirmed', 'absent'].map(right);
  const streams = Object.entries(figures.tallies).map(([stream, tally]) => [
    cell(stream),
    ...[tally.sent, tally.delivered, tally.lost, tally.duplicated].map((count) => cell(`${count}`, 'strong')),
    ...[tally.againAfterRestart, tally.receiverDied, tally.unconfirmed, tally.absent].map((count) =>
      cell(`${count}`),
    ),
  ]);
  const peers = figures.peers.map(({ name, lives, samples }) => [
    cell(name),
    cell(`${lives}`),
    cell(samples.map(({ rssBytes }) => Math.round(rssBytes / MB)).join(' ')),
    cell(samples.map(({ heapBytes }) => (heapBytes / MB).toFixed(1)).join(' ')),
    cell(samples.map(({ handles }) => handles).join(' ')),
  ]);
  const peerTitles = ['lives', 'memory, MB', 'heap, MB', 'handles'].map(right);
  return [
    ...renderTable([{ title: 'messages' }, ...counts], streams, paint),
    '',
    ...renderTable([{ title: 'peer' }, ...peerTitles], peers, paint),
  ].join('\n');
}

async function main(): Promise<void> {
  endWithReader(process.stdout);
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  const minutes = numberOf(values.minutes, 'minutes');
  const seed = values.seed === undefined ? randomInt(2 ** 32) : numberOf(values.seed, 'seed');
  const startedAt = performance.now();
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stderr.write(`soak: ${`${seconds}`.padStart(4)} s  ${text}\n`);
  };
  say(`seed ${seed}, ${minutes} minutes`);
  const figures = await runSoak({ minutes, seed, say });
  const complaints = complaintsOf(figures);
  const ok = complaints.length === 0;
  const json = { ok, complaints, ...figures };
  process.stdout.write(values.json === true ? `${JSON.stringify(json)}\n` : `${tablesOf(figures)}\n`);
  for (const text of [...complaints, ...figures.misses]) say(text);
  say(ok ? 'ok' : `FAILED, seed ${seed}`);
  if (!ok) process.exitCode = 1;
}

function numberOf(text: string, what: string): number {
  const number = Number(text);
  if (!(number >= 0)) throw new Error(`--${what} wants a number, not "${text}"`);
  return number;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`soak: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
