import type { Member } from '../fleet.js';
import type { Experiment, Running, Target, Trial } from '../trial.js';
import { ATTACKS, type Attack, introduction, isQuestion, misplaced } from './lies.js';
import { Stage } from './stage.js';

const SETTLE_MS = 20_000;
const AFTER_MS = 30_000;
const MOMENT_MS = 20;
/** Nothing that an outsider sends is worth more to its victim; nothing that anybody sends, three times. */
const OUTSIDER = { atMost: 1 } as const;
const EVER = { atMost: 3 } as const;

const RUNS_MAX = 200;
const COPIED_EVERY = 12;
const RESTARTS = 3;
const FLOOD_PER_MS = 4;
const FLOOD_KINDS = 3;
/** Of H1 (SPEC §4.1). */
const H1 = 0x05;
const PATTERN_BITS = 3;

const ALSO_MS = 60;
const NEWS_BYTES = 1000;
const NEWS_MS = 100;
const ASK_EVERY = 10;
const QUESTIONS = 6;
const LOOK_MS = 500;

/** Strangers and members have nodes send to addresses that are not theirs. */
export const amplification: Experiment = {
  name: 'amplification',
  promise:
    'who writes in the name of a victim has no more sent there than it sends, a member three times that',
  control: 'who attacks reads what goes to the victims, so that their addresses prove themselves',
  nodes: 60,
  nodesQuick: 20,
  nodesMin: 4,
  *run(trial: Trial): Running {
    const strikes = Math.min(RUNS_MAX, trial.setting.nodes);
    yield* replays(trial);
    yield* overtakes(trial);
    yield* floods(trial);
    for (const attack of ATTACKS) yield* strike(trial, attack, strikes);
    yield* move(trial, strikes);
    yield* mislead(trial);
    yield* introduces(trial, strikes);
  },
};

// By an outsider

/** All that goes between members in a life of theirs, again, in the name of a victim each. */
function* replays(trial: Trial): Running {
  const stage = new Stage(trial, { name: 'packets again' });
  const caught: { readonly to: Member; readonly bytes: Uint8Array }[] = [];
  stage.onSent = ({ address, bytes }) => {
    const to = stage.at(address);
    if (to !== undefined) caught.push({ to, bytes: new Uint8Array(bytes) });
  };
  yield* converse(trial, stage);
  stage.onSent = undefined;
  const kinds = new Map<string, number>();
  for (const { to, bytes } of caught) {
    const kind = kindOf(bytes);
    const count = kinds.get(kind) ?? 0;
    kinds.set(kind, count + 1);
    for (const other of count < RUNS_MAX ? stage.honest : []) {
      // Whom it was for, and those who never saw it.
      if (other !== to && count >= FLOOD_KINDS) continue;
      stage.spoof(other, stage.nextStrike(), bytes);
      stage.fleet.world.runFor(MOMENT_MS);
    }
  }
  yield* end(trial, stage, OUTSIDER);
}

/** Copies of some packets come before the packets, in the name of a victim each. */
function* overtakes(trial: Trial): Running {
  const stage = new Stage(trial, { name: 'copies that overtake' });
  let count = 0;
  stage.onSent = ({ address, bytes }) => {
    const to = stage.at(address);
    if (to !== undefined && count++ % COPIED_EVERY === 0) stage.spoof(to, stage.nextStrike(), bytes);
  };
  yield* converse(trial, stage);
  stage.onSent = undefined;
  yield* end(trial, stage, EVER);
}

/** H1 of each kind in floods: as they were, and made up. */
function* floods(trial: Trial): Running {
  const stage = new Stage(trial, { name: 'H1 in floods' });
  const caught: Uint8Array[] = [];
  stage.onSent = ({ bytes }) => {
    if (bytes[0] === H1) caught.push(new Uint8Array(bytes));
  };
  yield* converse(trial, stage);
  stage.onSent = undefined;
  for (const bytes of caught) {
    const forged = new Uint8Array(bytes);
    forged[bytes.length - 1] = (forged[bytes.length - 1] ?? 0) ^ 1;
    for (const packet of [bytes, forged]) {
      for (let i = 0; i < RUNS_MAX; i++) {
        stage.spoof(stage.target, stage.nextStrike(), packet, 1 + (i % RUNS_MAX));
        if (i % FLOOD_PER_MS === 0) stage.fleet.world.runFor(1);
      }
      yield* trial.run(stage.fleet, 1000, stage.fleet.name);
    }
  }
  yield* end(trial, stage, OUTSIDER);
}

/** Sessions come and go, and there is something to say. */
function* converse(trial: Trial, { fleet, target, honest }: Stage): Running {
  yield* trial.run(fleet, SETTLE_MS, fleet.name);
  for (let restart = 0; restart < RESTARTS; restart++) {
    for (const one of honest) {
      for (const other of honest) if (other !== one) fleet.ask(one, other, 'id');
    }
    yield* trial.run(fleet, SETTLE_MS, fleet.name);
    const [relay] = honest;
    const restarted = restart === 0 ? target : relay;
    restarted?.host.restart('new');
    if (restart === RESTARTS - 1) restarted?.host.restart('lost');
    yield* trial.run(fleet, SETTLE_MS, fleet.name);
  }
}

function kindOf(bytes: Uint8Array): string {
  const first = bytes[0] ?? 0;
  return first === H1 ? `h1 ${(bytes[1] ?? 0) & PATTERN_BITS}` : `${first < 0x18 ? first : first & 0xf0}`;
}

// By a member

/** The same thing again and again, each time about another victim. */
function* strike(trial: Trial, attack: Attack, strikes: number): Running {
  const stage = new Stage(trial, attack);
  const { fleet } = stage;
  yield* trial.run(fleet, SETTLE_MS, fleet.name);
  for (let i = 0; i < strikes; i++) {
    const number = stage.nextStrike();
    stage.say(number, attack.say(number, stage), attack.isSpoofed);
    yield* trial.run(fleet, ALSO_MS, fleet.name);
    if (attack.also !== undefined) stage.say(number, attack.also(number, stage), attack.isSpoofed);
    yield* trial.run(fleet, attack.everyMs - ALSO_MS, fleet.name);
  }
  if (attack.isDialBack === true) {
    trial.measure(`${attack.name}: probes to where nobody is observed`, stage.probes, { atMost: 0 });
  }
  yield* end(trial, stage, EVER);
}

/** It hears the target no more, and speaks in the name of a victim only, while there is much to tell it. */
function* move(trial: Trial, strikes: number): Running {
  const stage = new Stage(trial, { name: 'a path moved away' });
  const { fleet, target, member, liar } = stage;
  member.host.command({ kind: 'subscribe', pattern: `${target.name}/news`, qos: 1 });
  yield* trial.run(fleet, SETTLE_MS, fleet.name);
  const [from, to] = [target.host.ports[0], member.host.ports[0]];
  if (from !== undefined && to !== undefined) stage.internet.block(from, to);
  const number = stage.nextStrike();
  liar.onPacket = (bytes, _, to) => {
    if (stage.at(to) !== target) return false;
    stage.spoof(target, number, bytes);
    return true;
  };
  for (let i = 0; i < strikes; i++) {
    target.host.command({ kind: 'publish', topic: 'news', body: new Uint8Array(NEWS_BYTES), qos: 1 });
    if (i % ASK_EVERY === 0) fleet.ask(member, target, 'id');
    yield* trial.run(fleet, NEWS_MS, fleet.name);
  }
  yield* end(trial, stage, EVER);
}

/** It is behind a box, and says in each PUNCH and SYNC that it is somewhere else. */
function* mislead(trial: Trial): Running {
  const stage = new Stage(trial, { name: 'PUNCH and SYNC with another address', isBoxed: true });
  const { fleet, liar, target, member } = stage;
  const number = stage.nextStrike();
  liar.change = (plain) => misplaced(plain, number);
  liar.onPacket = (bytes, isLie) => {
    if (isLie) stage.charge(number, bytes);
    return false;
  };
  yield* trial.run(fleet, SETTLE_MS, fleet.name);
  for (let i = 0; i < QUESTIONS; i++) {
    fleet.ask(i % 2 === 0 ? target : member, i % 2 === 0 ? member : target, 'id');
    yield* trial.run(fleet, SETTLE_MS, fleet.name);
  }
  yield* end(trial, stage, EVER);
}

/** Whoever knows nobody else asks it for addresses, and gets eight of victims. */
function* introduces(trial: Trial, strikes: number): Running {
  let isAsked = false;
  const stage = new Stage(trial, {
    ...{ name: 'addresses of victims for who looks for others', isAlone: true },
    onTold: (plain) => {
      if (isQuestion(plain)) isAsked = true;
    },
  });
  const { fleet } = stage;
  for (let said = 0; said < strikes; ) {
    yield* trial.run(fleet, LOOK_MS, fleet.name);
    if (!isAsked) continue;
    isAsked = false;
    said++;
    const number = stage.nextStrike();
    stage.say(number, introduction(number), false);
  }
  yield* end(trial, stage, EVER);
}

function* end(trial: Trial, stage: Stage, target: Target): Running {
  stage.liar.change = undefined;
  yield* trial.run(stage.fleet, AFTER_MS, stage.fleet.name);
  stage.measure(trial, target);
  stage.fleet.world.tap = undefined;
  trial.end(stage.fleet);
}
