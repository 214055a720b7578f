import { type Fleet, isServing, type Moment, shareOf, surveyReach, UNREACHABLE } from '@fogwisp/protocol/sim';

/** What is drawn of one virtual second. */
export interface Sample {
  readonly fleet: string;
  /** Of all worlds of the run, one after the other. */
  readonly atS: number;
  /** Share of the pairs of the destinations looked at, where some way leads. */
  readonly reached: number;
  readonly connected: number;
  readonly bytesPerSecond: number;
  readonly supernodes: number;
}

/** The graph as it was when the run ended. */
export interface Chart {
  readonly fleet: string;
  readonly edges: readonly (readonly [number, number])[];
  readonly nodes: readonly { readonly isPresent: boolean; readonly role: Role; readonly piece: number }[];
}
export type Role = 'member' | 'supernode';

const DESTINATION_COUNT = 16;
const SAMPLE_COUNT_MAX = 2000;

function roleOf(fleet: Fleet, index: number): Role {
  const member = fleet.members[index];
  return member !== undefined && isServing(member) ? 'supernode' : 'member';
}

/** Looks at a run each virtual second; of long ones only as often as can be drawn. */
export class Sampler {
  samples: Sample[] = [];
  #fleet: Fleet | undefined;
  #before = 0;
  #lastAt = 0;
  #lastBytes = 0;
  #stride = 1;
  #seen = 0;

  see({ fleet }: Moment): void {
    if (fleet !== this.#fleet) this.#open(fleet);
    if (this.#seen++ % this.#stride !== 0) return;
    const { world, members } = fleet;
    const model = fleet.model();
    const step = Math.max(1, Math.floor(members.length / DESTINATION_COUNT));
    const destinations = members.filter(({ index }) => index % step === 0).map(({ index }) => index);
    const present = model.pieceOf.filter((piece) => piece !== UNREACHABLE).length;
    const elapsedS = (world.now - this.#lastAt) / 1000;
    const bytes = fleet.sentBytes - this.#lastBytes;
    this.samples.push({
      fleet: fleet.name,
      atS: this.#before + world.now / 1000,
      reached: shareOf(surveyReach(fleet, model, destinations)),
      connected: present < 2 ? 1 : model.pairCount / (present * (present - 1)),
      bytesPerSecond: elapsedS > 0 ? bytes / elapsedS / Math.max(1, present) : 0,
      supernodes: members.filter(isServing).length,
    });
    this.#lastAt = world.now;
    this.#lastBytes = fleet.sentBytes;
    if (this.samples.length > SAMPLE_COUNT_MAX) this.#thin();
  }

  /** Of the last world. */
  map(): Chart | undefined {
    const fleet = this.#fleet;
    if (fleet === undefined) return undefined;
    const model = fleet.model();
    const nodes = fleet.members.map(({ index }) => ({
      isPresent: model.isPresent[index] === true,
      role: roleOf(fleet, index),
      piece: model.pieceOf[index] ?? UNREACHABLE,
    }));
    return { fleet: fleet.name, edges: fleet.wires.map(({ a, b }) => [a.host.index, b.host.index]), nodes };
  }

  #open(fleet: Fleet): void {
    this.#before = this.samples.at(-1)?.atS ?? 0;
    this.#fleet = fleet;
    this.#lastAt = 0;
    this.#lastBytes = 0;
  }

  #thin(): void {
    this.samples = this.samples.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }
}
