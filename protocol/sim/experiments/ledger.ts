import type { RoleReport } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';

type State = RoleReport['state'];
const SERVING: readonly State[] = ['super', 'retiring', 'handover'];

/** Who served how long, and how often somebody began or ended to; it takes the events of its fleet. */
export class Ledger {
  /** A crash is none. */
  changes = 0;
  readonly #fleet: Fleet;
  readonly #servedMs: number[];
  /** By member: since when it serves. */
  readonly #since: (number | undefined)[];

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#servedMs = fleet.members.map(() => 0);
    this.#since = fleet.members.map(({ role }) =>
      role !== undefined && SERVING.includes(role.state) ? fleet.world.now : undefined,
    );
    fleet.onEvent = (event, member) => {
      if (event.kind === 'role') this.#onRole(member, event.role.state);
    };
  }

  /** Until now. */
  servedMs({ index }: Member): number {
    const since = this.#since[index];
    const present = since === undefined ? 0 : this.#fleet.world.now - since;
    return (this.#servedMs[index] ?? 0) + present;
  }

  #onRole(member: Member, state: State): void {
    const { index } = member;
    const did = this.#since[index] !== undefined;
    const does = SERVING.includes(state);
    if (did === does) return;
    if (state !== 'listen') this.changes++;
    this.#servedMs[index] = this.servedMs(member);
    this.#since[index] = does ? this.#fleet.world.now : undefined;
  }
}

/** How evenly: 1 when all have the same, 1/n when one has everything (Jain's index). */
export function evenness(shares: readonly number[]): number {
  const sum = shares.reduce((total, each) => total + each, 0);
  const squares = shares.reduce((total, each) => total + each * each, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}
