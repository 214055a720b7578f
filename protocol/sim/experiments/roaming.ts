import { decodeValue, encodeValue, type LinkAddress, type NodeEvent } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';
import type { Medium, Sighting } from '../medium.js';
import { PROFILES } from '../profiles.js';
import { tampering, withoutPathResponses } from '../tampering.js';
import type { Experiment, Running, Trial } from '../trial.js';

const SETTLE_MS = 30_000;
/** Of each pair, which are three nodes. */
const SWITCH_COUNT = 100;
const PAIR_NODES = 3;
/** From the plugging of the next link until the one in use goes. */
const OVERLAP_MS = 3000;
const AFTER_MS = 700;
const SAY_EVERY_MS = 20;
/** With QoS 1: one in so many. */
const SURE_EVERY = 5;

/** One way after the other, round and round: each of them after each other one in turn. */
const WAYS = ['serial', 'lan', 'udp', 'relay'] as const;
type Way = (typeof WAYS)[number];
/** At most, with jitter and what a packet takes on the wire. */
const ROUND_TRIP_MS: Readonly<Record<Way, number>> = { serial: 30, lan: 8, udp: 70, relay: 16 };

/** First bytes of H1, H2, H3, RESUME and RESUME-ACK, and the frames that they may be in (SPEC §4.1, §4.6). */
const HANDSHAKES = [0x05, 0x06, 0x07, 0x0a, 0x0b];
const LABEL_FRAMES = { first: 0x18, last: 0x3f, bytes: 9 } as const;
const BY_ID_FRAME = { first: 0x70, bytes: 24 } as const;

/** One who speaks and one who listens, with four ways between them. */
interface Pair {
  readonly speaker: Member;
  readonly listener: Member;
  readonly media: Readonly<Record<Exclude<Way, 'relay'>, Medium>>;
  readonly sure: Set<number>;
  way: Way;
  saidCount: number;
  sureCount: number;
  heardAt: number;
  /** The longest pause at a switch to another link, in round trips of the slower one of the two ways. */
  worst: number;
  /** To the relay, in round trips by that one: before, neighbors would have to be asked for the way. */
  worstRelayed: number;
}

/** A session outlives all links that it ever went by. */
export const roaming: Experiment = {
  name: 'roaming',
  promise:
    'a session goes from link to link without a handshake, a lost QoS 1 message or a pause of a round trip',
  control: 'challenges are answered wrongly, so that no address proves itself',
  nodes: 30,
  nodesQuick: 12,
  nodesMin: PAIR_NODES,
  *run(trial: Trial): Running {
    const { nodes, suite, isControl } = trial.setting;
    const fleet = trial.fleet('pairs', {}, { willingness: 0 });
    const options = isControl ? { suite: tampering(suite, withoutPathResponses) } : {};
    const pairs = Array.from({ length: Math.floor(nodes / PAIR_NODES) }, () => addPair(fleet, options));
    fleet.onEvent = (event, member) => hear(fleet, pairs, event, member);
    yield* trial.run(fleet, SETTLE_MS, 'finding each other');
    for (const { speaker, listener } of pairs) {
      for (const [topic, qos] of [
        ['count', 0],
        ['sure', 1],
      ] as const) {
        listener.host.command({ kind: 'subscribe', pattern: `${speaker.name}/${topic}`, qos });
      }
    }
    for (const { media } of pairs) for (const way of ['lan', 'udp'] as const) fleet.world.unplug(media[way]);
    yield* trial.run(fleet, SETTLE_MS, 'subscribing');
    let handshakes = 0;
    fleet.world.tap = (sighting) => {
      if (isHandshake(sighting)) handshakes++;
    };
    for (let i = 1; i <= SWITCH_COUNT; i++) yield* move(trial, fleet, pairs);
    fleet.world.tap = undefined;
    yield* trial.run(fleet, SETTLE_MS, 'the last ones arrive');
    const said = pairs.reduce((sum, { sureCount }) => sum + sureCount, 0);
    const heard = pairs.reduce((sum, { sure }) => sum + sure.size, 0);
    trial.measure('link switches', SWITCH_COUNT * pairs.length);
    trial.measure('packets of handshakes', handshakes, { atMost: 0 });
    trial.measure('QoS 1 messages', said);
    trial.measure('QoS 1 messages lost', said - heard, { atMost: 0 });
    const worst = Math.max(...pairs.map((pair) => pair.worst));
    const worstRelayed = Math.max(...pairs.map((pair) => pair.worstRelayed));
    trial.measure('longest pause from link to link, round trips', worst, { atMost: 1 });
    trial.measure('longest pause from a link to the relay, round trips', worstRelayed, { atMost: 1 });
  },
};

function addPair(fleet: Fleet, options: Parameters<Fleet['add']>[0]): Pair {
  const [speaker, listener, relay] = [fleet.add(options), fleet.add(options), fleet.add(options)];
  const { world } = fleet;
  const lan = { ...PROFILES.lan, loss: 0 };
  world.join([speaker.host, relay.host], lan);
  world.join([relay.host, listener.host], lan);
  const serial = world.connect(speaker.host, listener.host, { ...PROFILES.serial, loss: 0 });
  const near = world.join([speaker.host, listener.host], lan);
  const udp = world.addMedium({ ...PROFILES.udp, loss: 0 });
  const addressOf = ({ index }: Member): LinkAddress => `203.0.113.${1 + (index % 250)}:4747`;
  for (const [member, other] of [
    [speaker, listener],
    [listener, speaker],
  ] as const) {
    const { link } = world.attach(member.host, udp, { address: addressOf(member) });
    member.host.command({ kind: 'connect', link, address: addressOf(other) });
  }
  const nothing = { saidCount: 0, sureCount: 0, heardAt: 0, worst: 0, worstRelayed: 0 };
  const media = { serial, lan: near, udp };
  return { speaker, listener, media, sure: new Set(), way: 'serial', ...nothing };
}

/** The next way is there before the one in use goes. */
function* move(trial: Trial, fleet: Fleet, pairs: readonly Pair[]): Running {
  const { world } = fleet;
  const before = pairs.map(({ way }) => way);
  for (const pair of pairs) {
    pair.way = WAYS[(WAYS.indexOf(pair.way) + 1 + trial.random.below(WAYS.length - 1)) % WAYS.length] as Way;
    if (pair.way !== 'relay') world.plug(pair.media[pair.way]);
  }
  yield* say(trial, fleet, pairs, OVERLAP_MS);
  for (const [i, pair] of pairs.entries()) {
    const left = before[i] as Way;
    if (left !== 'relay') world.unplug(pair.media[left]);
  }
  yield* say(trial, fleet, pairs, AFTER_MS, before);
}

/** `before`: they have just been taken from these ways. */
function* say(
  trial: Trial,
  fleet: Fleet,
  pairs: readonly Pair[],
  forMs: number,
  before?: readonly Way[],
): Running {
  for (let ms = 0; ms < forMs; ms += SAY_EVERY_MS) {
    for (const pair of pairs) {
      const { host } = pair.speaker;
      host.command({ kind: 'publish', topic: 'count', body: encodeValue(pair.saidCount), qos: 0 });
      if (pair.saidCount++ % SURE_EVERY > 0) continue;
      host.command({ kind: 'publish', topic: 'sure', body: encodeValue(pair.sureCount++), qos: 1 });
    }
    yield* trial.run(fleet, SAY_EVERY_MS, 'from link to link');
    for (const [i, pair] of pairs.entries()) {
      const left = before?.[i];
      if (left === undefined) continue;
      const pauseMs = fleet.world.now - pair.heardAt - SAY_EVERY_MS;
      const [leftMs, wayMs] = [ROUND_TRIP_MS[left], ROUND_TRIP_MS[pair.way]];
      if (pair.way === 'relay') pair.worstRelayed = Math.max(pair.worstRelayed, pauseMs / wayMs);
      else pair.worst = Math.max(pair.worst, pauseMs / Math.max(leftMs, wayMs));
    }
  }
}

function hear(fleet: Fleet, pairs: readonly Pair[], event: NodeEvent, { index }: Member): void {
  if (event.kind !== 'message') return;
  const pair = pairs.find(({ listener }) => listener.index === index);
  const value = decodeValue(event.body);
  if (pair === undefined || !value.ok || typeof value.value !== 'number') return;
  if (event.topic.endsWith('sure')) pair.sure.add(value.value);
  else pair.heardAt = fleet.world.now;
}

function isHandshake({ fate, bytes }: Sighting): boolean {
  if (fate !== 'sent') return false;
  const first = bytes[0] ?? 0;
  const isLabelled = first >= LABEL_FRAMES.first && first <= LABEL_FRAMES.last;
  const inside = isLabelled ? LABEL_FRAMES.bytes : first === BY_ID_FRAME.first ? BY_ID_FRAME.bytes : 0;
  return HANDSHAKES.includes(bytes[inside] ?? 0);
}
