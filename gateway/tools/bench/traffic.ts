import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '@fogwisp/device-sdk';
import { parseStation } from '@fogwisp/firmware-shim/node';
import { openPtyLine } from '../../demo/line.js';
import { unreachable } from '../../src/unreachable.js';
import { type EndProcess, type EndProgram, type StartEnd, withEnds } from '../ends/end-process.js';
import { type Bench, type Row, rounded } from './row.js';

/** Between two processes. What each figure is compared with: the same on bare sockets, in turns. */

export type Medium = 'udp' | 'tcp' | 'serial';

const NEAR = 'near';
const FAR = 'far';
const TOPIC = 'reading';
const SMALL_BYTES = 20;
/** What one publication carries; on bare datagrams a piece of it. */
const LARGE_BYTES = 60_000;
const DATAGRAM_BYTES = 1200;
const REQUEST_COUNT = 2000;
const WARM_UP_COUNT = 500;
const PUMP_MS = 1000;
const ROUNDS = 3;
const OPEN_MAX = { small: 512, large: 16 };
const BAUD_RATE = 4_000_000;
/** A terminal of the system moves little: fewer will do. */
const SERIAL_SHARE = 0.25;

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly messages: number;
  readonly bulk: number;
}

export function trafficBench(medium: Medium): Bench {
  const names = [`request ${medium} p50`, `request ${medium} p99`, `messages ${medium}`, `bulk ${medium}`];
  return {
    names,
    async run() {
      const results: { value: Measured[]; raw: Measured[] } = { value: [], raw: [] };
      for (let round = 0; round < ROUNDS; round++) {
        for (const [program, into] of [
          ['raw-end', results.raw],
          ['end', results.value],
        ] as const) {
          const measured = await measure(medium, program);
          if (measured === undefined) return [];
          into.push(measured);
        }
      }
      return rowsOf(names, bestOf(results.value), bestOf(results.raw));
    },
  };
}

/** Other programs only ever make a round worse. */
function bestOf(rounds: readonly Measured[]): Measured {
  const least = (of: (round: Measured) => number) => Math.min(...rounds.map(of));
  const most = (of: (round: Measured) => number) => Math.max(...rounds.map(of));
  return {
    p50: least(({ p50 }) => p50),
    p99: least(({ p99 }) => p99),
    messages: most(({ messages }) => messages),
    bulk: most(({ bulk }) => bulk),
  };
}

function rowsOf(names: readonly string[], value: Measured, raw: Measured): readonly Row[] {
  const units = { p50: 'ms', p99: 'ms', messages: 'messages/s', bulk: 'MB/s' } as const;
  return (['p50', 'p99', 'messages', 'bulk'] as const).map((key, at) => ({
    name: names[at] ?? key,
    value: rounded(value[key]),
    unit: units[key],
    raw: rounded(raw[key]),
  }));
}

/** Undefined where the medium is not to be had. */
async function measure(medium: Medium, program: EndProgram): Promise<Measured | undefined> {
  switch (medium) {
    case 'udp':
      return withEnds((start) => overUdp(start, program), program);
    case 'tcp':
      return withEnds((start) => overTcp(start, program), program);
    case 'serial':
      return overSerial(program);
    default:
      return unreachable(medium);
  }
}

async function overUdp(start: StartEnd, program: EndProgram): Promise<Measured> {
  const network = createNetwork();
  const far = await start({ name: FAR, network, link: { kind: 'udp' } });
  const near = await start({ name: NEAR, network, link: { kind: 'udp', connect: far.address } });
  return measurePair(near, far, { largeBytes: program === 'end' ? LARGE_BYTES : DATAGRAM_BYTES, share: 1 });
}

async function overTcp(start: StartEnd, _program: EndProgram): Promise<Measured> {
  const network = createNetwork();
  const far = await start({ name: FAR, network, link: { kind: 'tcpListen' } });
  const port = parseStation(far.address)?.port ?? 0;
  const near = await start({ name: NEAR, network, link: { kind: 'tcp', port } });
  return measurePair(near, far, { largeBytes: LARGE_BYTES, share: 1 });
}

async function overSerial(program: EndProgram): Promise<Measured | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'fogwisp-bench-'));
  const line = await openPtyLine(folder);
  try {
    if (line === undefined) return undefined;
    const network = createNetwork();
    const link = (path: string) => ({ kind: 'serial', path, baudRate: BAUD_RATE }) as const;
    return await withEnds(async (start) => {
      const far = await start({ name: FAR, network, link: link(line.peerPath) });
      const near = await start({ name: NEAR, network, link: link(line.gatewayPath) });
      return measurePair(near, far, { largeBytes: LARGE_BYTES, share: SERIAL_SHARE });
    }, program);
  } finally {
    line?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Load {
  readonly largeBytes: number;
  /** Of the usual effort. */
  readonly share: number;
}

async function measurePair(near: EndProcess, far: EndProcess, load: Load): Promise<Measured> {
  await Promise.all([near.ask({ kind: 'meet', peer: FAR }), far.ask({ kind: 'meet', peer: NEAR })]);
  await far.ask({ kind: 'subscribe', pattern: `${NEAR}/${TOPIC}`, qos: 1 });
  const request = { kind: 'request', peer: FAR, bytes: SMALL_BYTES } as const;
  await near.ask({ ...request, count: WARM_UP_COUNT });
  const { roundTripsMs = [] } = await near.ask({ ...request, count: Math.ceil(REQUEST_COUNT * load.share) });
  const sorted = [...roundTripsMs].sort((a, b) => a - b);
  const messages = await pumpRate(near, far, SMALL_BYTES, OPEN_MAX.small);
  const bulk = await pumpRate(near, far, load.largeBytes, OPEN_MAX.large);
  return {
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    messages,
    bulk: (bulk * load.largeBytes) / 1e6,
  };
}

/** Publications of QoS 1 that arrived, per second. */
async function pumpRate(near: EndProcess, far: EndProcess, bytes: number, openMax: number): Promise<number> {
  const options = { topic: TOPIC, qos: 1, bytes, openMax, forMs: PUMP_MS } as const;
  const { sent = 0 } = await near.ask({ kind: 'publish', ...options, count: Number.MAX_SAFE_INTEGER });
  const { received = 0, tookMs = 0 } = await far.ask({ kind: 'collect', count: sent });
  return received < 2 ? 0 : ((received - 1) * 1000) / tookMs;
}
