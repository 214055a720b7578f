/**
 * As what others see one link of this node (SPEC §7.12): the address that each of a few observers reported,
 * and what follows from it about the box in between. Observers count by IP address: two on one address are
 * one.
 */
import type { MappingKind } from '../api.js';
import type { LinkAddress } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { ipOf, portOf } from '../packet/endpoint.js';

const OBSERVERS_MAX = 4;
/** Mappings that lie closer together were given out in order. */
const STEP_MAX = 16;

export interface Observation {
  readonly session: number;
  /** Where the observer is. */
  readonly ip: string;
  readonly address: LinkAddress;
  readonly at: Instant;
}

export interface Mapping {
  readonly kind: MappingKind;
  /** The one with the highest port: the newest where mappings are given out in order. */
  readonly address: LinkAddress | undefined;
  /** How far the next mapping lies from it. */
  readonly step: number;
}

const NOTHING: Mapping = { kind: 'unknown', address: undefined, step: 0 };

export class Reflexive {
  readonly #own: readonly LinkAddress[];
  #observations: Observation[] = [];
  #mapping: Mapping = NOTHING;

  constructor(own: readonly LinkAddress[]) {
    this.#own = own;
  }

  get observations(): readonly Observation[] {
    return this.#observations;
  }

  /** True when an observer sees another address than before: what the others said is out of date. */
  note(observation: Observation): boolean {
    const before = this.#observations.find(({ ip }) => ip === observation.ip);
    const isChanged = before !== undefined && before.address !== observation.address;
    const others = isChanged ? [] : this.#observations.filter((one) => one !== before);
    this.#observations = [...others.slice(1 - OBSERVERS_MAX), observation];
    this.#mapping = this.#conclude();
    return isChanged;
  }

  /** Asked for with every packet. */
  mapping(): Mapping {
    return this.#mapping;
  }

  #conclude(): Mapping {
    const { own, seen } = this.#told();
    if (seen.length === 0) return own === undefined ? NOTHING : { kind: 'none', address: own, step: 0 };
    const sorted = [...seen].sort((a, b) => portOf(a) - portOf(b));
    const address = sorted[sorted.length - 1];
    if (sorted.length === 1) return { kind: 'unknown', address, step: 0 };
    if (new Set(sorted).size === 1) return { kind: 'independent', address, step: 0 };
    const step = stepOf(sorted);
    return step === undefined ? { kind: 'random', address, step: 0 } : { kind: 'predictable', address, step };
  }

  /** What observers on the same network see says nothing about the box in front of it. */
  #told(): { readonly own: LinkAddress | undefined; readonly seen: readonly LinkAddress[] } {
    const addresses = this.#observations.map(({ address }) => address);
    const own = addresses.find((address) => this.#own.includes(address));
    return { own, seen: addresses.filter((address) => !this.#own.includes(address)) };
  }
}

/** The smallest distance of two ports, when none lies far from the next one and all on one IP address. */
function stepOf(sorted: readonly LinkAddress[]): number | undefined {
  let smallest = STEP_MAX;
  for (const [i, address] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before === undefined) continue;
    const distance = portOf(address) - portOf(before);
    if (ipOf(address) !== ipOf(before) || distance > STEP_MAX) return undefined;
    if (distance > 0 && distance < smallest) smallest = distance;
  }
  return smallest;
}
