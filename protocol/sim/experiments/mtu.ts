import { type CborValue, decodeValue, encodeValue, type NodeEvent } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';
import { line } from '../graph.js';
import type { MediumOptions } from '../medium.js';
import type { Experiment, Running, Trial } from '../trial.js';

const MTUS = [64, 127, 222, 250, 500, 1200] as const;
const LOSSES = [0, 0.05, 0.2] as const;
/** Slow enough that bytes count, and far enough that several packets are under way. */
const WIRE = {
  kind: 'serial',
  cast: 'point',
  bitrate: 250_000,
  delayMs: 10,
} as const satisfies MediumOptions;

const SETTLE_MS = 120_000;
const SUBSCRIBE_MS = 20_000;
/** What a lossy link delays is not lost: the most that a request may take. */
const REQUEST_MS = 600_000;
const PATIENCE_MS = REQUEST_MS + 60_000;
const PAUSE_MS = 500;
const SIZES = [0, 40, 200, 1000, 4000] as const;
const ROUNDS = 4;
/** Where a packet passes four of five times and a message by way of the relay is six of them. */
const ROUNDS_LOSSY = 2;
const LOSSY = 0.2;

const BULK_BYTES = 16_384;
const BULKS = 6;
/** Where packets get lost: enough to show that all arrives. */
const BULKS_LOSSY = 1;
/** Of a session packet on a short link and on another one (SPEC §4.5). */
const SHORT_MTU = 255;
const OVERHEAD_BYTES = { short: 11, long: 21 } as const;
const GOODPUT_MIN = 0.6;

const TOPICS = { maybe: 0, sure: 1, bulk: 1 } as const;
type Topic = keyof typeof TOPICS;

const WORST = '64 bytes, 20 %';
const WHY =
  'by way of the relay a packet is three fragments on each of two links, of which one in four arrives, and ' +
  'paths that lose so much are given up now and then: some requests take more than ten minutes, and what ' +
  'was not acknowledged for two is told as lost';

/** Everything that nodes say to each other, over links of every width. */
export const mtu: Experiment = {
  name: 'mtu',
  promise: 'everything works over links of 64 to 1200 bytes that lose up to a fifth, and bulk fills them',
  control: 'one unit under way at a time',
  nodes: 3,
  nodesQuick: 3,
  nodesMin: 3,
  shortfalls: { [`${WORST}: requests answered`]: WHY, [`${WORST}: QoS 1 lost`]: WHY },
  *run(trial: Trial): Running {
    for (const width of MTUS) for (const loss of LOSSES) yield* tryOut(trial, width, loss);
  },
};

function* tryOut(trial: Trial, width: number, loss: number): Running {
  const name = `${width} bytes, ${100 * loss} %`;
  const limits = trial.isControl ? { receiveWindow: 1 } : {};
  const fleet = trial.fleet(name, limits, { willingness: 0 });
  fleet.wire(line(3), () => ({ ...WIRE, mtu: width, loss }));
  const talk = new Talk(fleet);
  const settledS = yield* trial.settle(fleet, SETTLE_MS, `${name}: finding each other`);
  trial.measure(`${name}: whole after, s`, settledS, { atMost: SETTLE_MS / 1000 });
  const talkedS = yield* converse(trial, talk, loss < LOSSY ? ROUNDS : ROUNDS_LOSSY, name);
  trial.measure(`${name}: all said after, s`, talkedS);
  const share = yield* haul(trial, talk, loss === 0 ? BULKS : BULKS_LOSSY, name);
  trial.measure(`${name}: requests answered`, talk.answeredCount / talk.askedCount, { atLeast: 1 });
  const maybe = talk.shareOf('maybe');
  trial.measure(`${name}: QoS 0 arrived`, maybe, loss === 0 ? { atLeast: 1 } : undefined);
  trial.measure(`${name}: QoS 1 lost`, talk.lostCount, { atMost: 0 });
  trial.measure(`${name}: any message twice`, talk.twiceCount, { atMost: 0 });
  const goodput = share / (1 - overheadOf(width) / width);
  trial.measure(`${name}: goodput`, goodput, loss === 0 ? { atLeast: GOODPUT_MIN } : undefined);
  trial.end(fleet);
}

function overheadOf(width: number): number {
  return width <= SHORT_MTU ? OVERHEAD_BYTES.short : OVERHEAD_BYTES.long;
}

/** Requests to the neighbor and beyond it, by name, as names come from records; and publications. */
function* converse(trial: Trial, talk: Talk, rounds: number, name: string): Running<number> {
  const { near, far } = talk;
  for (const topic of ['maybe', 'sure'] as const) talk.subscribe(far, topic);
  talk.subscribe(near, 'bulk');
  yield* trial.run(talk.fleet, SUBSCRIBE_MS, `${name}: subscribing`);
  const from = talk.fleet.world.now;
  for (let round = 0; round < rounds; round++) {
    for (const size of SIZES) {
      talk.ask(near, size);
      talk.ask(far, size);
      talk.publish('maybe', size);
      talk.publish('sure', size);
      yield* trial.run(talk.fleet, PAUSE_MS, `${name}: talking`);
    }
  }
  yield* wait(trial, talk, name);
  return (talk.fleet.world.now - from) / 1000;
}

/** Gives the bytes of the application for each byte that the wire could have carried meanwhile. */
function* haul(trial: Trial, talk: Talk, count: number, name: string): Running<number> {
  const from = talk.fleet.world.now;
  for (let i = 0; i < count; i++) talk.publish('bulk', BULK_BYTES);
  yield* wait(trial, talk, name);
  const capacity = (WIRE.bitrate / 8 / 1000) * (talk.lastAt('bulk') - from);
  return (talk.heardCount('bulk') * BULK_BYTES) / capacity;
}

function* wait(trial: Trial, talk: Talk, name: string): Running {
  const until = talk.fleet.world.now + PATIENCE_MS;
  while (talk.isBusy && talk.fleet.world.now < until) {
    yield* trial.run(talk.fleet, 1000, `${name}: until all has arrived`);
  }
}

/** One who speaks to a neighbor and to somebody behind it, and keeps account of what arrives. */
class Talk {
  readonly fleet: Fleet;
  readonly near: Member;
  readonly far: Member;
  askedCount = 0;
  answeredCount = 0;
  readonly #speaker: Member;
  #serial = 0;
  /** By command: what an answer must be. */
  readonly #questions = new Map<number, Uint8Array>();
  readonly #publications = new Map<number, Topic>();
  readonly #said = new Map<Topic, number>();
  /** How often each was heard, by topic and number. */
  readonly #heard = new Map<Topic, Map<number, number>>();
  readonly #lastAt = new Map<Topic, number>();

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    [this.#speaker, this.near, this.far] = fleet.members as [Member, Member, Member];
    fleet.onEvent = (event, member) => this.#hear(event, member);
  }

  /** Whether a request or a publication has not ended. */
  get isBusy(): boolean {
    return this.#questions.size + this.#publications.size > 0;
  }

  /** Of those that must arrive. */
  get lostCount(): number {
    return this.#missing('sure') + this.#missing('bulk');
  }

  get twiceCount(): number {
    const counts = [...this.#heard.values()].flatMap((heard) => [...heard.values()]);
    return counts.filter((count) => count > 1).length;
  }

  subscribe(member: Member, topic: Topic): void {
    const pattern = `${this.#speaker.name}/${topic}`;
    member.host.command({ kind: 'subscribe', pattern, qos: TOPICS[topic] });
  }

  ask(to: Member, size: number): void {
    const body = encodeValue([this.askedCount++, filled(size)]);
    const ask = { kind: 'request', to: to.name, path: 'echo', body, deadlineMs: REQUEST_MS } as const;
    this.#questions.set(this.#speaker.host.command(ask), body);
  }

  publish(topic: Topic, size: number): void {
    this.#said.set(topic, (this.#said.get(topic) ?? 0) + 1);
    const body = encodeValue([this.#serial++, filled(size)]);
    const command = { kind: 'publish', topic, body, qos: TOPICS[topic] } as const;
    this.#publications.set(this.#speaker.host.command(command), topic);
  }

  heardCount(topic: Topic): number {
    return this.#heard.get(topic)?.size ?? 0;
  }

  /** Of those that somebody had subscribed to by then. */
  shareOf(topic: Topic): number {
    const heard = this.heardCount(topic);
    return heard / (heard + this.#missing(topic));
  }

  /** When one was last heard, world time in ms. */
  lastAt(topic: Topic): number {
    return this.#lastAt.get(topic) ?? Infinity;
  }

  #missing(topic: Topic): number {
    return (this.#said.get(topic) ?? 0) - this.heardCount(topic);
  }

  #hear(event: NodeEvent, { index }: Member): void {
    if (event.kind === 'message') return this.#count(event.topic, event.body);
    if (index !== this.#speaker.index) return;
    if (event.kind === 'published') this.#onPublished(event.command, event.subscribers);
    if (event.kind === 'response') {
      const expected = this.#questions.get(event.command);
      if (expected !== undefined && isEqual(expected, event.body)) this.answeredCount++;
    }
    if (event.kind !== 'response' && event.kind !== 'failed') return;
    this.#questions.delete(event.command);
    this.#publications.delete(event.command);
  }

  /** What was said before the subscription came is owed to nobody. */
  #onPublished(command: number, subscribers: number): void {
    const topic = this.#publications.get(command);
    this.#publications.delete(command);
    if (topic === undefined || subscribers > 0) return;
    this.#said.set(topic, (this.#said.get(topic) ?? 0) - 1);
  }

  #count(topic: string, body: Uint8Array): void {
    const known = (['maybe', 'sure', 'bulk'] as const).find((each) => topic.endsWith(each));
    const serial = serialOf(decodeValue(body));
    if (known === undefined || serial === undefined) return;
    const heard = this.#heard.get(known) ?? new Map<number, number>();
    this.#heard.set(known, heard);
    heard.set(serial, (heard.get(serial) ?? 0) + 1);
    this.#lastAt.set(known, this.fleet.world.now);
  }
}

function serialOf(decoded: ReturnType<typeof decodeValue>): number | undefined {
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const [serial] = decoded.value as readonly CborValue[];
  return typeof serial === 'number' ? serial : undefined;
}

/** Bytes that tell when a piece is missing or in another place. */
function filled(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i ^ (i >> 8)) & 0xff);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
