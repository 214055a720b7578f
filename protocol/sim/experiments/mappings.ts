import { BOXES } from '../boxes.js';
import { SpeaksRarely } from '../disguise.js';
import type { Nat } from '../nat.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { Place, RELAYS, tookMs } from './place.js';

/** A pair and the box in front of each. */
const PAIR_NODES = 2;
const MEET_MS = 8000;

const LIVES_S = [30, 60, 120] as const;
const LIFE_RUNS_MAX = 5;
/** What a box remembers is found out meanwhile. */
const LEARNING_MS = 600_000;
const REST_MS = 600_000;
const QUIETLY_MS = 300_000;
/** There and back, and what the clocks of the two ends make of it. */
const ROUND_TRIP_MS = 75;

type Side = 'a' | 'b';

/** What happens to the box of one who speaks, a, or of one who only answers. */
interface Accident {
  readonly name: string;
  readonly victims: readonly Side[];
  readonly befall: (box: Nat, side: Side) => void;
}
const LEASES: Readonly<Record<Side, string>> = { a: '203.0.113.98', b: '203.0.113.99' };
const ACCIDENTS: readonly Accident[] = [
  { name: 'box of who asks restarts', victims: ['a'], befall: restart },
  { name: 'box of who answers restarts', victims: ['b'], befall: restart },
  { name: 'both boxes restart', victims: ['a', 'b'], befall: restart },
  { name: 'who asks gets another address', victims: ['a'], befall: renumber },
  { name: 'who answers gets another address', victims: ['b'], befall: renumber },
];
const BEFORE_MS = 60_000;
/** Who only answers notices with its next heartbeat or keepalive. */
const TALK_MS = 45_000;
const ANSWER_MS = 11_000;
const AGAIN_MS_MAX = 5000;
const DIRECT_AGAIN_MS = 120_000;
const DIRECT_AGAIN_S_MAX = 15;

/** Boxes forget: by and by, or all at once. */
export const mappings: Experiment = {
  name: 'mappings',
  promise:
    'two behind NATs that forget stay within a round trip, and talk again within 5 s when all is forgotten',
  control: 'at rest a packet goes to each address once in 300 s',
  nodes: 40,
  nodesQuick: 40,
  nodesMin: PAIR_NODES,
  *run(trial: Trial): Running {
    const runs = Math.floor(trial.setting.nodes / PAIR_NODES);
    for (const lifeS of LIVES_S) yield* rest(trial, lifeS, Math.min(runs, LIFE_RUNS_MAX));
    for (const accident of ACCIDENTS) yield* recover(trial, accident, runs);
  },
};

/** Each asks the other one after ten minutes of silence. */
function* rest(trial: Trial, lifeS: number, runs: number): Running {
  const name = `remembered for ${lifeS} s`;
  let worstMs = 0;
  let direct = 0;
  for (let run = 0; run < runs; run++) {
    const quiet = { isOn: false };
    const place = behindBoxes(trial, name, lifeS, quiet);
    yield* place.meet(trial, MEET_MS);
    quiet.isOn = true;
    yield* trial.run(place.fleet, LEARNING_MS, name);
    for (const [from, to] of [
      [place.a, place.b],
      [place.b, place.a],
    ] as const) {
      yield* trial.run(place.fleet, REST_MS, name);
      quiet.isOn = false;
      if (place.isDirect) direct++;
      const question = place.fleet.ask(from, to, 'id');
      yield* trial.run(place.fleet, ANSWER_MS, name);
      worstMs = Math.max(worstMs, tookMs(question));
      quiet.isOn = true;
    }
    trial.end(place.fleet);
  }
  trial.measure(`${name}: direct after ten minutes`, direct / (2 * runs), { atLeast: 1 });
  trial.measure(`${name}: answered after, most ms`, worstMs, { atMost: ROUND_TRIP_MS });
}

/**
 * Nobody can reach who only answers, its box having forgotten, until it says something to somebody in the
 * open: from then on it counts; from the accident on for who asks, as it speaks all the time.
 */
function* recover(trial: Trial, accident: Accident, runs: number): Running {
  const { name } = accident;
  const again: number[] = [];
  const directAgain: number[] = [];
  let noticedMs = 0;
  let lost = 0;
  for (let run = 0; run < runs; run++) {
    const quiet = { isOn: false };
    const place = behindBoxes(trial, name, undefined, quiet);
    const { world } = place.fleet;
    yield* place.meet(trial, MEET_MS);
    quiet.isOn = true;
    yield* trial.run(place.fleet, BEFORE_MS, name);
    const from = world.now;
    const spoke = befall(place, accident);
    const questions = yield* place.talk(trial, TALK_MS, ANSWER_MS);
    place.waitUntilDirect(DIRECT_AGAIN_MS);
    const noticedAt = accident.victims.includes('b') ? (spoke.get('b') ?? from) : from;
    noticedMs = Math.max(noticedMs, noticedAt - from);
    const answers = questions.map(({ endedAt, end }) => (end === 'answered' ? (endedAt ?? from) : Infinity));
    again.push(Math.min(TALK_MS, ...answers.filter((at) => at >= noticedAt).map((at) => at - noticedAt)));
    lost += questions.filter((each) => each.askedAt >= noticedAt && each.end !== 'answered').length;
    directAgain.push(Math.min(DIRECT_AGAIN_MS, Math.max(0, place.directSince - noticedAt)) / 1000);
    world.tap = undefined;
    trial.end(place.fleet);
  }
  trial.measure(`${name}: runs`, runs);
  trial.measure(`${name}: noticed after, most ms`, noticedMs);
  trial.measure(`${name}: then answers after, most ms`, Math.max(...again), { atMost: AGAIN_MS_MAX });
  trial.measure(`${name}: and requests without an answer`, lost, { atMost: 0 });
  trial.measure(`${name}: direct again after, most s`, Math.max(...directAgain), {
    atMost: DIRECT_AGAIN_S_MAX,
  });
}

/** When each first said anything after it to somebody in the open, who hears it from wherever it comes. */
function befall({ fleet, boxes, a, b }: Place, { victims, befall }: Accident): ReadonlyMap<Side, number> {
  const spoke = new Map<Side, number>();
  for (const side of victims) {
    const box = boxes[side];
    if (box !== undefined) befall(box, side);
  }
  fleet.world.tap = ({ fate, port, address }) => {
    if (fate !== 'sent' || !RELAYS.includes(address)) return;
    const side = port.host === a.host ? 'a' : port.host === b.host ? 'b' : undefined;
    if (side !== undefined && !spoke.has(side)) spoke.set(side, fleet.world.now);
  };
  return spoke;
}

function behindBoxes(
  trial: Trial,
  name: string,
  lifeS: number | undefined,
  quiet: { readonly isOn: boolean },
): Place {
  const box = { ...BOXES.port, ...(lifeS !== undefined && { lifeMs: 1000 * lifeS }) };
  return new Place(trial, {
    name,
    boxes: [box, box],
    disguise: trial.isControl ? (node) => new SpeaksRarely(node, quiet, QUIETLY_MS) : undefined,
  });
}

function restart(box: Nat): void {
  box.reboot();
}

function renumber(box: Nat, side: Side): void {
  box.renumber(LEASES[side]);
}
