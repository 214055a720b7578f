import type { CryptoSuite } from '@fogwisp/protocol';
import { BOXES } from '../boxes.js';
import { quantile } from '../quantile.js';
import { isPunching, tampering } from '../tampering.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { Place, REQUEST_MS, SETTLE_MS, tookMs } from './place.js';

const PAIR_NODES = 2;
const MEET_MS = 8000;
const KILL_RUNS_MAX = 20;

/** Two hops each way by the relay, and one directly. */
const INTERNET = { delayMs: 24, jitterMs: 0 } as const;
const RELAYED_MS = 96;
/** What is sent in one go comes in any order. */
const SHUFFLING = { delayMs: 20, jitterMs: 4 } as const;
/** A session, then the request and its answer. */
const FIRST_REPLY_MS_MAX = 2 * RELAYED_MS + 20;
const PUNCH_MS_MAX = 2 * RELAYED_MS + 300;
const PUNCH_BYTES_MAX = 700;
const USUAL = 0.97;
const UNUSUAL_MAX = 0.03;
/** A PUNCH and its SYNC, and those of one retry. */
const ONE_RETRY = 4;
const DIRECT_MIN = 0.99;

const PROBE = 0x09;
const UDP_BYTES = 28;
/** A session packet in a by-id frame (SPEC §4.5, §4.6), the longer one of the two kinds of frames. */
const FRAME_BYTES = 21 + 24 + UDP_BYTES;

const TALK_MS = 10_000;
const RESERVED_MS_MAX = 2000;

/** What the two ends spend on an attempt. */
interface Cost {
  bytes: number;
  punches: number;
  startedAt: number | undefined;
}

interface Meeting {
  /** Who brings them together is itself behind a NAT, which passes on one port. */
  readonly isHidden?: boolean;
  readonly isShuffled?: boolean;
}

/** Two strangers behind NATs talk at once by way of a relay, and soon without it. */
export const relayFirst: Experiment = {
  name: 'relay-first',
  promise:
    'two strangers behind NATs talk within two round trips of the relay and are direct soon, at little cost',
  control: 'what they have to say waits for the direct path',
  nodes: 400,
  nodesQuick: 400,
  nodesMin: PAIR_NODES,
  *run(trial: Trial): Running {
    const runs = Math.floor(trial.setting.nodes / PAIR_NODES);
    yield* meetAll(trial, 'by a relay in the open', runs, {});
    yield* meetAll(trial, 'by a leaf behind a NAT', runs, { isHidden: true });
    yield* meetAll(trial, 'packets out of order', runs, { isShuffled: true });
    const kills = Math.min(runs, KILL_RUNS_MAX);
    yield* killAll(trial, 'direct, both relays die', kills, 'port');
    yield* killAll(trial, 'relayed, one relay dies', kills, 'random');
  },
};

/** What all meetings of one kind came to. */
interface Tally {
  direct: number;
  cheap: number;
  retries: number;
  bytes: number;
  readonly firstMs: number[];
  readonly punchMs: number[];
}

function* meetAll(trial: Trial, name: string, runs: number, meeting: Meeting): Running {
  const tally: Tally = { direct: 0, cheap: 0, retries: 0, bytes: 0, firstMs: [], punchMs: [] };
  for (let run = 0; run < runs; run++) yield* meet(trial, name, meeting, tally);
  const { isShuffled = false } = meeting;
  const { firstMs, punchMs } = tally;
  trial.measure(`${name}: meetings`, runs);
  trial.measure(`${name}: first reply after, median ms`, quantile(firstMs, 0.5));
  const target = isShuffled ? undefined : { atMost: FIRST_REPLY_MS_MAX };
  trial.measure(`${name}: first reply after, most ms`, Math.max(...firstMs), target);
  trial.measure(`${name}: direct`, tally.direct / runs, { atLeast: DIRECT_MIN });
  const usual = quantile(punchMs, USUAL);
  trial.measure(`${name}: direct after the first PUNCH, 97th of 100, ms`, usual, { atMost: PUNCH_MS_MAX });
  trial.measure(`${name}: bytes of an attempt, mean`, tally.bytes / runs, { atMost: PUNCH_BYTES_MAX });
  trial.measure(`${name}: meetings for at most 700 bytes`, tally.cheap / runs, { atLeast: USUAL });
  trial.measure(`${name}: meetings with more than one retry`, tally.retries / runs, { atMost: UNUSUAL_MAX });
}

function* meet(trial: Trial, name: string, meeting: Meeting, tally: Tally): Running {
  const cost: Cost = { bytes: 0, punches: 0, startedAt: undefined };
  let place: Place | undefined;
  const suite = counting(trial.setting.suite, cost, () => place?.fleet.world.now ?? 0);
  place = new Place(trial, {
    ...{ name, boxes: [BOXES.port, BOXES.port], suite },
    internet: meeting.isShuffled === true ? SHUFFLING : INTERNET,
    relayBox: meeting.isHidden === true ? BOXES.port : undefined,
  });
  const { fleet, a, b } = place;
  watchProbes(place, cost);
  yield* trial.run(fleet, SETTLE_MS, name);
  const from = fleet.world.now;
  if (trial.isControl) place.waitUntilDirect(MEET_MS);
  const question = fleet.ask(a, b, 'id', REQUEST_MS);
  place.waitUntilDirect(MEET_MS);
  tally.punchMs.push(place.directSince - (cost.startedAt ?? -Infinity));
  yield* trial.run(fleet, REQUEST_MS, name);
  if (place.isDirect) tally.direct++;
  if (cost.bytes <= PUNCH_BYTES_MAX) tally.cheap++;
  if (cost.punches > ONE_RETRY) tally.retries++;
  tally.firstMs.push((question.endedAt ?? Infinity) - from);
  tally.bytes += cost.bytes;
  fleet.world.tap = undefined;
  trial.end(fleet);
}

/** PUNCH and SYNC by way of the relay: as those who seal them see them. */
function counting(suite: CryptoSuite, cost: Cost, now: () => number): CryptoSuite {
  return tampering(suite, (plain) => {
    if (!isPunching(plain)) return plain;
    cost.bytes += plain.length + FRAME_BYTES;
    cost.punches++;
    cost.startedAt ??= now();
    return plain;
  });
}

/** Until the attempt has succeeded; what the ends of a path say later keeps it. */
function watchProbes({ fleet, internet, a, b }: Place, cost: Cost): void {
  fleet.world.tap = ({ fate, port, bytes }) => {
    if (fate !== 'sent' || port.medium !== internet || bytes[0] !== PROBE) return;
    if (port.host === a.host || port.host === b.host) cost.bytes += bytes.length + UDP_BYTES;
  };
}

function* killAll(trial: Trial, name: string, runs: number, box: 'port' | 'random'): Running {
  let lost = 0;
  let worstMs = 0;
  for (let run = 0; run < runs; run++) {
    const place = new Place(trial, { name, boxes: [BOXES[box], BOXES[box]], internet: INTERNET });
    const { fleet, relays } = place;
    yield* place.meet(trial, MEET_MS);
    const dying = place.isDirect ? relays : relays.slice(run % 2, (run % 2) + 1);
    for (const { host } of dying) host.crash();
    const questions = yield* place.talk(trial, TALK_MS, REQUEST_MS);
    lost += questions.filter(({ end }) => end !== 'answered').length;
    worstMs = Math.max(worstMs, ...questions.map(tookMs));
    trial.end(fleet);
  }
  const mostMs = box === 'port' ? RELAYED_MS : RESERVED_MS_MAX;
  trial.measure(`${name}: requests without an answer`, lost, { atMost: 0 });
  trial.measure(`${name}: answered after, most ms`, worstMs, { atMost: mostMs });
}
