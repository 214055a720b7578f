import { BOXES, type BoxName } from '../boxes.js';
import { quantile } from '../quantile.js';
import { lateSync, tampering } from '../tampering.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { Place, REQUEST_MS, SETTLE_MS } from './place.js';

const CLASSES = ['open', 'cone', 'address', 'port', 'predictable', 'random', 'blocked'] as const;
const PAIRS: readonly (readonly [BoxName, BoxName])[] = [
  ...CLASSES.flatMap((a) => CLASSES.map((b) => [a, b] as const)),
  ['unasked', 'unasked'],
];
/** A random port is met by whoever lets in any port of an address that it sent to, and by nobody else. */
const STRICT: readonly BoxName[] = ['port', 'predictable', 'random'];

const WITHIN_MS = 5000;
/** The relay is 120 ms away on average: session, request, and the wait of the end that yields. */
const DIRECT_MS_MAX = 2000;
const DIRECT_MIN = 0.99;

/** Of all meetings of one pair of boxes. */
interface Tally {
  direct: number;
  silent: number;
  readonly times: number[];
}

/** Two nodes behind boxes of every kind meet, time and again. */
export const natPairs: Experiment = {
  name: 'nat-pairs',
  promise:
    'two nodes behind NATs of any two kinds are direct where that can be, and else relayed, never silent',
  control: 'the end that leads begins two seconds after the other one',
  nodes: 134,
  nodesQuick: 8,
  nodesMin: 2,
  *run(trial: Trial): Running {
    const runs = Math.floor(trial.setting.nodes / 2);
    const all: Tally = { direct: 0, silent: 0, times: [] };
    trial.measure('meetings of each pair', runs);
    for (const [a, b] of PAIRS) {
      const tally: Tally = { direct: 0, silent: 0, times: [] };
      for (let run = 0; run < runs; run++) yield* meet(trial, a, b, tally);
      const target = targetOf(a, b);
      trial.measure(`${a}:${b}: direct`, tally.direct / runs, target);
      all.silent += tally.silent;
      all.times.push(...tally.times);
    }
    trial.measure('meetings in silence', all.silent, { atMost: 0 });
    trial.measure('direct after, median ms', quantile(all.times, 0.5));
    trial.measure('direct after, most ms', quantile(all.times, 1), { atMost: DIRECT_MS_MAX });
  },
};

/** What is possible, ports being predicted where a box gives them out in order; undefined: now and then. */
function targetOf(a: BoxName, b: BoxName): { atMost: number } | { atLeast: number } | undefined {
  if (a === 'blocked' || b === 'blocked') return { atMost: 0 };
  if (a === 'predictable' && b === 'predictable') return undefined;
  if ((a === 'random' && STRICT.includes(b)) || (b === 'random' && STRICT.includes(a))) return { atMost: 0 };
  return { atLeast: DIRECT_MIN };
}

function* meet(trial: Trial, a: BoxName, b: BoxName, tally: Tally): Running {
  const { suite, isControl } = trial.setting;
  const place = new Place(trial, {
    name: `${a}:${b}`,
    boxes: [BOXES[a], BOXES[b]],
    suite: isControl ? tampering(suite, lateSync) : undefined,
  });
  const { fleet } = place;
  yield* trial.run(fleet, SETTLE_MS, `${a}:${b}`);
  const from = fleet.world.now;
  const first = fleet.ask(place.a, place.b, 'id', REQUEST_MS);
  place.waitUntilDirect(WITHIN_MS);
  const last = fleet.ask(place.a, place.b, 'id', REQUEST_MS);
  if (place.isDirect) {
    tally.direct++;
    tally.times.push(fleet.world.now - from);
  }
  yield* trial.run(fleet, REQUEST_MS, `${a}:${b}`);
  if (first.end !== 'answered' || last.end !== 'answered') tally.silent++;
  trial.end(fleet);
}
