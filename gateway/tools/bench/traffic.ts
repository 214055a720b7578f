import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '@fogwisp/device-sdk';
import { parseStation } from '@fogwisp/firmware-shim/node';
import { openPtyLine, type PtyLine } from '../../demo/line.js';
import { unreachable } from '../../src/unreachable.js';
import { type EndProcess, type EndProgram, type StartEnd, withEnds } from '../ends/end-process.js';
import type { EndLink } from '../ends/orders.js';
import { keepApart } from './processors.js';
import { type Bench, type Row, rounded } from './row.js';

/**
 * Between two processes. Beside each figure the same on bare sockets: both pairs live through the whole run,
 * are warmed up and then measured in turns, so that what else the machine does hits both.
 */

export type Medium = 'udp' | 'tcp' | 'serial';

const NEAR = 'near';
const FAR = 'far';
const TOPIC = 'reading';
const SMALL_BYTES = 20;
/** What one publication carries; on bare datagrams a piece of it. */
const LARGE_BYTES = 60_000;
const DATAGRAM_BYTES = 1200;
const OPEN_MAX = { small: 512, large: 16 };
const BAUD_RATE = 4_000_000;
const ROUNDS = 5;
const REQUEST_COUNT = 1000;
const PUMP_MS = 1000;
/** Until the runtime has compiled what is used often. */
const WARM_UP = { requestCount: 3000, pumpMs: 3000 };

interface Measured {
  readonly p50: number;
  readonly p99: number;
  /** Of the processor, by the one who asks, per request. */
  readonly work: number;
  readonly messages: number;
  readonly bulk: number;
}

/** Two ends that have met. */
interface Pair {
  readonly near: EndProcess;
  readonly far: EndProcess;
  readonly largeBytes: number;
}

export function trafficBench(medium: Medium): Bench {
  const names = [
    ...[`request ${medium} p50`, `request ${medium} p99`, `request ${medium} work`],
    ...[`messages ${medium}`, `bulk ${medium}`],
  ];
  return {
    names,
    run: () =>
      withLines(medium, (lines) =>
        withEnds(
          (startRaw) =>
            withEnds(async (start) => {
              const raw = await openPair(startRaw, medium, 'raw-end', lines[0]);
              const value = await openPair(start, medium, 'end', lines[1]);
              return rowsOf(names, await inTurns(value, raw));
            }),
          'raw-end',
        ),
      ),
  };
}

/** Two serial lines where the medium is one; no rows where they are not to be had. */
async function withLines(
  medium: Medium,
  measure: (lines: readonly (PtyLine | undefined)[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  if (medium !== 'serial') return measure([]);
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'fogwisp-bench-')));
  const lines = await Promise.all(folders.map((folder) => openPtyLine(folder)));
  try {
    return lines.every((line) => line !== undefined) ? await measure(lines) : [];
  } finally {
    for (const line of lines) line?.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

async function openPair(
  start: StartEnd,
  medium: Medium,
  program: EndProgram,
  line: PtyLine | undefined,
): Promise<Pair> {
  const network = createNetwork();
  const far = await start({ name: FAR, network, link: farLink(medium, line) });
  const near = await start({ name: NEAR, network, link: nearLink(medium, line, far.address) });
  await Promise.all([near.ask({ kind: 'meet', peer: FAR }), far.ask({ kind: 'meet', peer: NEAR })]);
  if (!keepApart([near, far])) process.stderr.write('bench: the scheduler places the processes\n');
  await far.ask({ kind: 'subscribe', pattern: `${NEAR}/${TOPIC}`, qos: 1 });
  const isDatagrams = medium === 'udp' && program === 'raw-end';
  return { near, far, largeBytes: isDatagrams ? DATAGRAM_BYTES : LARGE_BYTES };
}

function farLink(medium: Medium, line: PtyLine | undefined): EndLink {
  switch (medium) {
    case 'udp':
      return { kind: 'udp' };
    case 'tcp':
      return { kind: 'tcpListen' };
    case 'serial':
      return { kind: 'serial', path: line?.peerPath ?? '', baudRate: BAUD_RATE };
    default:
      return unreachable(medium);
  }
}

function nearLink(medium: Medium, line: PtyLine | undefined, farAddress: string): EndLink {
  switch (medium) {
    case 'udp':
      return { kind: 'udp', connect: farAddress };
    case 'tcp':
      return { kind: 'tcp', port: parseStation(farAddress)?.port ?? 0 };
    case 'serial':
      return { kind: 'serial', path: line?.gatewayPath ?? '', baudRate: BAUD_RATE };
    default:
      return unreachable(medium);
  }
}

/** Of several rounds the best: other programs only ever make one worse. */
async function inTurns(
  value: Pair,
  raw: Pair,
): Promise<{ readonly value: Measured; readonly raw: Measured }> {
  const rounds: { value: Measured; raw: Measured }[] = [];
  for (const pair of [raw, value]) await measure(pair, WARM_UP.requestCount, WARM_UP.pumpMs);
  for (let round = 0; round < ROUNDS; round++) {
    const rawNow = await measure(raw, REQUEST_COUNT, PUMP_MS);
    rounds.push({ raw: rawNow, value: await measure(value, REQUEST_COUNT, PUMP_MS) });
  }
  return { value: bestOf(rounds.map((round) => round.value)), raw: bestOf(rounds.map((round) => round.raw)) };
}

function bestOf(rounds: readonly Measured[]): Measured {
  const least = (of: (round: Measured) => number) => Math.min(...rounds.map(of));
  const most = (of: (round: Measured) => number) => Math.max(...rounds.map(of));
  return {
    p50: least(({ p50 }) => p50),
    p99: least(({ p99 }) => p99),
    work: least(({ work }) => work),
    messages: most(({ messages }) => messages),
    bulk: most(({ bulk }) => bulk),
  };
}

function rowsOf(
  names: readonly string[],
  { value, raw }: { readonly value: Measured; readonly raw: Measured },
): readonly Row[] {
  const units = { p50: 'ms', p99: 'ms', work: 'ms', messages: 'messages/s', bulk: 'MB/s' } as const;
  return (['p50', 'p99', 'work', 'messages', 'bulk'] as const).map((key, at) => ({
    name: names[at] ?? key,
    value: rounded(value[key]),
    unit: units[key],
    raw: rounded(raw[key]),
  }));
}

async function measure(pair: Pair, requestCount: number, pumpMs: number): Promise<Measured> {
  const request = { kind: 'request', peer: FAR, bytes: SMALL_BYTES, count: requestCount } as const;
  const { roundTripsMs = [], busyMs = Number.NaN } = await pair.near.ask(request);
  const sorted = [...roundTripsMs].sort((a, b) => a - b);
  const messages = await pump(pair, SMALL_BYTES, OPEN_MAX.small, pumpMs);
  const bulk = await pump(pair, pair.largeBytes, OPEN_MAX.large, pumpMs);
  return {
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    work: busyMs / requestCount,
    messages,
    bulk: (bulk * pair.largeBytes) / 1e6,
  };
}

/** Publications of QoS 1 that arrived, per second. */
async function pump({ near, far }: Pair, bytes: number, openMax: number, forMs: number): Promise<number> {
  const options = { topic: TOPIC, qos: 1, bytes, openMax, forMs } as const;
  const { sent = 0 } = await near.ask({ kind: 'publish', ...options, count: Number.MAX_SAFE_INTEGER });
  const { received = 0, tookMs = 0 } = await far.ask({ kind: 'collect', count: sent });
  return received < 2 ? 0 : ((received - 1) * 1000) / tookMs;
}
