import { type EndProcess, withEnds } from '../ends/end-process.js';
import type { EndLink, Part } from '../ends/orders.js';
import type { Counted } from './counted.js';
import type { Figures } from './figures.js';
import { handshakesIn, overheadOf } from './packets.js';
import { PipeProxy } from './pipe-proxy.js';
import { UdpProxy } from './udp-proxy.js';

const NEAR = 'near';
const FAR = 'far';
const TOPIC = 'reading';
const READING_BYTES = 20;
/** Units are numbered from 0 on: from 256 on a number has its full length on the wire. */
const WARM_UP_COUNT = 300;
const WARM_UP_OPEN_MAX = 32;
/** Heartbeats and the like are no part of a reading: the median leaves them out. */
const SAMPLE_COUNT = 15;
const QUIET_MS = 40;
const SHORT_MTU = 250;
/** A publication (SPEC §6.2): type, alias, the head of its body; the body is one CBOR byte string. */
const PUBLISH_HEAD_BYTES = 3;
const CBOR_HEAD_BYTES = 1;

export type Readings = Pick<Figures, 'reading20' | 'request20'> & {
  readonly XX: number;
  readonly overhead: number;
};

/** Two strangers meet over UDP, then publish and ask. */
export async function measureUdp(network: string): Promise<Readings> {
  return withEnds(async (start) => {
    const far = await start({ name: FAR, network, link: { kind: 'udp' } });
    const proxy = await UdpProxy.open(far.address);
    try {
      const near = await start({ name: NEAR, network, link: { kind: 'udp', connect: proxy.address } });
      return await measureReadings(near, far, proxy.counted);
    } finally {
      proxy.close();
    }
  });
}

async function measureReadings(near: EndProcess, far: EndProcess, counted: Counted): Promise<Readings> {
  await meet(near, far);
  await warmUp(near, far, counted);
  const publish = (qos: 0 | 1) => async () => {
    await publishOne(near, qos);
  };
  const mark = counted.mark;
  const qos0 = await typical(counted, publish(0));
  const overhead = sealBytes(counted, mark);
  await far.ask({ kind: 'subscribe', pattern: `${NEAR}/${TOPIC}`, qos: 1 });
  await near.ask({ kind: 'publish', topic: TOPIC, qos: 1, ...warmUpOptions() });
  const qos1 = await typical(counted, publish(1));
  const ask = { kind: 'request', peer: FAR, bytes: READING_BYTES, count: 1 } as const;
  await near.ask(ask); // from now on the alias of the path is known
  const request20 = await typical(counted, () => near.ask(ask));
  const opened = handshakesIn(counted.since(0).map(({ bytes }) => bytes));
  const XX = sumOf(opened.find(({ pattern }) => pattern === 'XX')?.lengths ?? []);
  return { XX, overhead, reading20: { qos0, qos1 }, request20 };
}

/** The least that sealing adds, on a stream whose packets are short. */
export async function measureFloor(network: string): Promise<number> {
  return withEnds(async (start) => {
    const link: EndLink = { kind: 'pipe', mtu: SHORT_MTU };
    const part = (name: string): Part => ({ name, network, link });
    const [near, far] = await Promise.all([start(part(NEAR)), start(part(FAR))]);
    const { counted } = new PipeProxy(near.pipe, far.pipe);
    await meet(near, far);
    await warmUp(near, far, counted);
    const mark = counted.mark;
    await typical(counted, () => publishOne(near, 0));
    return sealBytes(counted, mark);
  });
}

async function meet(near: EndProcess, far: EndProcess): Promise<void> {
  await Promise.all([near.ask({ kind: 'meet', peer: FAR }), far.ask({ kind: 'meet', peer: NEAR })]);
}

async function warmUp(near: EndProcess, far: EndProcess, counted: Counted): Promise<void> {
  await far.ask({ kind: 'subscribe', pattern: `${NEAR}/${TOPIC}`, qos: 0 });
  await counted.quiet(QUIET_MS);
  await publishOne(near, 0);
  await far.ask({ kind: 'collect', count: 1 });
  await counted.quiet(QUIET_MS);
}

async function publishOne(near: EndProcess, qos: 0 | 1): Promise<void> {
  await near.ask({ kind: 'publish', topic: TOPIC, qos, bytes: READING_BYTES, count: 1, openMax: 1 });
}

function warmUpOptions() {
  return { bytes: READING_BYTES, count: WARM_UP_COUNT, openMax: WARM_UP_OPEN_MAX };
}

/** All bytes that one step causes, by the median of several. */
async function typical(counted: Counted, step: () => Promise<unknown>): Promise<number> {
  const sums: number[] = [];
  for (let i = 0; i < SAMPLE_COUNT; i++) {
    await counted.quiet(QUIET_MS);
    const mark = counted.mark;
    await step();
    while (counted.mark === mark) await new Promise((resolve) => setTimeout(resolve, 1));
    await counted.quiet(QUIET_MS);
    sums.push(counted.bytesSince(mark));
  }
  sums.sort((a, b) => a - b);
  return sums[sums.length >> 1] ?? 0;
}

/** Packets less the one publication in each; what their headers say of themselves must agree. */
function sealBytes(counted: Counted, mark: number): number {
  const message = PUBLISH_HEAD_BYTES + CBOR_HEAD_BYTES + READING_BYTES;
  const found = counted
    .since(mark)
    .map(({ bytes }) => ({ said: overheadOf(bytes), is: bytes.length - message }));
  const equal = found.filter(({ said, is }) => said === is);
  if (equal.length < found.length / 2) throw new Error('sealed packets are not what SPEC §4.5 says');
  return Math.max(...equal.map(({ is }) => is));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
