import type { Cells } from '../kernel/cells.js';
import type { RouteEntries, RouteEntry } from '../packet/message.js';
import { FIELD_TYPES } from '../packet/message-table.js';
import { RouteList } from '../packet/route-list.js';
import { NOBODY } from './candidate.js';
import type { DestinationIndex } from './destination.js';
import { METRIC_INFINITY } from './metric.js';
import type { NeighborTable } from './neighbor.js';
import { Cell } from './neighbor-cells.js';
import { Reach } from './reach.js';
import { Receipts } from './receipt.js';
import type { RouteTable } from './route.js';
import { entryBytes, mixRoute, ROUTES_BYTES } from './route-entry.js';
import { bootOf, counterOf } from './sequence.js';
import { shortIdBytes } from './short-id.js';

/**
 * Who was told what (SPEC §8.2). There are no periodic updates: each route goes to each neighbour when it
 * changes, and both ends keep a 16-bit digest of what one told the other, which every heartbeat carries. The
 * digest is the sum of one mix per route, so it does not depend on the order and follows a change in one
 * step. The receiver keeps the mix of every route, also of those it has no place for as candidates; zero
 * means that there is none.
 *
 * Per neighbour and destination 4 B, in one array for all: the mix while it is live, and how many links away
 * it says to be; marks while its session lasts.
 */

const IS_DIRTY = 1;
const IS_TOLD = 2;
/** The neighbour searched for it (SPEC §8.10), so it is told however far away it is. */
const IS_WANTED = 4;
const MARKS = 0xff;
/** The mix is in the bits above the marks, the hops in those above that. */
const MIX_SHIFT = 8;
const MIX_MASK = 0xffff;
const HOPS_SHIFT = 24;

const ENTRIES_MAX = FIELD_TYPES['route-list'].max;

/** So many at first: a board has no more. */
const ROWS_MIN = 128;

export class AdvertTable {
  readonly #neighbors: NeighborTable;
  readonly #index: DestinationIndex;
  readonly #routes: RouteTable;
  readonly #cells: Cells;
  /**
   * Marks and mix, by route row and neighbour: for as many of both as there were at once. What is beyond its
   * end is 0.
   */
  #words = new Uint32Array(0);
  #neighborCount = 0;
  /** By route row: the message with the last retraction of it. */
  readonly #retractedIn: Uint32Array;
  readonly reach: Reach;
  readonly receipts: Receipts;

  constructor(neighbors: NeighborTable, index: DestinationIndex, routes: RouteTable) {
    this.#neighbors = neighbors;
    this.#index = index;
    this.#routes = routes;
    this.#cells = neighbors.cells;
    this.#retractedIn = new Uint32Array(index.rowCount);
    this.reach = new Reach(neighbors.cells);
    this.receipts = new Receipts(neighbors.cells);
  }

  /** The neighbour is live: it is told everything, and what it was told before and is no more. */
  open(neighbor: number): void {
    if (!this.#hasMarks(neighbor)) this.reach.open(neighbor);
    this.#makeRoom(neighbor);
    this.#cells.set(neighbor, Cell.hasMarks, 1);
    this.#cells.set(neighbor, Cell.hasMixes, 1);
    this.forgetHeard(neighbor);
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if (this.#marks(neighbor, row) !== 0) this.touchFor(neighbor, row);
    }
    this.touchAll(neighbor);
  }

  /** It is not live. It may not have noticed, so what it was told still counts. */
  leave(neighbor: number): void {
    this.forgetHeard(neighbor);
    this.#cells.set(neighbor, Cell.hasMixes, 0);
    this.#cells.set(neighbor, Cell.isPending, 0);
  }

  /** Its session is over, and with it all that it was told. */
  close(neighbor: number): void {
    this.leave(neighbor);
    for (let row = 0; row < this.#index.rowEnd; row++) this.#mark(neighbor, row, 0);
    this.#cells.set(neighbor, Cell.hasMarks, 0);
    this.receipts.close(neighbor);
  }

  /** Every live neighbour must hear of the row. */
  touch(row: number): void {
    for (let neighbor = 0; neighbor < this.#neighborCount; neighbor++) this.touchFor(neighbor, row);
  }

  touchFor(neighbor: number, row: number): void {
    if (!this.#hasMixes(neighbor)) return;
    this.#mark(neighbor, row, this.#marks(neighbor, row) | IS_DIRTY);
    this.#cells.set(neighbor, Cell.isPending, 1);
  }

  /** Everything is told again. */
  touchAll(neighbor: number): void {
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if (this.#isTellable(neighbor, row)) this.touchFor(neighbor, row);
    }
  }

  /** It wants to be told as far as that, and no further. */
  setReach(neighbor: number, hops: number, landmarkHops: number): void {
    if (this.reach.set(neighbor, hops, landmarkHops)) this.#touchChanged(neighbor);
  }

  /** Its link has that bit rate. */
  reviewLink(neighbor: number, bitrate: number): void {
    const routes = this.#index.rowCount - this.#index.freeCount;
    if (this.reach.review(neighbor, bitrate, routes)) this.#touchChanged(neighbor);
  }

  /** Another set of routes is told to it now. */
  #touchChanged(neighbor: number): void {
    if (!this.#hasMarks(neighbor)) return;
    for (let row = 0; row < this.#index.rowEnd; row++) {
      const isTold = (this.#marks(neighbor, row) & IS_TOLD) !== 0;
      if (isTold !== this.#isTellable(neighbor, row)) this.touchFor(neighbor, row);
    }
  }

  /** The neighbour searched for that destination: it is told of it from now on. */
  want(neighbor: number, row: number): void {
    if (!this.#hasMarks(neighbor)) return;
    this.#mark(neighbor, row, this.#marks(neighbor, row) | IS_WANTED);
    this.touchFor(neighbor, row);
  }

  unwant(neighbor: number, row: number): void {
    if (!this.#hasMarks(neighbor)) return;
    this.#mark(neighbor, row, this.#marks(neighbor, row) & ~IS_WANTED);
    this.touchFor(neighbor, row);
  }

  isPending(neighbor: number): boolean {
    return this.#cells.get(neighbor, Cell.isPending) === 1;
  }

  /**
   * The next entries for a neighbour that fit `bytesMax` as one message, one at least; empty when all is
   * told.
   */
  shift(neighbor: number, bytesMax: number): RouteEntries {
    const entries = new RouteList();
    if (!this.isPending(neighbor) || !this.#hasMarks(neighbor)) return entries;
    let bytes = ROUTES_BYTES;
    for (let row = 0; row < this.#index.rowEnd; row++) {
      const marks = this.#marks(neighbor, row);
      if ((marks & IS_DIRTY) === 0) continue;
      const isTellable = this.#isTellable(neighbor, row);
      if (isTellable || (marks & IS_TOLD) !== 0) {
        if (!isTellable) this.#retractedIn[row] = this.receipts.next;
        const entry = this.#entry(row, isTellable);
        bytes += entryBytes(entry);
        if ((bytes > bytesMax && entries.length > 0) || entries.length === ENTRIES_MAX) return entries;
        entries.push(entry);
      }
      this.#mark(neighbor, row, (marks & IS_WANTED) | (isTellable ? IS_TOLD : 0));
    }
    this.#cells.set(neighbor, Cell.isPending, 0);
    return entries;
  }

  /** Of all that the neighbour was told, as it stands now. */
  toldDigest(neighbor: number): number {
    let digest = 0;
    if (!this.#hasMarks(neighbor)) return digest;
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if ((this.#marks(neighbor, row) & IS_TOLD) !== 0) digest += this.#mix(row);
    }
    return digest & 0xffff;
  }

  /** Of all that the neighbour told. */
  heardDigest(neighbor: number): number {
    return this.#cells.get(neighbor, Cell.heardDigest);
  }

  /** Notes what the neighbour told, mix 0 for a retraction; false when it is what it told before. */
  hear(neighbor: number, row: number, mix: number, hops = 0): boolean {
    const before = this.#heardMix(neighbor, row);
    if (!this.#hasMixes(neighbor) || mix === before) return false;
    this.#makeRows(row);
    const told = (hops << HOPS_SHIFT) | (mix << MIX_SHIFT);
    this.#words[this.#at(neighbor, row)] = told | this.#marks(neighbor, row);
    this.#cells.set(neighbor, Cell.heardDigest, (this.heardDigest(neighbor) + mix - before) & 0xffff);
    return true;
  }

  /** What it told is not known any more, until it tells it again. */
  forgetHeard(neighbor: number): void {
    for (let row = 0; row < this.#index.rowEnd; row++) {
      if (this.isOfferedBy(neighbor, row)) this.#words[this.#at(neighbor, row)] = this.#marks(neighbor, row);
    }
    this.#cells.set(neighbor, Cell.heardDigest, 0);
  }

  isOfferedBy(neighbor: number, row: number): boolean {
    return this.#heardMix(neighbor, row) !== 0;
  }

  isOffered(row: number): boolean {
    for (let neighbor = 0; neighbor < this.#neighborCount; neighbor++) {
      if (this.isOfferedBy(neighbor, row)) return true;
    }
    return false;
  }

  /** How many links it is from a neighbour that offers a route, as it says. */
  offeredHops(neighbor: number, row: number): number {
    return (this.#words[this.#at(neighbor, row)] ?? 0) >>> HOPS_SHIFT;
  }

  /** Who offers the route with the fewest links, NOBODY when nobody does. */
  nearestOfferer(row: number): number {
    let nearest = NOBODY;
    for (let neighbor = 0; neighbor < this.#neighborCount; neighbor++) {
      if (!this.isOfferedBy(neighbor, row)) continue;
      const isNearer = nearest === NOBODY || this.offeredHops(neighbor, row) < this.offeredHops(nearest, row);
      if (isNearer) nearest = neighbor;
    }
    return nearest;
  }

  /** Whether some live neighbour still believes that there is a route. */
  isTold(row: number): boolean {
    for (let neighbor = 0; neighbor < this.#neighborCount; neighbor++) {
      if (this.#hasMixes(neighbor) && (this.#marks(neighbor, row) & IS_TOLD) !== 0) return true;
    }
    return false;
  }

  /**
   * Whether no neighbour can point here for that row any more: each that was told has taken the retraction.
   */
  isQuiet(row: number): boolean {
    const retractedIn = this.#retractedIn[row] ?? 0;
    for (let neighbor = 0; neighbor < this.#neighborCount; neighbor++) {
      if (!this.#hasMarks(neighbor)) continue;
      const isTold = (this.#marks(neighbor, row) & IS_TOLD) !== 0;
      if (isTold || !this.receipts.hasTaken(neighbor, retractedIn)) return false;
    }
    return true;
  }

  /** The row is free for another destination. */
  forget(row: number): void {
    for (let neighbor = 0; neighbor < this.#neighborCount; neighbor++) this.#mark(neighbor, row, 0);
    this.#retractedIn[row] = 0;
  }

  /** While its session lasts. */
  #hasMarks(neighbor: number): boolean {
    return this.#cells.get(neighbor, Cell.hasMarks) === 1;
  }

  /** While it is live. */
  #hasMixes(neighbor: number): boolean {
    return this.#cells.get(neighbor, Cell.hasMixes) === 1;
  }

  #marks(neighbor: number, row: number): number {
    return (this.#words[this.#at(neighbor, row)] ?? 0) & MARKS;
  }

  #mark(neighbor: number, row: number, marks: number): void {
    const at = this.#at(neighbor, row);
    if (marks !== 0) this.#makeRows(row);
    this.#words[at] = ((this.#words[at] ?? 0) & ~MARKS) | marks;
  }

  #heardMix(neighbor: number, row: number): number {
    return ((this.#words[this.#at(neighbor, row)] ?? 0) >>> MIX_SHIFT) & MIX_MASK;
  }

  #at(neighbor: number, row: number): number {
    return row * this.#neighborCount + neighbor;
  }

  /** Twice as many neighbours as before, until this one is among them. */
  #makeRoom(neighbor: number): void {
    const before = this.#neighborCount;
    if (neighbor < before) return;
    let count = Math.max(1, before);
    while (count <= neighbor) count *= 2;
    const rows = before === 0 ? this.#rowsFor(0) : this.#words.length / before;
    const words = new Uint32Array(rows * count);
    for (let row = 0; row < rows; row++) {
      words.set(this.#words.subarray(row * before, (row + 1) * before), row * count);
    }
    this.#words = words;
    this.#neighborCount = count;
  }

  /** Twice as many rows as before, until this one is among them. */
  #makeRows(row: number): void {
    if (row * this.#neighborCount < this.#words.length) return;
    const words = new Uint32Array(this.#rowsFor(row) * this.#neighborCount);
    words.set(this.#words);
    this.#words = words;
  }

  #rowsFor(row: number): number {
    let count = ROWS_MIN;
    while (count <= row) count *= 2;
    return Math.min(count, this.#index.rowCount);
  }

  /**
   * A neighbour is not told of itself, nor of what goes through it (split horizon), nor of what is further
   * than it wants, unless it searched for it.
   */
  #isTellable(neighbor: number, row: number): boolean {
    if ((this.#routes.metric[row] ?? METRIC_INFINITY) === METRIC_INFINITY) return false;
    if (this.#routes.neighbor[row] === neighbor) return false;
    const isItself =
      this.#index.high[row] === this.#neighbors.high(neighbor) &&
      this.#index.low[row] === this.#neighbors.low(neighbor);
    if (isItself) return false;
    const isWanted = (this.#marks(neighbor, row) & IS_WANTED) !== 0;
    return isWanted || this.reach.covers(neighbor, this.#routes.hops[row] ?? 0, this.#routes.flags[row] ?? 0);
  }

  #entry(row: number, isTellable: boolean): RouteEntry {
    const sequence = this.#routes.sequence[row] ?? 0;
    return {
      destination: shortIdBytes(this.#index.high[row] ?? 0, this.#index.low[row] ?? 0),
      boot: bootOf(sequence),
      sequence: counterOf(sequence),
      metric: isTellable ? (this.#routes.metric[row] ?? METRIC_INFINITY) : METRIC_INFINITY,
      hops: isTellable ? (this.#routes.hops[row] ?? 0) : 0,
      mtu: isTellable ? (this.#routes.mtu[row] ?? 0) : 0,
      flags: isTellable ? (this.#routes.flags[row] ?? 0) : 0,
    };
  }

  #mix(row: number): number {
    const { sequence, metric, hops, mtu, flags } = this.#routes;
    const rest = {
      metric: metric[row] ?? 0,
      hops: hops[row] ?? 0,
      mtu: mtu[row] ?? 0,
      flags: flags[row] ?? 0,
    };
    return mixRoute(this.#index.high[row] ?? 0, this.#index.low[row] ?? 0, sequence[row] ?? 0, rest);
  }
}
