import { assert } from '../kernel/assert.js';
import { equalBytes, readU32 } from '../kernel/bytes.js';
import type { DirectVia, LinkInfo } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { linkCost } from './metric.js';

/**
 * Stations with a hop session (SPEC §8.2), one row of typed arrays each: about 190 B.
 *
 *   live     counts as a neighbour: routes may use it, its frames are accepted
 *   silent   its hold time passed; the next authenticated packet makes it live again
 *   away     the session has no direct path; only `up` makes it live again
 *
 * A row keeps keys, hop counters and replay window in all three, since a counter used twice under one key
 * would let anybody forge; only the end of the session frees it. A newcomer is refused while
 * `neighborCountMax` are live: those carry routes, and whoever came first cannot be pushed out. When every
 * row is taken, the one that has not been live for longest is freed, which needs more ended sessions than
 * `sessionCountMax`, told as closed or not.
 */

export const NONE = -1;

export const NeighborState = { free: 0, live: 1, silent: 2, away: 3 } as const;
export type NeighborState = (typeof NeighborState)[keyof typeof NeighborState];

/** Which state may follow which, in the order of `NeighborState`. */
export const NEIGHBOR_NEXT = {
  free: ['live'],
  live: ['silent', 'away', 'free'],
  silent: ['live', 'away', 'free'],
  away: ['live', 'free'],
} as const satisfies Record<keyof typeof NeighborState, readonly (keyof typeof NeighborState)[]>;

const STATE_NAMES = ['free', 'live', 'silent', 'away'] as const;

/** A neighbour row fits one byte in the route table, where 255 is nobody. */
const ROW_COUNT_MAX = 255;
/** A neighbour is asked for all its routes at most this often. */
/** A new neighbour's routes may take this long, or four round trips, before they are asked for. */
const FIRST_ROUTES_MS = SECOND_MS;
const WANT_MS = MINUTE_MS;
const WANT_REFUSED_MS = 10 * MINUTE_MS;
const KEY_BYTES = 32;
/** Frames may overtake each other by that many. */
const WINDOW = 64;

/** Heartbeats are this far apart at most (SPEC §8.2): longer where keeping NAT state or radios costs. */
const INTERVAL_NETWORK_MS = 32 * SECOND_MS;
const INTERVAL_OTHER_MS = 16 * SECOND_MS;
/** A sealed heartbeat with its framing. */
const HEARTBEAT_BYTES = 32;
/** Heartbeats of all neighbours on a link take at most 2 % of its bit rate. */
const HEARTBEAT_SHARE_PER_CENT = 2;
/** Of what the neighbour announced: three heartbeats may be lost. */
const HOLD_INTERVALS = 3.5;
/** What a neighbour may announce; an absurd value only hurts the routes through itself. */
const INTERVAL_S_MAX = HOUR_MS / SECOND_MS;

/** What a station brings when it becomes a neighbour. */
export interface NeighborIntroduction {
  readonly neighbor: number;
  readonly id: Uint8Array;
  readonly via: DirectVia;
  readonly link: LinkInfo;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
}

export class NeighborTable {
  readonly rowCount: number;
  readonly session: Float64Array;
  readonly idHigh: Uint32Array;
  readonly idLow: Uint32Array;
  readonly mtu: Uint32Array;
  readonly bitrate: Float64Array;
  readonly cost: Uint16Array;
  readonly roundTripMs: Uint16Array;
  /** Until when updates to it are within their average rate. */
  readonly paidAt: Float64Array;
  /** Deadlines; Infinity where nothing is pending. */
  readonly heartbeatAt: Float64Array;
  readonly flushAt: Float64Array;
  readonly wantAt: Float64Array;
  readonly dumpAt: Float64Array;
  /** When this neighbour was last asked for, and given, all routes. */
  readonly wantedAt: Float64Array;
  readonly dumpedAt: Float64Array;
  /** 1 when the next heartbeat must not overtake the routes before it. */
  readonly isHeartbeatOrdered: Uint8Array;
  /** Heartbeats in a row whose digest differed, without routes between them. */
  readonly mismatches: Uint8Array;
  /** 1 while its routes are being told anew: what it does not repeat is gone. */
  readonly isResyncing: Uint8Array;
  /** 1 when a destination of it found no room in the route table. */
  readonly isRefused: Uint8Array;

  readonly #liveCountMax: number;
  readonly #state: Uint8Array;
  readonly #keys: Uint8Array;
  readonly #sendCounter: Float64Array;
  readonly #newest: Float64Array;
  readonly #window: Uint32Array;
  readonly #loss: Uint16Array;
  readonly #heardAt: Float64Array;
  readonly #holdMs: Float64Array;
  readonly #leftAt: Float64Array;
  readonly #vias: (DirectVia | undefined)[];
  readonly #links: (LinkInfo | undefined)[];
  #liveCount = 0;

  constructor(limits: Limits) {
    const rows = Math.min(Math.max(limits.sessionCountMax, limits.neighborCountMax), ROW_COUNT_MAX);
    this.rowCount = rows;
    this.session = new Float64Array(rows);
    this.idHigh = new Uint32Array(rows);
    this.idLow = new Uint32Array(rows);
    this.mtu = new Uint32Array(rows);
    this.bitrate = new Float64Array(rows);
    this.cost = new Uint16Array(rows);
    this.roundTripMs = new Uint16Array(rows);
    this.heartbeatAt = new Float64Array(rows);
    this.flushAt = new Float64Array(rows);
    this.paidAt = new Float64Array(rows);
    this.wantAt = new Float64Array(rows);
    this.wantedAt = new Float64Array(rows);
    this.dumpAt = new Float64Array(rows);
    this.dumpedAt = new Float64Array(rows);
    this.isHeartbeatOrdered = new Uint8Array(rows);
    this.mismatches = new Uint8Array(rows);
    this.isResyncing = new Uint8Array(rows);
    this.isRefused = new Uint8Array(rows);
    this.#liveCountMax = limits.neighborCountMax;
    this.#state = new Uint8Array(rows);
    this.#keys = new Uint8Array(rows * 2 * KEY_BYTES);
    this.#sendCounter = new Float64Array(rows);
    this.#newest = new Float64Array(rows);
    this.#window = new Uint32Array(rows * (WINDOW / 32));
    this.#loss = new Uint16Array(rows);
    this.#heardAt = new Float64Array(rows);
    this.#holdMs = new Float64Array(rows);
    this.#leftAt = new Float64Array(rows);
    this.#vias = [];
    this.#links = [];
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  isLive(row: number): boolean {
    return this.#state[row] === NeighborState.live;
  }

  isFree(row: number): boolean {
    return this.#state[row] === NeighborState.free;
  }

  isSilent(row: number): boolean {
    return this.#state[row] === NeighborState.silent;
  }

  /** The row of that session in whatever state, or NONE. */
  find(session: number): number {
    for (let row = 0; row < this.rowCount; row++) {
      if (this.session[row] === session && this.#state[row] !== NeighborState.free) return row;
    }
    return NONE;
  }

  /** The live row that sends from there, or NONE. */
  findVia(via: DirectVia): number {
    for (let row = 0; row < this.rowCount; row++) {
      if (this.#state[row] !== NeighborState.live) continue;
      const known = this.#vias[row];
      if (known !== undefined && known.link === via.link && known.address === via.address) return row;
    }
    return NONE;
  }

  /** The live row of that node, or NONE. */
  findId(high: number, low: number): number {
    for (let row = 0; row < this.rowCount; row++) {
      if (this.#state[row] !== NeighborState.live) continue;
      if (this.idHigh[row] === high && this.idLow[row] === low) return row;
    }
    return NONE;
  }

  /** Whether `up` with these keys goes on with the row, or starts it over. */
  hasKeys(row: number, sendKey: Uint8Array, receiveKey: Uint8Array): boolean {
    return equalBytes(this.sendKey(row), sendKey) && equalBytes(this.receiveKey(row), receiveKey);
  }

  hasRoom(): boolean {
    return this.#liveCount < this.#liveCountMax;
  }

  /** A row for a newcomer, still free; call only while there is room. */
  take(): number {
    let oldest = NONE;
    for (let row = 0; row < this.rowCount; row++) {
      if (this.#state[row] === NeighborState.free) return row;
      if (this.#state[row] === NeighborState.live) continue;
      if (oldest === NONE || (this.#leftAt[row] ?? 0) < (this.#leftAt[oldest] ?? 0)) oldest = row;
    }
    assert(oldest !== NONE, 'fewer neighbours are live than there are rows');
    return oldest;
  }

  up(now: Instant, row: number, introduction: NeighborIntroduction): void {
    const { sendKey, receiveKey } = introduction;
    const isNew = this.#state[row] === NeighborState.free;
    this.#to(now, row, NeighborState.live);
    this.session[row] = introduction.neighbor;
    this.idHigh[row] = readU32(introduction.id, 0);
    this.idLow[row] = readU32(introduction.id, 4);
    if (isNew) {
      this.#keys.set(sendKey, row * 2 * KEY_BYTES);
      this.#keys.set(receiveKey, (row * 2 + 1) * KEY_BYTES);
      this.#sendCounter[row] = 0;
      this.#newest[row] = -1;
      this.#window.fill(0, row * 2, row * 2 + 2);
      this.#loss[row] = 0;
      this.roundTripMs[row] = 0;
    }
    this.move(row, introduction.via, introduction.link);
    if (isNew) this.#holdMs[row] = this.intervalMs(row) * HOLD_INTERVALS;
    this.revive(now, row);
  }

  /** Starts the neighbourhood over, with nothing told and nothing heard. */
  revive(now: Instant, row: number): void {
    if (this.#state[row] === NeighborState.silent) this.#to(now, row, NeighborState.live);
    this.#heardAt[row] = now;
    this.heartbeatAt[row] = now;
    this.flushAt[row] = now;
    this.paidAt[row] = -Infinity;
    this.wantAt[row] = Infinity;
    this.dumpAt[row] = Infinity;
    this.wantedAt[row] = -Infinity;
    this.dumpedAt[row] = -Infinity;
    this.mismatches[row] = 0;
    this.isResyncing[row] = 0;
    this.isRefused[row] = 0;
  }

  move(row: number, via: DirectVia, link: LinkInfo): void {
    this.#vias[row] = via;
    this.#links[row] = link;
    this.mtu[row] = link.mtu;
    this.bitrate[row] = link.bitrate;
    this.cost[row] = linkCost(link, this.#loss[row] ?? 0);
  }

  leave(now: Instant, row: number, state: typeof NeighborState.silent | typeof NeighborState.away): void {
    this.#to(now, row, state);
    this.#stopDeadlines(row);
  }

  close(now: Instant, row: number): void {
    this.#to(now, row, NeighborState.free);
    this.#stopDeadlines(row);
    this.#keys.fill(0, row * 2 * KEY_BYTES, (row + 1) * 2 * KEY_BYTES);
    this.#vias[row] = undefined;
    this.#links[row] = undefined;
  }

  via(row: number): DirectVia {
    const via = this.#vias[row];
    assert(via !== undefined, 'a live neighbour is somewhere');
    return via;
  }

  sendKey(row: number): Uint8Array {
    return this.#keys.subarray(row * 2 * KEY_BYTES, (row * 2 + 1) * KEY_BYTES);
  }

  receiveKey(row: number): Uint8Array {
    return this.#keys.subarray((row * 2 + 1) * KEY_BYTES, (row + 1) * 2 * KEY_BYTES);
  }

  takeCounter(row: number): number {
    const counter = this.#sendCounter[row] ?? 0;
    this.#sendCounter[row] = counter + 1;
    return counter;
  }

  /** The counter that is expected next. */
  expected(row: number): number {
    return (this.#newest[row] ?? -1) + 1;
  }

  /** Marks an authentic counter as seen; false when it was, or is older than the window. */
  accept(row: number, counter: number): boolean {
    const newest = this.#newest[row] ?? -1;
    if (counter > newest) {
      for (let i = Math.max(newest + 1, counter - WINDOW + 1); i <= counter; i++) this.#mark(row, i, false);
      this.#newest[row] = counter;
    } else if (counter <= newest - WINDOW || this.#isMarked(row, counter)) {
      return false;
    }
    this.#mark(row, counter, true);
    return true;
  }

  heard(now: Instant, row: number): void {
    this.#heardAt[row] = now;
  }

  /** When the neighbour is dead unless it is heard before. */
  deadAt(row: number): Instant {
    return (this.#heardAt[row] ?? 0) + (this.#holdMs[row] ?? 0);
  }

  announced(row: number, intervalS: number): void {
    this.#holdMs[row] = Math.min(Math.max(intervalS, 1), INTERVAL_S_MAX) * SECOND_MS * HOLD_INTERVALS;
  }

  /**
   * Its routes are to be asked for; rarely while some of them find no room here, since no answer can help
   * then.
   */
  want(now: Instant, row: number): void {
    const pauseMs = this.isRefused[row] === 1 ? WANT_REFUSED_MS : WANT_MS;
    this.wantAt[row] = Math.max(now, (this.wantedAt[row] ?? 0) + pauseMs);
  }

  /** A new neighbour tells its routes by itself, unless it did not notice that it is new. */
  awaitRoutes(now: Instant, row: number): void {
    const pauseMs = Math.max(FIRST_ROUTES_MS, 4 * (this.roundTripMs[row] ?? 0));
    const wantAt = this.wantAt[row] ?? Infinity;
    this.wantAt[row] = Math.max(now + pauseMs, wantAt === Infinity ? 0 : wantAt);
  }

  /** What was lost may be in them, and there may be more to come. */
  toldRoutes(now: Instant, row: number): void {
    this.mismatches[row] = 0;
    if (this.wantAt[row] !== Infinity) this.awaitRoutes(now, row);
  }

  measure(row: number, roundTripMs: number): void {
    this.roundTripMs[row] = Math.min(Math.max(roundTripMs, 0), 0xffff);
  }

  /** False when the cost stays as it is. */
  lose(row: number, perMille: number): boolean {
    this.#loss[row] = Math.min(Math.max(perMille, 0), 1000);
    const link = this.#links[row];
    const before = this.cost[row] ?? 0;
    if (link !== undefined) this.cost[row] = linkCost(link, this.#loss[row] ?? 0);
    return this.cost[row] !== before;
  }

  /** How far apart our heartbeats to it are at most. */
  intervalMs(row: number): number {
    const kind = this.#links[row]?.kind;
    const slowest =
      kind === 'udp' || kind === 'lan' || kind === 'tcp' ? INTERVAL_NETWORK_MS : INTERVAL_OTHER_MS;
    const bitrate = this.bitrate[row] ?? 0;
    if (bitrate === 0) return slowest;
    const bits = this.#countOn(this.via(row).link) * HEARTBEAT_BYTES * 8;
    const sparing = Math.ceil((bits * 100 * SECOND_MS) / (HEARTBEAT_SHARE_PER_CENT * bitrate));
    return Math.min(Math.max(slowest, sparing), INTERVAL_S_MAX * SECOND_MS);
  }

  #countOn(link: number): number {
    let count = 0;
    for (let row = 0; row < this.rowCount; row++) {
      if (this.isLive(row) && this.#vias[row]?.link === link) count++;
    }
    return count;
  }

  #isMarked(row: number, counter: number): boolean {
    const at = counter % WINDOW;
    return ((this.#window[row * 2 + (at >> 5)] ?? 0) & (1 << (at & 31))) !== 0;
  }

  #mark(row: number, counter: number, isSeen: boolean): void {
    const at = counter % WINDOW;
    const word = row * 2 + (at >> 5);
    const bit = 1 << (at & 31);
    this.#window[word] = isSeen ? (this.#window[word] ?? 0) | bit : (this.#window[word] ?? 0) & ~bit;
  }

  #stopDeadlines(row: number): void {
    this.heartbeatAt[row] = Infinity;
    this.flushAt[row] = Infinity;
    this.wantAt[row] = Infinity;
    this.dumpAt[row] = Infinity;
  }

  #to(now: Instant, row: number, next: NeighborState): void {
    const from = STATE_NAMES[this.#state[row] ?? 0] ?? 'free';
    const allowed: readonly string[] = NEIGHBOR_NEXT[from];
    assert(allowed.includes(STATE_NAMES[next]), 'a neighbour changes state as the table says');
    if (next === NeighborState.live) this.#liveCount++;
    else if (from === 'live') this.#liveCount--;
    if (next !== NeighborState.live) this.#leftAt[row] = now;
    this.#state[row] = next;
  }
}
