import { parseArgs } from 'node:util';
import { createNetwork } from '@fogwisp/device-sdk';
import { endWithReader } from '../src/text/reader.js';
import { paintFor } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { measureAcquaintance } from './sizes/acquaintance.js';
import { bundleBytes } from './sizes/bundle.js';
import { type Figures, IDLE_SECONDS_MIN, judge, type Verdict } from './sizes/figures.js';
import { measureIdle } from './sizes/idle.js';
import { measureFloor, measureUdp } from './sizes/readings.js';

/** Bytes on the wire, counted between two processes on this machine. Exit code 1: a target is missed. */
const QUICK_SECONDS = 10;
const HELP = `usage: npm run --silent sizes -- [--json] [--quick]

  --json    figures for programs
  --quick   watches peers at rest for ${QUICK_SECONDS} s, not ${IDLE_SECONDS_MIN}: too briefly to judge
`;

async function measure(idleSeconds: number, say: (text: string) => void): Promise<Figures> {
  const network = () => createNetwork(); // each pair is a network of its own
  const told = async <T>(what: string, measuring: Promise<T>): Promise<T> => {
    const measured = await measuring;
    say(`${what}: done`);
    return measured;
  };
  const idling = measureIdle(network(), idleSeconds, (left) => say(`at rest: ${left} s left`));
  const others = async () => ({
    udp: await told('readings and requests', measureUdp(network())),
    floor: await told('floor', measureFloor(network())),
    acquaintance: await told('handshakes', measureAcquaintance(network())),
    bundle: await told('bundle', bundleBytes()),
  });
  const [idle10s, { udp, floor, acquaintance, bundle }] = await Promise.all([idling, others()]);
  const { KK, IK, RESUME } = acquaintance;
  return {
    handshake: { KK, IK, XX: udp.XX, RESUME },
    overhead: { default: udp.overhead, floor },
    reading20: udp.reading20,
    request20: udp.request20,
    idle10s: Math.round(idle10s * 10) / 10,
    idleSeconds,
    bundle,
  };
}

function tableOf(verdicts: readonly Verdict[]): string {
  const columns = [
    { title: 'bytes' },
    { title: 'counted', align: 'right' },
    { title: 'target', align: 'right' },
    { title: '' },
    { title: '' },
  ] as const;
  const rows = verdicts.map(({ what, value, target, isMissed, note }) => [
    cell(what),
    cell(`${value}`, 'strong'),
    cell(target === undefined ? '' : `${target}`),
    target === undefined ? cell('') : isMissed ? cell('MISSED', 'bad') : cell('ok', 'good'),
    cell(note, 'faint'),
  ]);
  return renderTable(columns, rows, paintFor(process.stdout, process.env)).join('\n');
}

async function main(): Promise<void> {
  endWithReader(process.stdout);
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  const isQuick = values.quick === true;
  const figures = await measure(isQuick ? QUICK_SECONDS : IDLE_SECONDS_MIN, (text) =>
    process.stderr.write(`sizes: ${text}\n`),
  );
  const verdicts = judge(figures);
  const notes = verdicts.filter(({ note }) => note !== '').map(({ what, note }) => `${what}: ${note}`);
  const json = { ...figures, quick: isQuick, notes };
  process.stdout.write(values.json === true ? `${JSON.stringify(json)}\n` : `${tableOf(verdicts)}\n`);
  if (verdicts.some(({ isMissed }) => isMissed)) process.exitCode = 1;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`sizes: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
