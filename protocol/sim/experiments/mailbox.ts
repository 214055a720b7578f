import { decodeValue, encodeValue, type NodeEvent } from '@fogwisp/protocol';
import { isServing } from '../coverage.js';
import type { Fleet, Member, MemberOptions } from '../fleet.js';
import { type Graph, geometric, joined } from '../graph.js';
import { PROFILES } from '../profiles.js';
import type { Experiment, Running, Trial } from '../trial.js';

const SETTLE_MS = 180_000;
const DEGREE = 8;
/** One node in so many sleeps; half of those speak, the other half listens. */
const SLEEPER_PARTS = 3;
const NODES_MIN = 9;
/** Every so often each is awake, half a period after the one that it speaks to. */
const PERIOD_MS = 600_000;
const AWAKE_MS = 20_000;
const SPEAK_AFTER_MS = 8_000;
const PERIODS = 12;
const MESSAGES_PER_PERIOD = 2;
/** A supernode dies so often, so no listener that has two keepers loses both of them during one sleep. */
const DEATH_EVERY_MS = PERIOD_MS;
const DEAD_MS = 120_000;
const KEPT_MIN = 0.95;

/** One who speaks and one who listens, and who are never awake at the same time. */
interface Pair {
  readonly speaker: Member;
  readonly listener: Member;
  /** Of the listener, within the period. */
  readonly phaseMs: number;
}

/** A message: what the speaker was told, and how often it came. */
interface Said {
  readonly at: number;
  /** By how many. */
  keepers: number;
  heardCount: number;
  heardAt: number;
}

/** Battery nodes with different hours hear each other by way of those who are awake. */
export const mailbox: Experiment = {
  name: 'mailbox',
  promise:
    'who is never awake when the other one is gets its QoS 1 messages, once, while supernodes come and go',
  control: 'nobody keeps mail',
  nodes: 36,
  nodesQuick: 18,
  nodesMin: NODES_MIN,
  *run(trial: Trial): Running {
    const { nodes, isControl } = trial.setting;
    const fleet = trial.fleet('network', isControl ? { mailboxCountMax: 0 } : {});
    const pairCount = Math.floor(nodes / SLEEPER_PARTS / 2);
    const awakeCount = nodes - 2 * pairCount;
    fleet.wire(
      withSleepers(trial, awakeCount, pairCount),
      () => PROFILES.serial,
      (index) => (index < awakeCount ? {} : sleeperOptions(index, index - awakeCount)),
    );
    const pairs = Array.from({ length: pairCount }, (_, i) =>
      pairOf(fleet, awakeCount + 2 * i, i / pairCount),
    );
    const post = new Mailing(fleet);
    yield* trial.run(fleet, SETTLE_MS, 'everybody is awake: elections and subscriptions');
    for (const { listener } of pairs) sleep(listener);
    yield* trial.run(fleet, 5000, 'the listeners go to sleep');
    for (const { speaker } of pairs) sleep(speaker);
    yield* trial.run(fleet, 5000, 'the speakers go to sleep');
    const from = fleet.world.now;
    const sentBefore = fleet.sentBytes;
    // The last two periods nobody speaks: what is kept then has its time to come.
    for (let ms = 0; ms < (PERIODS + 2) * PERIOD_MS; ms += 1000) {
      for (const pair of pairs) turn(pair, ms, post);
      if (ms % DEATH_EVERY_MS === DEATH_EVERY_MS / 4) killOne(trial, fleet, awakeCount);
      if (ms % DEATH_EVERY_MS === DEATH_EVERY_MS / 4 + DEAD_MS) revive(fleet, awakeCount);
      yield* trial.run(fleet, 1000, 'sleeping, speaking and listening in turn');
    }
    const seconds = (fleet.world.now - from) / 1000;
    trial.measure('hours', seconds / 3600);
    trial.measure('bytes/s per node', (fleet.sentBytes - sentBefore) / seconds / nodes);
    post.measure(trial);
  },
};

/** Those who are awake are a network; each sleeper has links to two of them. */
function withSleepers(trial: Trial, awakeCount: number, pairCount: number): Graph {
  const awake = joined(geometric(trial.random, awakeCount, Math.min(DEGREE, awakeCount - 1)));
  const edges = [...awake.edges];
  for (let i = 0; i < 2 * pairCount; i++) {
    const first = trial.random.below(awakeCount);
    const second = (first + 1 + trial.random.below(awakeCount - 1)) % awakeCount;
    edges.push([first, awakeCount + i], [second, awakeCount + i]);
  }
  return { ...awake, count: awakeCount + 2 * pairCount, edges };
}

/** Even ones speak, and the one behind each listens to it, in each of its lives. */
function sleeperOptions(index: number, place: number): MemberOptions {
  const limits = { reservationCountMax: 0, mailboxCountMax: 0 };
  if (place % 2 === 0) return { limits };
  const pattern = `n${index - 1}/count`;
  return { limits, onBoot: (host) => void host.command({ kind: 'subscribe', pattern, qos: 1 }) };
}

function pairOf(fleet: Fleet, first: number, phase: number): Pair {
  const [speaker, listener] = [fleet.members[first], fleet.members[first + 1]];
  if (speaker === undefined || listener === undefined) throw new RangeError('a pair has two members');
  return { speaker, listener, phaseMs: 1000 * Math.floor((phase * PERIOD_MS) / 2000) };
}

function sleep({ host }: Member): void {
  if (host.isRunning) host.command({ kind: 'stop', sleepMs: PERIOD_MS - AWAKE_MS });
}

function turn({ speaker, listener, phaseMs }: Pair, ms: number, post: Mailing): void {
  const listenerMs = (ms + PERIOD_MS - phaseMs) % PERIOD_MS;
  const speakerMs = (listenerMs + PERIOD_MS / 2) % PERIOD_MS;
  wakeOrSleep(listener, listenerMs);
  wakeOrSleep(speaker, speakerMs);
  if (speakerMs !== SPEAK_AFTER_MS || ms >= PERIODS * PERIOD_MS) return;
  for (let i = 0; i < MESSAGES_PER_PERIOD; i++) post.publish(speaker);
}

function wakeOrSleep(member: Member, ms: number): void {
  if (ms === 0 && !member.host.isPowered) member.host.start();
  if (ms === AWAKE_MS) sleep(member);
}

function killOne(trial: Trial, fleet: Fleet, awakeCount: number): void {
  const serving = fleet.members.filter((member) => member.index < awakeCount && isServing(member));
  if (serving.length > 0) trial.random.pick(serving).host.crash('new');
}

function revive(fleet: Fleet, awakeCount: number): void {
  for (const { host, index } of fleet.members) if (index < awakeCount && !host.isPowered) host.start();
}

/** Keeps account of what was said and heard; it takes the events of its fleet. */
class Mailing {
  readonly #fleet: Fleet;
  readonly #said: Said[] = [];
  readonly #serialOf = new Map<string, number>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.onEvent = (event, member) => this.#onEvent(event, member);
  }

  publish(from: Member): void {
    const serial = this.#said.length;
    this.#said.push({ at: this.#fleet.world.now, keepers: 0, heardCount: 0, heardAt: 0 });
    const command = from.host.command({ kind: 'publish', topic: 'count', body: encodeValue(serial), qos: 1 });
    this.#serialOf.set(`${from.index} ${command}`, serial);
  }

  measure(trial: Trial): void {
    const kept = this.#said.filter(({ keepers }) => keepers > 0);
    const sure = kept.filter(({ keepers }) => keepers > 1);
    const heard = this.#said.filter(({ heardCount }) => heardCount > 0);
    const delays = heard.map(({ at, heardAt }) => (heardAt - at) / 1000);
    trial.measure('messages', this.#said.length);
    trial.measure('kept for the listener, share', kept.length / this.#said.length, { atLeast: KEPT_MIN });
    trial.measure('kept by two, share', sure.length / this.#said.length);
    const lost = sure.filter(({ heardCount }) => heardCount === 0);
    trial.measure('kept by two and lost', lost.length, { atMost: 0 });
    const unlucky = kept.filter(({ keepers, heardCount }) => keepers === 1 && heardCount === 0);
    trial.measure('kept by one, who died, and lost', unlucky.length);
    const twice = heard.filter(({ heardCount }) => heardCount > 1);
    trial.measure('heard twice', twice.length, { atMost: 0 });
    const mean = delays.reduce((sum, each) => sum + each, 0) / Math.max(1, delays.length);
    trial.measure('from said to heard, mean s', mean);
  }

  #onEvent(event: NodeEvent, { index, host }: Member): void {
    if (event.kind === 'stopped') return host.crash('new');
    if (event.kind === 'mail' && event.state === 'kept') {
      const said = this.#said[this.#serialOf.get(`${index} ${event.command}`) ?? -1];
      if (said !== undefined) said.keepers = event.keepers ?? 0;
    }
    if (event.kind !== 'message') return;
    const value = decodeValue(event.body);
    const said = value.ok && typeof value.value === 'number' ? this.#said[value.value] : undefined;
    if (said === undefined) return;
    said.heardCount++;
    said.heardAt = this.#fleet.world.now;
  }
}
