import { attachedOf, coverageOf } from '../coverage.js';
import type { Fleet } from '../fleet.js';
import type { Experiment, Running, Trial } from '../trial.js';
import { electorate, servingCount, untilCovered } from './elected.js';
import { Ledger } from './ledger.js';

const SETTLE_MS = 180_000;
const CALM_MS = 60_000;
const UP_S = 4 * 3600;
const DOWN_S = 600;
const HOURS = 24;
const NODES = 200;
const HOUR_MS = 3_600_000;
/** Many see each other: what one does concerns all of them. */
const DEGREE = 12;
const MEAN_MIN = 0.999;
/** A network of which this is less than one node may leave one alone. */
const ALONE_MAX = 0.02;
const HOURS_MIN = 0.25;
const CHANGES_MAX = 1;

/** Nodes come and go all day long, without a word. */
export const churn: Experiment = {
  name: 'churn',
  promise:
    'while nodes run for 4 hours and are off for 10 minutes, all keep supernodes, and few change roles',
  control: 'terms of a minute',
  nodes: NODES,
  nodesQuick: 40,
  nodesMin: 16,
  shortfalls: {
    'with all that they want, mean':
      'a supernode that dies without a word is missed after 28 s, 3.5 heartbeats; until then those with ' +
      'a reservation there have one of two',
  },
  *run(trial: Trial): Running {
    const { nodes, isControl } = trial.setting;
    const rules = isControl ? { termMs: 60_000 } : {};
    const fleet = electorate(trial, 'constrained', rules, { degree: DEGREE });
    yield* untilCovered(trial, fleet, SETTLE_MS, 'the first election');
    yield* trial.run(fleet, CALM_MS, 'calming down');
    const ledger = new Ledger(fleet);
    const size = Math.min(1, nodes / NODES);
    const hours = Math.max(HOURS_MIN, HOURS * size * size);
    const covered = new Course();
    const attached = new Course();
    for (let ms = 0; ms < hours * HOUR_MS; ms += 1000) {
      churnOnce(trial, fleet);
      yield* trial.run(fleet, 1000, 'coming and going');
      covered.add(coverageOf(fleet));
      attached.add(attachedOf(fleet));
    }
    trial.measure('hours', hours);
    trial.measure('supernodes at the end', servingCount(fleet));
    trial.measure('with a supernode, mean', attached.mean, { atLeast: MEAN_MIN });
    const alone = Math.round((1 - attached.least) * nodes);
    trial.measure('without one, most nodes at a time', alone, { atMost: Math.max(1, ALONE_MAX * nodes) });
    trial.measure('with all that they want, mean', covered.mean, { atLeast: MEAN_MIN });
    trial.measure('with all that they want, at the worst', covered.least);
    const changes = ledger.changes / nodes / hours;
    trial.measure('role changes per node and hour', changes, { atMost: CHANGES_MAX });
  },
};

/** Without memory, so that each second is like every other. */
function churnOnce(trial: Trial, fleet: Fleet): void {
  for (const { host } of fleet.members) {
    if (!trial.random.chance(1 / (host.isPowered ? UP_S : DOWN_S))) continue;
    if (host.isPowered) host.crash('new');
    else host.start();
  }
}

/** A figure over time. */
class Course {
  least = 1;
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.least = Math.min(this.least, value);
    this.#sum += value;
    this.#count++;
  }

  get mean(): number {
    return this.#count === 0 ? 1 : this.#sum / this.#count;
  }
}
