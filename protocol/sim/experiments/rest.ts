import type { Fleet } from '../fleet.js';
import { line, randomGraph } from '../graph.js';
import { PROFILES } from '../profiles.js';
import type { Experiment, Running, Trial } from '../trial.js';

const CALM_MS = 300_000;
/** By then the supernodes that came together at first have found out which of them are not needed. */
const SETTLED_MS = 900_000;
const WATCHED_MS = 600_000;
/** From the beginning: all have served for one term. */
const TERMS_MS = 5_400_000;
/** A network that is too small for that is not watched so long. */
const SMALL = 60;
const BYTES_PER_SECOND_MAX = 8;
const SLOW_BITRATE = 1000;
const SLOW_SHARE_MAX = 0.02;
const SLOW_CHAIN = 6;
const HOME = 5;
/** Heartbeats go to each neighbor, so these cost the same again. */
const VIEWS = [4, 8] as const;

/** What a network says when nobody has anything to say. */
export const rest: Experiment = {
  name: 'rest',
  promise: 'at rest a node sends at most 8 bytes a second, and a slow link is used for at most 2 %',
  control: 'a sign of life to each neighbor every second',
  nodes: 100,
  nodesQuick: 40,
  nodesMin: 6,
  shortfalls: {
    'udp, 4 neighbors: bytes/s per node':
      'heartbeats take 5.8; some supernodes still find out that they are not needed, or that they are',
    'udp, 8 neighbors: bytes/s per node':
      'a heartbeat of 27 bytes to each of 8 neighbors in 28 to 32 s alone takes 7.2, and those of ' +
      'supernodes, every 8 s, come to 2.5; the rest is prolonging reservations two hops away, and ' +
      'supernodes that find out whether they are needed',
  },
  *run(trial: Trial): Running {
    const most = { atMost: BYTES_PER_SECOND_MAX };
    const { nodes } = trial.setting;
    for (const view of VIEWS) {
      const overlay = trial.fleet(`udp, ${view} neighbors`, { recordCountMax: 32 });
      overlay.overlay(randomGraph(trial.random, nodes, Math.min(view, nodes - 1)), PROFILES.udp);
      yield* calm(trial, overlay, CALM_MS, SETTLED_MS);
      const bytes = yield* watch(trial, overlay);
      trial.measure(`${overlay.name}: bytes/s per node`, bytes / nodes, most);
      if (nodes < SMALL || trial.isControl) continue;
      yield* trial.run(overlay, TERMS_MS - overlay.world.now, `${overlay.name}: supernodes take turns`);
      const sent = (overlay.sentBytes * 1000) / TERMS_MS / nodes;
      trial.measure(`${overlay.name}: ... over 90 minutes from the start, with all terms ending once`, sent);
    }

    const home = trial.fleet('lan');
    home.segment(HOME, PROFILES.lan);
    yield* calm(trial, home, CALM_MS);
    trial.measure(`lan of ${HOME}: bytes/s per node`, (yield* watch(trial, home)) / HOME, most);

    const chain = trial.fleet('1 kbit/s');
    const slow = { ...PROFILES.slowSerial, bitrate: SLOW_BITRATE, bitsPerByte: 8 };
    const media = chain.wire(line(SLOW_CHAIN), () => slow);
    yield* calm(trial, chain, 3 * CALM_MS);
    const before = media.map(({ airtimeUs }) => airtimeUs);
    yield* watch(trial, chain);
    const used = media.map(({ airtimeUs }, i) => (airtimeUs - (before[i] ?? 0)) / (2 * WATCHED_MS * 1000));
    trial.measure('1 kbit/s: share of the busiest link', Math.max(...used), { atMost: SLOW_SHARE_MAX });
  },
};

function* calm(trial: Trial, fleet: Fleet, ms: number, calmMs = CALM_MS): Running {
  yield* trial.settle(fleet, ms, `${fleet.name}: finding each other`);
  yield* trial.run(fleet, calmMs, `${fleet.name}: calming down`);
}

/** Bytes a second that all nodes together send. */
function* watch(trial: Trial, fleet: Fleet): Running<number> {
  const before = fleet.sentBytes;
  for (let ms = 0; ms < WATCHED_MS; ms += 1000) {
    if (trial.isControl) greetAll(fleet);
    yield* trial.run(fleet, 1000, `${fleet.name}: at rest`);
  }
  return ((fleet.sentBytes - before) * 1000) / WATCHED_MS;
}

function greetAll(fleet: Fleet): void {
  for (const { a, b } of fleet.wires) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const key = fleet.members[to.host.index]?.identity.key ?? '';
      from.host.command({ kind: 'ping', to: key, deadlineMs: 1000 });
    }
  }
}
