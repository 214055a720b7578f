import { Cells } from '../kernel/cells.js';
import type { ShortKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import type { Reserved } from '../packet/message.js';
import type { ElectionOutput, Held } from './doors.js';
import { RELIANT, Standing } from './flags.js';
import { areApart, countPeers, isOpen, isRoomy, isServing, type Sighting } from './horizon.js';
import { findPeer, peerOf, setPeer } from './peer-rows.js';
import { Refusals } from './refusals.js';

/**
 * Where this node holds reservations (SPEC §8.8): what was granted is its coverage. Asks supernodes in sight,
 * prolongs, and moves on before one that leaves is gone.
 */

export const LIFETIME_MS = 10 * MINUTE_MS;
/** Whatever was granted: nobody is made to ask without end. */
const LIFETIME_MS_MIN = MINUTE_MS;
/** A neighbour is asked so often, each time after this; datagrams get lost. */
const TRIES_MAX = 3;
const ASK_MS = SECOND_MS;
/** Others are asked once, reliably, as soon as their key is known: there may be a handshake before. */
const ASK_FAR_MS = 8 * SECOND_MS;
/** Whoever did not answer is not asked for this long. */
const SILENT_MS = 30 * SECOND_MS;
/** Whoever ended it, or never served, is left alone so long, each time twice as long. */
const RELEASED_MS = SECOND_MS;
/** That a supernode is not needed any more is told so much later. */
const CALM_MS = 5 * SECOND_MS;
/** Two, and two more while one takes the place of another. */
const ROWS = 4;

const Row = { free: 0, asking: 1, held: 2, renewing: 3 } as const;

/** Behind the peer. */
const Column = {
  state: 2,
  since: 3,
  until: 4,
  /** When to prolong, or to give the asking up. */
  dueAt: 5,
  toldAt: 6,
  toldFlags: 7,
  wasSeen: 8,
  isNeighbor: 9,
  tries: 10,
  bytesPerMinute: 11,
  /** Its key is being looked for: nothing was sent. */
  isUnknown: 12,
  count: 13,
} as const;

/** What the node should have now. */
export interface Wish {
  /** Reservations with distinct supernodes. */
  readonly count: number;
  /** By two different first hops. */
  readonly isApart: boolean;
}

export class Reservations {
  readonly #random: Random;
  readonly #outbox: Outbox<ElectionOutput>;
  readonly #refusals = new Refusals();
  readonly #rows = new Cells(ROWS, Column.count);
  /** Something in the list changed since it was looked at. */
  isChanged = false;

  constructor(random: Random, outbox: Outbox<ElectionOutput>) {
    this.#random = random;
    this.#outbox = outbox;
  }

  /** An answer is awaited from somebody new. */
  get isAsking(): boolean {
    return this.#rows.find(Column.state, Row.asking) >= 0;
  }

  get #askingCount(): number {
    let count = 0;
    for (let row = 0; row < ROWS; row++) {
      if (this.#state(row) === Row.asking) count++;
    }
    return count;
  }

  /** Those held with supernodes that stay, by each first hop to them. */
  firm(seen: readonly Sighting[]): readonly Sighting[] {
    const firm: Sighting[] = [];
    for (let row = 0; row < ROWS; row++) {
      if (!this.#isHeld(row)) continue;
      const peer = peerOf(this.#rows, row);
      const ways = seen.filter((sighting) => sighting.peer === peer);
      // A neighbour with many supernodes around lists only some.
      if (ways.length === 0) firm.push({ peer, flags: Standing.serving, firstHop: -1, isNeighbor: false });
      for (const way of ways) if (isServing(way)) firm.push(way);
    }
    return firm;
  }

  list(): readonly Held[] {
    const held: Held[] = [];
    for (let row = 0; row < ROWS; row++) {
      if (!this.#isHeld(row)) continue;
      held.push({
        peer: peerOf(this.#rows, row),
        since: this.#rows.get(row, Column.since),
        until: this.#rows.get(row, Column.until),
        bytesPerMinute: this.#rows.get(row, Column.bytesPerMinute),
      });
    }
    return held;
  }

  /** Whether what is in sight besides `peer` could serve this node; `peer` undefined: all in sight. */
  canDoWithout(
    now: Instant,
    seen: readonly Sighting[],
    peer: ShortKey | undefined,
    { count, isApart }: Wish,
  ): boolean {
    const firm = this.firm(seen);
    const all = [...firm, ...seen.filter((way) => this.#isRoomy(now, way))];
    const others = all.filter((way) => way.peer !== peer);
    // Two ways that are there are not given up.
    const mustBeApart = count > 1 && (isApart || areApart(firm));
    return countPeers(others) >= count && (!mustBeApart || areApart(others));
  }

  update(now: Instant, seen: readonly Sighting[], wish: Wish): void {
    for (let row = 0; row < ROWS; row++)
      if (this.#state(row) !== Row.free) this.#attend(now, row, seen, wish);
    const firm = this.firm(seen);
    const isEnough = countPeers(firm) >= wish.count && (!wish.isApart || wish.count < 2 || areApart(firm));
    if (isEnough) this.#releaseSpare(firm, wish);
    else this.#ask(now, seen, firm, wish);
  }

  nextTimeout(now: Instant): Instant {
    let soonest = this.#refusals.nextTimeout(now);
    for (let row = 0; row < ROWS; row++) {
      if (this.#state(row) === Row.free) continue;
      soonest = Math.min(soonest, this.#rows.get(row, Column.dueAt));
    }
    return soonest;
  }

  onReserved(now: Instant, peer: ShortKey, { lifetimeS, bytesPerMinute }: Reserved): void {
    const row = findPeer(this.#rows, peer, Column.state);
    if (row < 0) {
      this.#outbox.push({ kind: 'send', to: peer, message: { kind: 'release' }, reliable: true });
      return;
    }
    if (this.#state(row) === Row.asking) this.#rows.set(row, Column.since, now);
    this.#rows.set(row, Column.state, Row.held);
    const life = Math.min(Math.max(lifetimeS * SECOND_MS, LIFETIME_MS_MIN), LIFETIME_MS);
    this.#rows.set(row, Column.bytesPerMinute, bytesPerMinute);
    this.#rows.set(row, Column.until, now + life);
    this.#rows.set(row, Column.dueAt, now + life / 2 - randomBelow(this.#random, Math.floor(life / 8) + 1));
    this.#refusals.accepted(peer);
    this.isChanged = true;
  }

  onBusy(now: Instant, peer: ShortKey, retryMs: number): void {
    this.lose(peer);
    this.#refusals.refused(peer, now + retryMs);
  }

  /** It is over, or nobody answers there. */
  lose(peer: ShortKey): void {
    const row = findPeer(this.#rows, peer, Column.state);
    if (row >= 0) this.#drop(row);
  }

  /** It serves this node no more, or never did; who lists it may say so for a while yet. */
  onRelease(now: Instant, peer: ShortKey): void {
    if (findPeer(this.#rows, peer, Column.state) < 0) return;
    this.lose(peer);
    const pauseMs = RELEASED_MS << this.#refusals.attempts(peer);
    this.#refusals.refused(peer, now + Math.min(pauseMs, SILENT_MS));
  }

  /** Not asked for a while. */
  avoid(now: Instant, peer: ShortKey): void {
    this.lose(peer);
    this.#refusals.refused(peer, now + SILENT_MS);
  }

  /** Its key is not there, and looked for meanwhile. */
  onUnknown(now: Instant, peer: ShortKey): void {
    const row = findPeer(this.#rows, peer, Column.state);
    if (row < 0) return;
    this.#rows.set(row, Column.isUnknown, 1);
    this.#rows.set(row, Column.dueAt, now + ASK_MS);
  }

  /** Asks at once whether it still holds. */
  doubt(now: Instant, peer: ShortKey): void {
    const row = findPeer(this.#rows, peer, Column.state);
    if (row >= 0 && this.#state(row) === Row.held)
      this.#renew(now, row, this.#rows.get(row, Column.toldFlags));
  }

  releaseAll(): void {
    for (let row = 0; row < ROWS; row++) if (this.#state(row) !== Row.free) this.#release(row);
  }

  /** One that is there or asked for. */
  #attend(now: Instant, row: number, seen: readonly Sighting[], wish: Wish): void {
    const peer = peerOf(this.#rows, row);
    const ways = seen.filter((way) => way.peer === peer);
    if (this.#rows.get(row, Column.dueAt) <= now && this.#state(row) !== Row.held) {
      const isRepeated =
        this.#rows.get(row, Column.isNeighbor) === 1 || this.#rows.get(row, Column.isUnknown) === 1;
      const isLast = !isRepeated || this.#rows.get(row, Column.tries) >= TRIES_MAX;
      if (isLast) this.avoid(now, peer);
      else this.#send(now, row, this.#rows.get(row, Column.toldFlags));
      return;
    }
    if (this.#state(row) === Row.asking) return;
    const isGone = ways.length === 0 && this.#rows.get(row, Column.wasSeen) === 1;
    this.#rows.set(row, Column.wasSeen, ways.length === 0 ? 0 : 1);
    const flags = this.canDoWithout(now, seen, peer, wish) ? 0 : RELIANT;
    const isNews = flags !== this.#rows.get(row, Column.toldFlags);
    const isCalm = now >= this.#rows.get(row, Column.toldAt) + CALM_MS;
    if (isNews && !isCalm && flags === 0) {
      this.#rows.set(
        row,
        Column.dueAt,
        Math.min(this.#rows.get(row, Column.dueAt), this.#rows.get(row, Column.toldAt) + CALM_MS),
      );
      return;
    }
    const isDue = this.#rows.get(row, Column.dueAt) <= now;
    if (this.#state(row) === Row.held && (isNews || isGone || isDue)) this.#renew(now, row, flags);
  }

  #renew(now: Instant, row: number, flags: number): void {
    this.#rows.set(row, Column.state, Row.renewing);
    this.#rows.set(row, Column.tries, 0);
    this.#send(now, row, flags);
  }

  #ask(now: Instant, seen: readonly Sighting[], firm: readonly Sighting[], wish: Wish): void {
    for (let count = 0; count < wish.count; count++) {
      const asking = this.#askingCount;
      const missing = Math.max(1, wish.count - countPeers(firm));
      const row = this.#rows.find(Column.state, Row.free);
      if (asking >= missing || row < 0) return;
      const way = this.#choose(now, seen, firm, wish);
      if (way === undefined) return;
      this.#rows.set(row, Column.state, Row.asking);
      setPeer(this.#rows, row, way.peer);
      this.#rows.set(row, Column.since, now);
      this.#rows.set(row, Column.until, Infinity);
      this.#rows.set(row, Column.wasSeen, 1);
      this.#rows.set(row, Column.isNeighbor, way.isNeighbor ? 1 : 0);
      this.#rows.set(row, Column.tries, 0);
      this.#send(now, row, this.canDoWithout(now, seen, way.peer, wish) ? 0 : RELIANT);
    }
  }

  /** By another first hop, then with room, then a neighbour, then by chance. */
  #choose(
    now: Instant,
    seen: readonly Sighting[],
    firm: readonly Sighting[],
    wish: Wish,
  ): Sighting | undefined {
    if (this.#refusals.isFull(now)) return undefined;
    const isApartWanted = wish.isApart && countPeers(firm) >= wish.count;
    let best: Sighting | undefined;
    let bestRank = -1;
    for (const way of seen) {
      if (
        !isOpen(way) ||
        findPeer(this.#rows, way.peer, Column.state) >= 0 ||
        this.#refusals.isRefusing(now, way.peer)
      )
        continue;
      const isApart = firm.every((held) => held.firstHop !== way.firstHop);
      if (isApartWanted && !isApart) continue;
      const chance = randomBelow(this.#random, 256);
      const rank = (isApart ? 1024 : 0) + (isRoomy(way) ? 512 : 0) + (way.isNeighbor ? 256 : 0) + chance;
      if (rank > bestRank) {
        best = way;
        bestRank = rank;
      }
    }
    return best;
  }

  /** There is enough: those that leave are let go, and what is more than wanted. */
  #releaseSpare(firm: readonly Sighting[], wish: Wish): void {
    for (let row = 0; row < ROWS; row++) {
      if (!this.#isHeld(row)) continue;
      const peer = peerOf(this.#rows, row);
      const others = firm.filter((way) => way.peer !== peer);
      const isEnough =
        countPeers(others) >= wish.count && (!wish.isApart || wish.count < 2 || areApart(others));
      if (!isEnough) continue;
      this.#release(row);
      if (others.length < firm.length) return; // the next one is looked at when this one is gone
    }
  }

  #release(row: number): void {
    const to = peerOf(this.#rows, row);
    this.#outbox.push({ kind: 'send', to, message: { kind: 'release' }, reliable: true });
    this.#drop(row);
  }

  #send(now: Instant, row: number, flags: number): void {
    const peer = peerOf(this.#rows, row);
    this.#rows.set(row, Column.toldFlags, flags);
    this.#rows.set(row, Column.toldAt, now);
    this.#rows.set(row, Column.isUnknown, 0);
    this.#rows.set(row, Column.tries, this.#rows.get(row, Column.tries) + 1);
    const isNeighbor = this.#rows.get(row, Column.isNeighbor) === 1;
    this.#rows.set(row, Column.dueAt, now + (isNeighbor ? ASK_MS : ASK_FAR_MS));
    const attempt = this.#refusals.attempts(peer);
    const message = { kind: 'reserve', lifetimeS: LIFETIME_MS / SECOND_MS, flags, attempt } as const;
    this.#outbox.push({ kind: 'send', to: peer, message, reliable: !isNeighbor });
  }

  #isRoomy(now: Instant, way: Sighting): boolean {
    return isRoomy(way) && !this.#refusals.isRefusing(now, way.peer);
  }

  #state(row: number): number {
    return this.#rows.get(row, Column.state);
  }

  #isHeld(row: number): boolean {
    return this.#state(row) === Row.held || this.#state(row) === Row.renewing;
  }

  #drop(row: number): void {
    if (this.#isHeld(row)) this.isChanged = true;
    this.#rows.set(row, Column.state, Row.free);
    this.#rows.set(row, Column.wasSeen, 0);
  }
}
