import { shortKeyOf } from '../identity/id.js';
import { equalBytes } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { ACCEPTING, ENTRY_BYTES, ROOMY, Standing, standingOf } from './flags.js';
import { type NeighborViews, NONE, View } from './views.js';

/** A supernode within two hops, as one neighbour shows it. */
export interface Sighting {
  readonly peer: ShortKey;
  readonly flags: number;
  /** The row of the neighbour that it is, or that listed it: the first hop to it. */
  readonly firstHop: number;
  readonly isNeighbor: boolean;
}

/** What bounds a comparison of all sightings with each other. */
const SIGHTING_COUNT_MAX = 64;

/** Supernodes that this node can see through its neighbours, itself not among them (SPEC §8.5). */
export class Horizon {
  readonly #views: NeighborViews;
  readonly #self: Uint8Array;

  #open: readonly ShortKey[] = [];
  #reliefAt: Instant = -Infinity;

  constructor(views: NeighborViews, self: Uint8Array) {
    this.#views = views;
    this.#self = self;
  }

  /** When one that takes reservations came in sight last. */
  get reliefAt(): Instant {
    return this.#reliefAt;
  }

  /** What is in sight now. */
  look(now: Instant): readonly Sighting[] {
    const seen = this.#sightings();
    const open = seen.filter(isOpen).map(({ peer }) => peer);
    if (open.some((peer) => !this.#open.includes(peer))) this.#reliefAt = now;
    this.#open = open;
    return seen;
  }

  /** The neighbours that list it. */
  neighborsNear(supernode: ShortKey): readonly ShortKey[] {
    return this.#sightings()
      .filter(({ peer, isNeighbor }) => peer === supernode && !isNeighbor)
      .map(({ firstHop }) => this.#views.key(firstHop));
  }

  /** A supernode that several neighbours show comes several times; neighbours come first. */
  #sightings(): readonly Sighting[] {
    const views = this.#views;
    const seen: Sighting[] = [];
    for (let row = 0; row < views.rowEnd; row++) {
      if (views.standing(row) === Standing.leaf) continue;
      seen.push({
        peer: views.key(row),
        flags: views.cells.get(row, View.flags),
        firstHop: row,
        isNeighbor: true,
      });
    }
    for (let row = 0; row < views.rowEnd && seen.length < SIGHTING_COUNT_MAX; row++) {
      if (views.hasSpoken(row)) this.#addListed(row, seen);
    }
    return seen;
  }

  #addListed(row: number, seen: Sighting[]): void {
    const list = this.#views.list(row);
    for (let at = 0; at + ENTRY_BYTES <= list.length; at += ENTRY_BYTES) {
      const id = list.subarray(at, at + ENTRY_BYTES - 1);
      const flags = list[at + ENTRY_BYTES - 1] ?? 0;
      // A neighbour speaks for itself.
      if (equalBytes(id, this.#self) || this.#views.findShort(id) !== NONE) continue;
      if (standingOf(flags) === Standing.leaf) continue;
      seen.push({ peer: shortKeyOf(id), flags, firstHop: row, isNeighbor: false });
    }
  }
}

export function isServing({ flags }: Sighting): boolean {
  return standingOf(flags) === Standing.serving;
}

export function isOpen(sighting: Sighting): boolean {
  return isServing(sighting) && (sighting.flags & ACCEPTING) !== 0;
}

/** Could take somebody over and be at most 60 % full. */
export function isRoomy(sighting: Sighting): boolean {
  return isOpen(sighting) && (sighting.flags & ROOMY) !== 0;
}

export function countPeers(sightings: readonly Sighting[]): number {
  let count = 0;
  for (let i = 0; i < sightings.length; i++) {
    const { peer } = sightings[i] as Sighting;
    if (sightings.findIndex((other) => other.peer === peer) === i) count++;
  }
  return count;
}

/** Whether two different ones can be reached by two different first hops. */
export function areApart(sightings: readonly Sighting[]): boolean {
  return sightings.some((one) =>
    sightings.some((other) => other.peer !== one.peer && other.firstHop !== one.firstHop),
  );
}
