import type { Checker, Step } from './checker.js';
import type { Fleet } from './fleet.js';
import type { Host } from './host.js';
import type { World } from './world.js';

/**
 * After a restart others may still point at the life before, which no packet can reach, for their hold
 * time.
 */
const FORMER_LIFE_MS = 130_000;

/**
 * No packet goes round: the next hops of all nodes to one place never lead back. A loop can only close at
 * the node that just changed its mind, so only that is followed, to some destinations.
 */
export class LoopFree implements Checker {
  readonly name = 'no loops';
  readonly #count: number;
  readonly #hops = new Map<Host, (string | undefined)[]>();
  readonly #bornAt = new Map<Host, number>();
  #fleet: Fleet | undefined;

  /** Of so many destinations, spread over all. */
  constructor(count: number) {
    this.#count = count;
  }

  watch(fleet: Fleet): void {
    this.#fleet = fleet;
  }

  afterStep(world: World, { host, input }: Step): string | undefined {
    const fleet = this.#fleet;
    if (fleet === undefined) return undefined;
    if (input === undefined) {
      this.#bornAt.set(host, world.now);
      this.#hops.delete(host);
    }
    const { members } = fleet;
    const hops = this.#hops.get(host) ?? [];
    this.#hops.set(host, hops);
    const stride = Math.max(1, Math.floor(members.length / this.#count));
    for (let i = 0, to = 0; to < members.length; to += stride, i++) {
      const short = members[to]?.identity.short ?? '';
      const hop = members[host.index]?.node.nextHop(short);
      if (hop === hops[i]) continue;
      hops[i] = hop;
      const loop = hop === undefined ? undefined : this.#loop(fleet, host.index, to);
      if (loop !== undefined) return `to ${members[to]?.host.name}: ${loop.join(' ')}`;
    }
    return undefined;
  }

  /** The way that leads back to where it began, undefined when none does. */
  #loop(fleet: Fleet, from: number, to: number): readonly number[] | undefined {
    const short = fleet.members[to]?.identity.short ?? '';
    const way = [from];
    let at = from;
    while (at !== to) {
      const member = fleet.members[at];
      const hop = member?.host.isPowered === true ? member.node.nextHop(short) : undefined;
      const next = hop === undefined ? undefined : fleet.indexOf(hop);
      if (next === undefined) return undefined;
      way.push(next);
      if (next === from) return way.some((each) => this.#isYoung(fleet, each)) ? undefined : way;
      if (way.length > fleet.members.length) return undefined;
      at = next;
    }
    return undefined;
  }

  #isYoung(fleet: Fleet, index: number): boolean {
    const host = fleet.members[index]?.host;
    const bornAt = host === undefined ? undefined : this.#bornAt.get(host);
    return bornAt !== undefined && bornAt > 0 && fleet.world.now < bornAt + FORMER_LIFE_MS;
  }
}
