import { assert } from '../kernel/assert.js';
import { readU32 } from '../kernel/bytes.js';
import { Cells } from '../kernel/cells.js';
import type { DirectVia, LinkInfo } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import { HOUR_MS, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { HopKeys } from './hop-keys.js';
import { linkCost } from './metric.js';
import { CELL_COUNT, Cell } from './neighbor-cells.js';

/**
 * Stations with a hop session (SPEC §8.2), one row of arrays each: about 500 B with keys and timers.
 *
 *   live     counts as a neighbour: routes may use it, its frames are accepted
 *   silent   its hold time passed; the next authenticated packet makes it live again
 *   away     the session has no direct path; only `up` makes it live again
 *
 * A row keeps keys, hop counters and replay window in all three, since a counter used twice under one key
 * would let anybody forge; only the end of the session frees it. A newcomer is refused while
 * `neighborCountMax` are live or no row is free: those that are there carry routes, and whoever came first
 * cannot be pushed out.
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
/** Heartbeats are this far apart at most (SPEC §8.2): longer where keeping NAT state or radios costs. */
const INTERVAL_NETWORK_MS = 32 * SECOND_MS;
const INTERVAL_OTHER_MS = 16 * SECOND_MS;
/** A sealed heartbeat with its framing. */
const HEARTBEAT_BYTES = 32;
/** Heartbeats of all neighbours on a link take at most 2 % of its bit rate. */
const HEARTBEAT_SHARE_PER_CENT = 2;
/** Of what the neighbour announced: three heartbeats may be lost. */
const HOLD_INTERVALS = 3.5;
/** Frames to a neighbour of which nothing is heard for so long, or four round trips, put it in doubt, */
const UNANSWERED_MS = 500;
/** but those that are further apart than this do not. */
const UNANSWERED_MS_MAX = 5 * SECOND_MS;
/** A PING and its PONG; doubts take at most the share that heartbeats may. */
const DOUBT_BYTES = 70;
/** A doubt is settled by two PINGs within that time (SPEC §7.8). */
const DOUBT_MS = 3 * SECOND_MS;
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
  /** Of the session before, if both ends may still have that one: the other end may take it for the newer. */
  readonly formerKey: Uint8Array | undefined;
}

export class NeighborTable {
  readonly rowCount: number;
  readonly hopKeys: HopKeys;
  readonly cells: Cells;
  readonly #liveCountMax: number;
  readonly #vias: (DirectVia | undefined)[];
  readonly #links: (LinkInfo | undefined)[];
  #liveCount = 0;
  #rowEnd = 0;
  #intervalMsMax = Infinity;
  /** How far apart this node wants to be woken at least. */
  readonly #wakeEveryMs: number;

  constructor(limits: Limits, wakeEveryMs = 0) {
    this.#wakeEveryMs = wakeEveryMs;
    const rows = Math.min(Math.max(limits.sessionCountMax, limits.neighborCountMax), ROW_COUNT_MAX);
    this.rowCount = rows;
    this.hopKeys = new HopKeys(rows);
    this.cells = new Cells(rows, CELL_COUNT);
    this.#liveCountMax = limits.neighborCountMax;
    this.#vias = [];
    this.#links = [];
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  /** No row from there on was ever used: whoever looks at all rows ends there. */
  get rowEnd(): number {
    return this.#rowEnd;
  }

  session(row: number): number {
    return this.cells.integer(row, Cell.session);
  }

  mtu(row: number): number {
    return this.cells.get(row, Cell.mtu);
  }

  bitrate(row: number): number {
    return this.cells.get(row, Cell.bitrate);
  }

  cost(row: number): number {
    return this.cells.get(row, Cell.cost);
  }

  roundTripMs(row: number): number {
    return this.cells.get(row, Cell.roundTripMs);
  }

  /** The halves of its short id. */
  high(row: number): number {
    return this.cells.integer(row, Cell.high);
  }

  low(row: number): number {
    return this.cells.integer(row, Cell.low);
  }

  isLive(row: number): boolean {
    return this.#state(row) === NeighborState.live;
  }

  isSilent(row: number): boolean {
    return this.#state(row) === NeighborState.silent;
  }

  /** The row of that session in whatever state, or NONE. */
  find(session: number): number {
    for (let row = 0; row < this.#rowEnd; row++) {
      if (this.session(row) === session && this.#state(row) !== NeighborState.free) return row;
    }
    return NONE;
  }

  /** The live row that sends from there, or NONE. */
  findVia(via: DirectVia): number {
    for (let row = 0; row < this.#rowEnd; row++) {
      if (!this.isLive(row)) continue;
      const known = this.#vias[row];
      if (known !== undefined && known.link === via.link && known.address === via.address) return row;
    }
    return NONE;
  }

  /** The live row of that node, or NONE. */
  findId(high: number, low: number): number {
    for (let row = 0; row < this.#rowEnd; row++) {
      if (!this.isLive(row)) continue;
      if (this.high(row) === high && this.low(row) === low) return row;
    }
    return NONE;
  }

  /** Whether `up` with these keys goes on with the row, or starts it over. */
  hasKeys(row: number, sendKey: Uint8Array, receiveKey: Uint8Array): boolean {
    return this.hopKeys.are(row, sendKey, receiveKey);
  }

  setKeys(row: number, { sendKey, receiveKey, formerKey }: NeighborIntroduction): void {
    this.hopKeys.set(row, sendKey, receiveKey, formerKey);
  }

  hasRoom(): boolean {
    return this.#liveCount < this.#liveCountMax;
  }

  findFree(): number {
    return this.cells.find(Cell.state, NeighborState.free);
  }

  up(now: Instant, row: number, introduction: NeighborIntroduction): void {
    const isNew = this.#state(row) === NeighborState.free;
    this.#rowEnd = Math.max(this.#rowEnd, row + 1);
    this.#to(row, NeighborState.live);
    this.cells.set(row, Cell.session, introduction.neighbor);
    this.cells.set(row, Cell.high, readU32(introduction.id, 0));
    this.cells.set(row, Cell.low, readU32(introduction.id, 4));
    if (isNew) {
      this.setKeys(row, introduction);
      this.cells.set(row, Cell.loss, 0);
      this.cells.set(row, Cell.roundTripMs, 0);
      this.cells.set(row, Cell.wakeEveryMs, 0);
    }
    this.move(row, introduction.via, introduction.link);
    if (isNew) this.cells.set(row, Cell.holdMs, this.intervalMs(row) * HOLD_INTERVALS);
    this.revive(now, row);
  }

  /** It is heard again, also after its hold time. */
  revive(now: Instant, row: number): void {
    if (this.isSilent(row)) this.#to(row, NeighborState.live);
    this.heard(now, row);
  }

  move(row: number, via: DirectVia, link: LinkInfo): void {
    this.#vias[row] = via;
    this.#links[row] = link;
    this.cells.set(row, Cell.mtu, link.mtu);
    this.cells.set(row, Cell.bitrate, link.bitrate);
    this.cells.set(row, Cell.cost, linkCost(link, this.cells.get(row, Cell.loss)));
  }

  leave(row: number, state: typeof NeighborState.silent | typeof NeighborState.away): void {
    this.#to(row, state);
  }

  close(row: number): void {
    this.#to(row, NeighborState.free);
    this.hopKeys.erase(row);
    this.#vias[row] = undefined;
    this.#links[row] = undefined;
  }

  via(row: number): DirectVia {
    const via = this.#vias[row];
    assert(via !== undefined, 'a live neighbour is somewhere');
    return via;
  }

  heard(now: Instant, row: number): void {
    this.cells.set(row, Cell.heardAt, now);
  }

  /** A frame goes to it. True when it is in doubt from now on: others went there and nothing came. */
  sent(now: Instant, row: number): boolean {
    const sentAt = this.cells.get(row, Cell.sentAt);
    const patienceMs = this.#patienceMs(row);
    const isOld = now - sentAt > Math.max(UNANSWERED_MS_MAX, 2 * patienceMs);
    if (isOld || this.cells.get(row, Cell.heardAt) >= sentAt) {
      this.cells.set(row, Cell.sentAt, now);
      return false;
    }
    if (now - sentAt < patienceMs || this.cells.get(row, Cell.doubtedAt) >= sentAt) return false;
    this.cells.set(row, Cell.doubtedAt, now);
    return true;
  }

  isDoubtful(now: Instant, row: number): boolean {
    const doubtedAt = this.cells.get(row, Cell.doubtedAt);
    return doubtedAt > this.cells.get(row, Cell.heardAt) && now - doubtedAt < DOUBT_MS;
  }

  /** When the neighbour is dead unless it is heard before. */
  deadAt(row: number): Instant {
    return this.cells.get(row, Cell.heardAt) + this.cells.get(row, Cell.holdMs);
  }

  announced(row: number, intervalS: number, isWish: boolean): void {
    const intervalMs = Math.min(Math.max(intervalS, 1), INTERVAL_S_MAX) * SECOND_MS;
    this.cells.set(row, Cell.holdMs, intervalMs * HOLD_INTERVALS);
    this.cells.set(row, Cell.wakeEveryMs, isWish ? intervalMs : 0);
  }

  /** What is announced is this node's own wish, and not only what the link or the neighbour wants. */
  get hasWish(): boolean {
    return this.#wakeEveryMs > 0;
  }

  measure(row: number, roundTripMs: number): void {
    this.cells.set(row, Cell.roundTripMs, Math.floor(Math.min(Math.max(roundTripMs, 0), 0xffff)));
  }

  /** False when the cost stays as it is. */
  lose(row: number, perMille: number): boolean {
    const loss = Math.min(Math.max(perMille, 0), 1000);
    this.cells.set(row, Cell.loss, loss);
    const link = this.#links[row];
    const before = this.cost(row);
    if (link !== undefined) this.cells.set(row, Cell.cost, linkCost(link, loss));
    return this.cost(row) !== before;
  }

  /** How far apart our heartbeats to it are at most. */
  intervalMs(row: number): number {
    const kind = this.#links[row]?.kind;
    const isNetwork = kind === 'udp' || kind === 'lan' || kind === 'tcp';
    const usual = Math.min(isNetwork ? INTERVAL_NETWORK_MS : INTERVAL_OTHER_MS, this.#intervalMsMax);
    const slowest = Math.max(usual, this.#wakeEveryMs, this.cells.get(row, Cell.wakeEveryMs));
    if (this.bitrate(row) === 0) return Math.min(slowest, INTERVAL_S_MAX * SECOND_MS);
    const bytes = this.#countOn(this.via(row).link) * HEARTBEAT_BYTES;
    const sparing = Math.ceil(this.#sparingMs(row, bytes));
    return Math.min(Math.max(slowest, sparing), INTERVAL_S_MAX * SECOND_MS);
  }

  setPace(intervalMsMax: number | undefined): void {
    this.#intervalMsMax = intervalMsMax ?? Infinity;
  }

  #patienceMs(row: number): number {
    return Math.max(UNANSWERED_MS, 4 * this.roundTripMs(row), this.#sparingMs(row, DOUBT_BYTES));
  }

  /** So far apart that bytes are sent, they take as much of its link as heartbeats may. */
  #sparingMs(row: number, bytes: number): number {
    const bitrate = this.bitrate(row);
    return bitrate === 0 ? 0 : (bytes * 8 * 100 * SECOND_MS) / (HEARTBEAT_SHARE_PER_CENT * bitrate);
  }

  #countOn(link: number): number {
    let count = 0;
    for (let row = 0; row < this.#rowEnd; row++) {
      if (this.isLive(row) && this.#vias[row]?.link === link) count++;
    }
    return count;
  }

  #to(row: number, next: NeighborState): void {
    const from = STATE_NAMES[this.#state(row)] ?? 'free';
    const allowed: readonly string[] = NEIGHBOR_NEXT[from];
    assert(allowed.includes(STATE_NAMES[next]), 'a neighbour changes state as the table says');
    if (next === NeighborState.live) this.#liveCount++;
    else if (from === 'live') this.#liveCount--;
    this.cells.set(row, Cell.state, next);
  }

  #state(row: number): number {
    return this.cells.get(row, Cell.state);
  }
}
