import { closestHolders, indexKeyOf, shortBytes } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';
import { Model } from '../model.js';
import { tampering } from '../tampering.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, untilCovered } from './elected.js';
import { type Malice, spoiling } from './hostile.js';

const NODES = 100;
const SETTLE_MS = 180_000;
const CALM_MS = 60_000;
/** So few records fit that nearly every name must be looked up. */
const LIMITS = { recordCountMax: 16, sessionCountMax: 14 };
const DEGREE = 5;
const CHURN_MS = 3_600_000;
const CRASHES_PER_HOUR = 0.2;
const DOWN_MS = 600_000;
const ASK_EVERY_MS = 1000;
const PATIENCE_MS = 10_000;
const HOSTILE_SHARE = 0.2;
const HOSTILE_COUNT = 400;
const CHOSEN_COUNT = 200;
const TARGET_COUNT = 8;
const HOLDER_COUNT = 3;
const MALICE: readonly Malice[] = ['drop', 'lie', 'hide'];

/** Names are looked up while supernodes come and go, and while a fifth of them is hostile. */
export const lookups: Experiment = {
  name: 'index',
  promise:
    'names are found while a fifth of the supernodes crash each hour, and while a fifth drop, forge and hide',
  control: 'each record has one holder instead of three',
  nodes: NODES,
  nodesQuick: 40,
  nodesMin: 16,
  shortfalls: {
    'hostile at random: found by those closest':
      'hostile nodes on the way to those closest swallow questions and answers as well: then everybody is ' +
      'asked, which finds nearly all',
    'hostile at chosen positions: found':
      'all three who keep the record hide it, so everybody is asked; where a hostile node is on all ways ' +
      'that the answers take back, it swallows these too',
  },
  *run(trial: Trial): Running {
    const indexRules = trial.isControl ? { holderCount: 1 } : {};
    yield* churning(trial, indexRules);
    yield* hostile(trial, indexRules);
  },
};

function* churning(trial: Trial, indexRules: { holderCount?: number }): Running {
  const fleet = electorate(trial, 'constrained', {}, { limits: LIMITS, degree: DEGREE, indexRules });
  yield* untilCovered(trial, fleet, SETTLE_MS, 'churn: the first election');
  yield* trial.run(fleet, CALM_MS, 'churn: calming down');
  const clerk = new Clerk(fleet);
  const untilMs = fleet.world.now + CHURN_MS;
  const offUntil = new Map<Member, number>();
  let crashes = 0;
  while (fleet.world.now < untilMs) {
    crashes += crashOnce(trial, fleet, clerk, offUntil);
    ask(trial, fleet);
    yield* trial.run(fleet, ASK_EVERY_MS, 'churn: looking up names');
  }
  yield* trial.run(fleet, PATIENCE_MS, 'churn: the last answers');
  trial.measure('churn: supernodes that keep records', holdersOf(fleet).length);
  trial.measure('churn: crashes of supernodes', crashes);
  clerk.measure(trial, 'churn', { found: 0.999, byHolders: 0.99 });
}

function* hostile(trial: Trial, indexRules: { holderCount?: number }): Running {
  const malice = new Map<number, Malice>();
  const { suite } = trial.setting;
  const suiteOf = (index: number) =>
    tampering(
      suite,
      spoiling(() => malice.get(index)),
    );
  const fleet = electorate(trial, 'constrained', {}, { limits: LIMITS, degree: DEGREE, indexRules, suiteOf });
  yield* untilCovered(trial, fleet, SETTLE_MS, 'hostile: the first election');
  yield* trial.run(fleet, CALM_MS, 'hostile: calming down');
  const holders = [...holdersOf(fleet)];
  trial.random.shuffle(holders);
  const count = Math.max(1, Math.round(holders.length * HOSTILE_SHARE));
  for (const [i, { index }] of holders.slice(0, count).entries()) {
    malice.set(index, MALICE[i % MALICE.length] ?? 'drop');
  }
  trial.measure('hostile: supernodes that keep records', holders.length);
  trial.measure('hostile: of them hostile', count);
  const clerk = new Clerk(fleet);
  for (let i = 0; i < HOSTILE_COUNT; i++) {
    ask(trial, fleet, malice);
    yield* trial.run(fleet, ASK_EVERY_MS, 'hostile at random: looking up names');
  }
  yield* trial.run(fleet, PATIENCE_MS, 'hostile at random: the last answers');
  clerk.measure(trial, 'hostile at random', { found: 0.99, byHolders: 0.95 });
  yield* chosen(trial, fleet, malice);
}

/** Some have names whose keys are closest to those that are hostile: as if these had chosen their ids so. */
function* chosen(trial: Trial, fleet: Fleet, malice: ReadonlyMap<number, Malice>): Running {
  const targets = trial
    .draw(fleet, fleet.members.length)
    .filter(({ role }) => role?.state === 'leaf')
    .slice(0, TARGET_COUNT);
  for (const target of targets) {
    target.name = nameAtHostile(trial, fleet, malice, target.name);
    target.host.restart();
  }
  yield* trial.run(fleet, CALM_MS, 'hostile at chosen positions: new names');
  const clerk = new Clerk(fleet);
  for (let i = 0; i < CHOSEN_COUNT; i++) {
    const to = targets[i % targets.length];
    const from = trial.random.pick(fleet.members.filter(({ index }) => !malice.has(index)));
    const isJoined = to !== undefined && honest(fleet, malice).isConnected(from.index, to.index);
    if (isJoined) fleet.ask(from, to, 'name', PATIENCE_MS);
    yield* trial.run(fleet, ASK_EVERY_MS, 'hostile at chosen positions: looking up names');
  }
  yield* trial.run(fleet, PATIENCE_MS, 'hostile at chosen positions: the last answers');
  clerk.measure(trial, 'hostile at chosen positions', { found: 0.99 });
}

function nameAtHostile(
  trial: Trial,
  fleet: Fleet,
  malice: ReadonlyMap<number, Malice>,
  base: string,
): string {
  const holders = holdersOf(fleet);
  const ids = holders.map(({ identity }) => shortBytes(identity.short));
  const wanted = Math.min(HOLDER_COUNT, malice.size);
  for (let i = 0; ; i++) {
    const name = `${base}-${i}`;
    const key = indexKeyOf(trial.setting.suite, fleet.network.key, 'name', name);
    const near = closestHolders(key, ids, wanted).map((id) => holders[ids.indexOf(id)]);
    if (near.every((holder) => holder !== undefined && malice.has(holder.index))) return name;
  }
}

/** What is possible without those who mean harm: where all ways lead through them nobody finds anybody. */
function honest(fleet: Fleet, malice?: ReadonlyMap<number, Malice>): Model {
  const { graph, isPresent } = fleet.model();
  return new Model(
    graph,
    isPresent.map((is, index) => is && malice?.has(index) !== true),
  );
}

/** Of two that are connected; who means harm neither asks nor is asked for. */
function ask(trial: Trial, fleet: Fleet, malice?: ReadonlyMap<number, Malice>): void {
  const there = fleet.members.filter(({ host, index }) => host.isRunning && malice?.has(index) !== true);
  const [from, to] = [trial.random.pick(there), trial.random.pick(there)];
  if (!honest(fleet, malice).isConnected(from.index, to.index)) return;
  fleet.ask(from, to, 'name', PATIENCE_MS);
}

function holdersOf(fleet: Fleet): readonly Member[] {
  return fleet.members.filter(
    ({ host, role }) => host.isRunning && (role?.state === 'super' || role?.state === 'retiring'),
  );
}

/** Gives how many crashed. */
function crashOnce(trial: Trial, fleet: Fleet, clerk: Clerk, offUntil: Map<Member, number>): number {
  let crashes = 0;
  const chance = (CRASHES_PER_HOUR * ASK_EVERY_MS) / 3_600_000;
  for (const member of holdersOf(fleet)) {
    if (!trial.random.chance(chance)) continue;
    clerk.close(member);
    member.host.crash('new');
    offUntil.set(member, fleet.world.now + DOWN_MS);
    crashes++;
  }
  for (const [member, until] of offUntil) {
    if (until > fleet.world.now) continue;
    offUntil.delete(member);
    member.host.start();
    clerk.open(member);
  }
  return crashes;
}

/** Counts the look-ups of all nodes from now on. */
class Clerk {
  readonly #fleet: Fleet;
  readonly #before = new Map<Member, Tally>();
  readonly #sum: Tally = { byHolders: 0, byRings: 0, inVain: 0 };

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    for (const member of fleet.members) this.open(member);
  }

  open(member: Member): void {
    if (member.host.isRunning) this.#before.set(member, { ...member.node.figures().index });
  }

  /** Its life, and what it counted, is about to end. */
  close(member: Member): void {
    const before = this.#before.get(member);
    this.#before.delete(member);
    if (before === undefined || !member.host.isRunning) return;
    const { byHolders, byRings, inVain } = member.node.figures().index;
    this.#sum.byHolders += byHolders - before.byHolders;
    this.#sum.byRings += byRings - before.byRings;
    this.#sum.inVain += inVain - before.inVain;
  }

  measure(trial: Trial, name: string, atLeast: { found: number; byHolders?: number }): void {
    for (const member of this.#fleet.members) this.close(member);
    const { byHolders, byRings, inVain } = this.#sum;
    const all = byHolders + byRings + inVain;
    trial.measure(`${name}: look-ups`, all, { atLeast: 1 });
    trial.measure(`${name}: found`, (byHolders + byRings) / all, { atLeast: atLeast.found });
    const share = `${name}: found by those closest`;
    if (atLeast.byHolders === undefined) trial.measure(share, byHolders / all);
    else trial.measure(share, byHolders / all, { atLeast: atLeast.byHolders });
  }
}

interface Tally {
  byHolders: number;
  byRings: number;
  inVain: number;
}
