import { attachedOf, coverageOf, isServing } from '../coverage.js';
import type { Fleet, Member } from '../fleet.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, servingCount, untilCovered, VIEW, WILLINGNESS_MAX } from './elected.js';

const SETTLE_MS = 240_000;
const CALM_MS = 30_000;
const WATCHED_MS = 90_000;
const WITHIN_S = 75;
const COVERED = 0.99;
/** A network of which this is less than one node may leave one alone. */
const ALONE_MAX = 0.07;
const REMOVED = 0.3;
const LOADS = [60, 80, 90] as const;
/** As many as a board takes. */
const SLOTS = 8;
const WANTED = 2;
const RESTART_MS = 60_000;

const ALONE = 'without one, most nodes at a time';
const BOTH_GONE =
  'of nodes with two supernodes each, 30 % of which die at random, one in twelve loses both and notices it ' +
  'after up to 28 s; whether that is more or less than 7 % of all is chance';

/** What took a day in December 2010. */
export const cascade: Experiment = {
  name: 'cascade',
  promise: 'a third of all supernodes dies under load: nearly all nodes keep one, all is whole after 75 s',
  control: 'a supernode that is full restarts, which takes a minute',
  nodes: 300,
  nodesQuick: 24,
  nodesMin: 16,
  shortfalls: Object.fromEntries(LOADS.map((load) => [`${load} %: ${ALONE}`, BOTH_GONE])),
  *run(trial: Trial): Running {
    for (const load of LOADS) {
      const { nodes } = trial.setting;
      const limits = { reservationCountMax: SLOTS };
      const degree = Math.min(VIEW, nodes >> 1);
      const fleet = electorate(trial, 'overlay', {}, { limits, willingness: 0, degree });
      for (const { host } of fleet.members.slice(0, supernodesFor(nodes, load / 100))) {
        host.command({ kind: 'setWillingness', value: WILLINGNESS_MAX });
      }
      yield* untilCovered(trial, fleet, SETTLE_MS, `${load} %: the first election`);
      yield* trial.run(fleet, CALM_MS, `${load} %: calming down`);
      yield* strike(trial, fleet, `${load} %`);
    }
  },
};

/** So many are filled to that share when each of the others holds two reservations. */
function supernodesFor(nodes: number, load: number): number {
  return Math.round((WANTED * nodes) / (SLOTS * load + WANTED));
}

function* strike(trial: Trial, fleet: Fleet, name: string): Running {
  const serving = fleet.members.filter(isServing);
  const held = serving.reduce((sum, { role }) => sum + (role?.serves.length ?? 0), 0);
  trial.measure(`${name}: slots taken before`, held / Math.max(1, serving.length * SLOTS));
  // Others serve now if they are needed: who is not elected in time is of no use here.
  for (const { host } of fleet.members) host.command({ kind: 'setWillingness', value: WILLINGNESS_MAX });
  const dying = trial.draw(fleet, fleet.members.length).filter((member) => serving.includes(member));
  dying.length = Math.round(serving.length * REMOVED);
  for (const { host } of dying) host.crash();
  const left = serving.length - dying.length;
  let attachedMin = 1;
  let servingMin = left;
  let coveredAfterS: number | undefined;
  for (let s = 1; s <= WATCHED_MS / 1000; s++) {
    if (trial.isControl) restartFull(fleet);
    yield* trial.run(fleet, 1000, `${name}: without ${dying.length} of ${serving.length} supernodes`);
    attachedMin = Math.min(attachedMin, attachedOf(fleet));
    servingMin = Math.min(servingMin, servingCount(fleet));
    if (coverageOf(fleet) >= COVERED) coveredAfterS ??= s;
  }
  const afterS = coveredAfterS ?? WATCHED_MS / 1000 + 1;
  trial.measure(`${name}: supernodes that live on`, left);
  trial.measure(`${name}: of these, fewest at a time`, servingMin, { atLeast: left });
  const present = fleet.members.length - dying.length;
  const alone = Math.round((1 - attachedMin) * present);
  trial.measure(`${name}: ${ALONE}`, alone, {
    atMost: Math.max(1, Math.floor(ALONE_MAX * present)),
  });
  trial.measure(`${name}: 99 % covered after, s`, afterS, { atMost: WITHIN_S });
}

/** What supernodes did that switched themselves off under load. */
function restartFull(fleet: Fleet): void {
  const isFull = (member: Member): boolean => (member.role?.serves.length ?? 0) >= SLOTS;
  for (const { host } of fleet.members.filter((member) => isServing(member) && isFull(member))) {
    host.crash();
    fleet.world.after(RESTART_MS, () => host.start());
  }
}
