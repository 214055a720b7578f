import { equalBytes, readU32 } from '../kernel/bytes.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';
import { ROUTE_IS_LANDMARK, type RouteSeek, type RouteSeekBack } from '../packet/message.js';
import { NOBODY } from './candidate.js';
import type { RoutingMessage } from './doors.js';
import { NONE } from './neighbor.js';
import { Cell } from './neighbor-cells.js';
import type { Room } from './room.js';
import { OWN_ROW } from './route.js';
import { LANDMARK_COUNT_MAX, SearchRows, Seek } from './search-rows.js';
import { shortIdBytes, shortKey } from './short-id.js';
import { type RouteTables, reportRoute } from './tables.js';

/**
 * Searches for destinations that the table does not hold (SPEC §8.10). A search goes to neighbours that say
 * that the destination is next to them, to everybody within 2 hops, to supernodes that may know a way, and to
 * everybody within 4, 8 ... hops. Whoever knows a way tells it to the neighbour that asked, as a route like
 * any other, and so does that neighbour, back to the source; the search itself goes on along the way, and the
 * destination asks back for the source in the same manner. Both ways are made of routes that obey
 * feasibility, so there is no loop in them.
 */

const HOPS_ALL = 255;
const RINGS = [2, 4, 8, 16, 32, 64, HOPS_ALL] as const;
/** An answer may take so long, and a share for each hop there. */
const RING_MS = 300;
const HOP_MS = 100;
const HOPS_WAITED_MAX = 64;
/** Supernodes may be that far away. */
const LANDMARK_HOPS_WAITED = 8;
/** A supernode that knows no way asks those around, as the destination is near it. */
const LANDMARK_RING = 3;
/** Neighbours that say that the destination is next to them. */
const NEAR_COUNT_MAX = 2;
/** Where a way is known the way back is asked for once in this time. */
const BACK_MS = 2 * SECOND_MS;
/** A search of others is remembered as long as answers may come. */
const REMEMBERED_MS = 20 * SECOND_MS;
/** A search in vain is not begun anew before. */
const REST_MS = 30 * SECOND_MS;
/** Searches that go to everybody, by neighbour: so much in a row, one a second on the average. */
const PASS_MS = SECOND_MS;
const BURST_MS = 15 * SECOND_MS;
/** And to a neighbour behind a link below that bit rate. */
const SLOW_BITRATE_MAX = 9999;
const SLOW_PASS_MS = 2 * SECOND_MS;

/** Who may know a way. */
export interface SeekHints {
  /** Short ids of supernodes that the destination relies on. */
  readonly landmarks: readonly Uint8Array[];
  /** Short ids of neighbours that say that the destination is next to them. */
  readonly near: readonly Uint8Array[];
}

export class RouteSearch {
  readonly #tables: RouteTables;
  readonly #room: Room;
  readonly #rows: SearchRows;

  constructor(tables: RouteTables, room: Room) {
    this.#tables = tables;
    this.#room = room;
    this.#rows = new SearchRows(tables.index.rowCount);
  }

  nextTimeout(): Instant {
    return this.#rows.nextTimeout();
  }

  /** This node wants a way there and back. Landmarks that come later guide a search that is under way. */
  seek(now: Instant, high: number, low: number, { landmarks, near }: SeekHints): void {
    const { index, routes } = this.#tables;
    const row = index.find(high, low);
    if (row === OWN_ROW) return;
    const next = row === NONE ? NOBODY : (routes.neighbor[row] ?? NOBODY);
    if (next !== NOBODY) this.#makeOwn(row);
    if (next !== NOBODY && !this.#mayBeOneSided(row)) return;
    const [ownHigh, ownLow] = [index.high[OWN_ROW] ?? 0, index.low[OWN_ROW] ?? 0];
    const underWay = this.#rows.find(high, low, ownHigh, ownLow);
    if (underWay !== NONE) return this.#guide(now, underWay, landmarks);
    const at = this.#rows.add(high, low, ownHigh, ownLow, now);
    if (at === NONE) return this.#drop();
    if (next !== NOBODY) return this.#askBackAlong(now, at, next);
    this.#setLandmarks(at, landmarks);
    if (!this.#askNear(now, at, near)) this.#widen(now, at);
  }

  /** What is further than this node has room for is known as a landmark, and may know no way back. */
  #mayBeOneSided(row: number): boolean {
    const { hops, flags } = this.#tables.routes;
    const isLandmark = ((flags[row] ?? 0) & ROUTE_IS_LANDMARK) !== 0;
    return isLandmark && !this.#room.own.covers((hops[row] ?? 0) - 1, 0);
  }

  /** The search has an end as soon as it has begun: it only takes the way that is known. */
  #askBackAlong(now: Instant, at: number, next: number): void {
    this.#follow(at, next);
    this.#rows.cells.set(at, Seek.ring, RINGS.length + 1);
    this.#rows.cells.set(at, Seek.wakeAt, now + BACK_MS);
  }

  /** False when nobody says that the destination is near. */
  #askNear(now: Instant, at: number, near: readonly Uint8Array[]): boolean {
    const { neighbors } = this.#tables;
    const rows = near.map((id) => neighbors.findId(readU32(id, 0), readU32(id, 4)));
    const asked = rows.filter((row) => row !== NONE);
    for (const neighbor of asked.slice(0, NEAR_COUNT_MAX)) this.#follow(at, neighbor);
    this.#rows.cells.set(at, Seek.wakeAt, now + waitMs(RINGS[0]));
    return asked.length > 0;
  }

  /** An own search that goes by routes only, from that neighbour on. */
  #follow(at: number, neighbor: number): void {
    const { index } = this.#tables;
    const destination = shortIdBytes(this.#rows.high(at), this.#rows.low(at));
    const source = shortIdBytes(index.high[OWN_ROW] ?? 0, index.low[OWN_ROW] ?? 0);
    this.#send(neighbor, { kind: 'routeSeek', destination, source, towards: source, hopLimit: HOPS_ALL });
  }

  /** Whoever knows where the destination is has said so: it is asked for there at once. */
  #guide(now: Instant, at: number, landmarks: readonly Uint8Array[]): void {
    if (landmarks.length === 0) return;
    this.#setLandmarks(at, landmarks);
    if (this.#rows.cells.get(at, Seek.landmarkCount) > 0) this.#askLandmarks(now, at);
  }

  #setLandmarks(at: number, landmarks: readonly Uint8Array[]): void {
    const known = landmarks.filter((id) => this.#nextHopTo(id, NOBODY) !== NONE);
    const count = Math.min(known.length, LANDMARK_COUNT_MAX);
    known.forEach((id, i) => {
      if (i < count) this.#rows.setLandmark(at, i, readU32(id, 0), readU32(id, 4));
    });
    this.#rows.cells.set(at, Seek.landmarkCount, count);
  }

  onTimeout(now: Instant): void {
    const rows = this.#rows;
    for (let at = 0; at < rows.count; at++) {
      if (rows.cells.get(at, Seek.wakeAt) > now) continue;
      const isOwn = rows.cells.get(at, Seek.parent) === NOBODY;
      if (isOwn && rows.cells.get(at, Seek.ring) <= RINGS.length) this.#widen(now, at);
      else rows.remove(at);
    }
  }

  onSeek(now: Instant, from: number, message: RouteSeek): void {
    const { destination, source, towards, hopLimit } = message;
    if (this.#isSelf(source)) return;
    const isRing = equalBytes(destination, towards);
    const rows = this.#rows;
    let at = rows.find(
      readU32(destination, 0),
      readU32(destination, 4),
      readU32(source, 0),
      readU32(source, 4),
    );
    const isNew = at === NONE;
    if (isNew && !isRing && this.#passAlong(from, message)) return;
    if (!isNew && isRing && hopLimit <= rows.cells.get(at, Seek.hopLimit)) return;
    if (isRing && !this.#mayPass(now, from)) return this.#drop();
    if (isNew) at = this.#remember(now, message);
    if (at === NONE) return this.#drop();
    // A narrower search never becomes the parent of a wider one, so that parents lead to the source.
    if (isNew || isRing) {
      rows.cells.set(at, Seek.parent, from);
      rows.cells.set(at, Seek.backTo, NOBODY);
      rows.cells.set(at, Seek.wakeAt, now + REMEMBERED_MS);
    }
    if (isRing) rows.cells.set(at, Seek.hopLimit, hopLimit);
    if (this.#isSelf(destination)) return this.#askBack(at, from, message);
    const next = this.#nextHopTo(destination, from);
    if (next === NONE) return this.#passOn(now, from, message, isRing);
    this.#tellOnward(from, next, message);
  }

  /** One that follows routes leaves no trace where there are ways to both its ends. */
  #passAlong(from: number, message: RouteSeek): boolean {
    const { destination, source } = message;
    if (this.#nextHopTo(source, NOBODY) === NONE) return false;
    if (this.#isSelf(destination)) {
      this.#makeOwn(this.#tables.index.find(readU32(source, 0), readU32(source, 4)));
      return true;
    }
    const next = this.#nextHopTo(destination, from);
    if (next !== NONE) this.#tellOnward(from, next, message);
    return next !== NONE;
  }

  /** The neighbour hears of the way, and the search goes on along it. */
  #tellOnward(from: number, next: number, message: RouteSeek): void {
    const { destination, source, towards, hopLimit } = message;
    const row = this.#tables.index.find(readU32(destination, 0), readU32(destination, 4));
    this.#tables.adverts.want(from, row);
    const left = equalBytes(towards, source) ? hopLimit - 1 : HOPS_ALL;
    if (left > 0) this.#send(next, { ...message, towards: source, hopLimit: left });
  }

  onSeekBack(from: number, message: RouteSeekBack): void {
    const { destination, source } = message;
    const { index, adverts } = this.#tables;
    if (this.#isSelf(source)) return; // neighbours know this node
    const [high, low] = [readU32(source, 0), readU32(source, 4)];
    if (this.#nextHopTo(source, from) !== NONE) return adverts.want(from, index.find(high, low));
    const at = this.#rows.find(readU32(destination, 0), readU32(destination, 4), high, low);
    const parent = at === NONE ? NOBODY : this.#rows.cells.get(at, Seek.parent);
    if (parent === NOBODY || parent === from || this.#rows.cells.get(at, Seek.backTo) === from) return;
    this.#rows.cells.set(at, Seek.backTo, from);
    this.#send(parent, message);
  }

  /** Whether a route to that destination would be the answer to a search. */
  isSought(high: number, low: number): boolean {
    return this.#rows.isSought(high, low);
  }

  /** There is a way now: those who searched for it hear of it. */
  onReachable(row: number): void {
    const { index, adverts, demand } = this.#tables;
    const rows = this.#rows;
    const [high, low] = [index.high[row] ?? 0, index.low[row] ?? 0];
    for (let at = 0; at < rows.count; at++) {
      if (rows.isFor(at, high, low)) {
        const parent = rows.cells.get(at, Seek.parent);
        if (parent !== NOBODY) {
          adverts.want(parent, row);
        } else {
          demand.setOwn(row);
          rows.remove(at);
        }
      } else if (rows.isBy(at, high, low)) {
        const backTo = rows.cells.get(at, Seek.backTo);
        if (backTo !== NOBODY) adverts.want(backTo, row);
        if (rows.cells.get(at, Seek.isAskedBack) === 0) continue;
        demand.setOwn(row);
        // No wider copy of it can come.
        if (rows.cells.get(at, Seek.hopLimit) === 0) rows.remove(at);
      }
    }
  }

  /** The next ring of an own search; after the last one a rest. */
  #widen(now: Instant, at: number): void {
    const rows = this.#rows;
    if (rows.cells.get(at, Seek.ring) === 1 && rows.cells.get(at, Seek.landmarkCount) > 0)
      return this.#askLandmarks(now, at);
    const turn = rows.cells.get(at, Seek.ring);
    const ring = RINGS[turn];
    if (turn === 0 && rows.cells.get(at, Seek.landmarkCount) === 0) {
      const destination = shortKey(rows.high(at), rows.low(at));
      this.#tables.outbox.push({ kind: 'sought', destination });
    }
    rows.cells.set(at, Seek.ring, turn + 1);
    if (ring === undefined) {
      rows.cells.set(at, Seek.wakeAt, now + REST_MS);
      return;
    }
    const { index } = this.#tables;
    const destination = shortIdBytes(rows.high(at), rows.low(at));
    const source = shortIdBytes(index.high[OWN_ROW] ?? 0, index.low[OWN_ROW] ?? 0);
    this.#flood(now, NOBODY, {
      kind: 'routeSeek',
      destination,
      source,
      towards: destination,
      hopLimit: ring,
    });
    rows.cells.set(at, Seek.wakeAt, now + waitMs(ring));
  }

  #askLandmarks(now: Instant, at: number): void {
    const rows = this.#rows;
    const { index } = this.#tables;
    const destination = shortIdBytes(rows.high(at), rows.low(at));
    const source = shortIdBytes(index.high[OWN_ROW] ?? 0, index.low[OWN_ROW] ?? 0);
    for (let i = 0; i < rows.cells.get(at, Seek.landmarkCount); i++) {
      const towards = rows.landmark(at, i);
      const next = this.#nextHopTo(towards, NOBODY);
      if (next === NONE) continue;
      this.#send(next, { kind: 'routeSeek', destination, source, towards, hopLimit: HOPS_ALL });
    }
    rows.cells.set(at, Seek.landmarkCount, 0);
    rows.cells.set(at, Seek.wakeAt, now + waitMs(LANDMARK_HOPS_WAITED));
  }

  #remember(now: Instant, { destination, source }: RouteSeek): number {
    if (!this.#rows.hasRoomForOthers) return NONE;
    const [high, low] = [readU32(destination, 0), readU32(destination, 4)];
    return this.#rows.add(high, low, readU32(source, 0), readU32(source, 4), now + REMEMBERED_MS);
  }

  /** The search has reached its destination, which must be able to answer. */
  #askBack(at: number, from: number, { destination, source }: RouteSeek): void {
    if (this.#nextHopTo(source, NOBODY) !== NONE) {
      this.#makeOwn(this.#tables.index.find(readU32(source, 0), readU32(source, 4)));
    } else if (this.#rows.cells.get(at, Seek.isAskedBack) === 0) {
      this.#rows.cells.set(at, Seek.isAskedBack, 1);
      this.#send(from, { kind: 'routeSeekBack', destination, source });
    }
  }

  /** Nothing is known of the destination here; one that follows its routes, marked by its source, ends. */
  #passOn(now: Instant, from: number, message: RouteSeek, isRing: boolean): void {
    if (message.hopLimit <= 1 || equalBytes(message.towards, message.source)) return;
    const onward = { ...message, hopLimit: message.hopLimit - 1 };
    if (isRing) return this.#flood(now, from, onward);
    if (this.#isSelf(message.towards)) {
      if (!this.#mayPass(now, from)) return this.#drop();
      return this.#flood(now, from, { ...onward, towards: message.destination, hopLimit: LANDMARK_RING });
    }
    const next = this.#nextHopTo(message.towards, from);
    if (next !== NONE) this.#send(next, onward);
  }

  #flood(now: Instant, from: number, message: RouteSeek): void {
    const { neighbors } = this.#tables;
    for (let neighbor = 0; neighbor < neighbors.rowEnd; neighbor++) {
      if (neighbor === from || !neighbors.isLive(neighbor) || !this.#mayFlood(now, neighbor)) continue;
      this.#send(neighbor, message);
    }
  }

  #mayPass(now: Instant, from: number): boolean {
    return this.#pay(Cell.passedUntil, from, now, PASS_MS);
  }

  /** Searches must not fill a slow link. */
  #mayFlood(now: Instant, to: number): boolean {
    const bitrate = this.#tables.neighbors.bitrate(to);
    if (bitrate === 0 || bitrate > SLOW_BITRATE_MAX) return true;
    return this.#pay(Cell.floodedUntil, to, now, SLOW_PASS_MS);
  }

  /** Takes one of what a neighbour may have, at most so often on the average; false when it had its burst. */
  #pay(
    paidUntil: typeof Cell.passedUntil | typeof Cell.floodedUntil,
    neighbor: number,
    now: Instant,
    pauseMs: number,
  ): boolean {
    const { cells } = this.#tables.neighbors;
    const from = Math.max(cells.get(neighbor, paidUntil), now);
    if (from > now + BURST_MS) return false;
    cells.set(neighbor, paidUntil, from + pauseMs);
    return true;
  }

  /** The neighbour that leads to that node, NONE if nobody does, or only the one to leave out. */
  #nextHopTo(id: Uint8Array, except: number): number {
    const row = this.#tables.index.find(readU32(id, 0), readU32(id, 4));
    const neighbor = row === NONE ? NOBODY : (this.#tables.routes.neighbor[row] ?? NOBODY);
    return neighbor === NOBODY || neighbor === except ? NONE : neighbor;
  }

  #isSelf(id: Uint8Array): boolean {
    return this.#tables.index.find(readU32(id, 0), readU32(id, 4)) === OWN_ROW;
  }

  /** The route is there, perhaps for others only. */
  #makeOwn(row: number): void {
    const wasForOthers = this.#tables.demand.isForOthers(row);
    this.#tables.demand.setOwn(row);
    if (wasForOthers) reportRoute(this.#tables, row);
  }

  #send(neighbor: number, message: RoutingMessage): void {
    const session = this.#tables.neighbors.session(neighbor);
    this.#tables.outbox.push({ kind: 'message', neighbor: session, message, reliable: true });
  }

  #drop(): void {
    this.#tables.outbox.push({ kind: 'dropped', reason: 'overLimit' });
  }
}

function waitMs(hops: number): number {
  return RING_MS + HOP_MS * Math.min(hops, HOPS_WAITED_MAX);
}
