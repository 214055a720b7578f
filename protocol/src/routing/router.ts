import type { CryptoSuite } from '../crypto/suite.js';
import { assert, unreachable } from '../kernel/assert.js';
import { readU32 } from '../kernel/bytes.js';
import type { DirectVia, LinkInfo, ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import type { Heartbeat } from '../packet/message.js';
import type { RouterInput, RouterOutput, RoutingMessage } from './doors.js';
import { RouteExchange } from './exchange.js';
import { Forwarder } from './forward.js';
import { type NeighborIntroduction, NeighborState, NeighborTable, NONE } from './neighbor.js';
import { highOf, lowOf, shortKey } from './short-id.js';

/**
 * Who is a neighbour, which way leads where, and forwarding along it (SPEC §8). The work is done by three
 * parts that know nothing of doors: the neighbour table, the exchange of routes, the forwarder. Here are the
 * lives of neighbours: heartbeats both ways, the digests in them, and the repair when digests differ.
 */

/** So many heartbeats in a row must differ, since an update may be under way. */
const MISMATCHES_MAX = 2;
/** A neighbour gets all routes at most this often, however often it asks. */
const DUMP_MS = 10 * SECOND_MS;
/** Heartbeats come up to an eighth earlier than announced, so that neighbours do not keep step. */
const JITTER_SHARE = 8;

export interface RouterOptions {
  readonly now: Instant;
  /** The 16-byte id of this node. */
  readonly self: { readonly id: Uint8Array };
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly limits: Limits;
  /** Later than any that this node used before, modulo 2^16. */
  readonly boot: number;
}

export class Router implements Machine<RouterInput, RouterOutput> {
  readonly #outbox = new Outbox<RouterOutput>();
  readonly #random: Random;
  readonly #neighbors: NeighborTable;
  readonly #exchange: RouteExchange;
  readonly #forwarder: Forwarder;
  #now: Instant;
  /** No neighbour has anything due before. */
  #neighborsDueAt: Instant = Infinity;

  constructor(options: RouterOptions) {
    const { suite, limits, boot } = options;
    const id = options.self.id;
    const outbox = this.#outbox;
    const neighbors = new NeighborTable(limits);
    const exchange = new RouteExchange({ id, boot, limits, neighbors, outbox });
    this.#now = options.now;
    this.#random = options.random;
    this.#neighbors = neighbors;
    this.#exchange = exchange;
    this.#forwarder = new Forwarder({ id, suite, limits, neighbors, exchange, outbox });
  }

  handleInput(now: Instant, input: RouterInput): void {
    assert(now >= this.#now, 'time does not go back');
    this.#now = now;
    // Packets come often and move no deadline but that of a neighbour's death, and that one only later.
    if (input.kind === 'frame') {
      this.#forwarder.onFrame(now, input.via, input.bytes);
      return;
    }
    if (input.kind === 'send') {
      this.#forwarder.send(now, input.to, input.packet);
      return;
    }
    this.#onInput(now, input);
    this.#schedule(now);
  }

  pollOutput(): RouterOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    const at = Math.min(this.#neighborsDueAt, this.#exchange.nextTimeout());
    return at === Infinity ? undefined : at;
  }

  /** Whom packets for that node go to now; undefined when there is no way. For checkers of loops. */
  nextHop(destination: ShortKey): ShortKey | undefined {
    const neighbor = this.#exchange.nextHop(highOf(destination), lowOf(destination));
    if (neighbor === NONE) return undefined;
    return shortKey(this.#neighbors.idHigh[neighbor] ?? 0, this.#neighbors.idLow[neighbor] ?? 0);
  }

  #onInput(now: Instant, input: Exclude<RouterInput, { kind: 'frame' | 'send' }>): void {
    if (input.kind === 'timeout') {
      this.#onTimeout(now);
      return;
    }
    if (input.kind === 'neighborUp') {
      this.#onUp(now, input);
      return;
    }
    const row = this.#neighbors.find(input.neighbor);
    if (row === NONE) {
      if (input.kind === 'message') this.#outbox.push({ kind: 'dropped', reason: 'notNeighbor' });
      return;
    }
    switch (input.kind) {
      case 'neighborMoved':
        this.#onMoved(now, row, input.via, input.link);
        return;
      case 'neighborDown':
        this.#onDown(now, row);
        return;
      case 'neighborClosed':
        this.#onClosed(now, row);
        return;
      case 'heard':
        this.#onHeard(now, row);
        return;
      case 'roundTrip':
        this.#neighbors.measure(row, input.ms);
        return;
      case 'loss':
        if (this.#neighbors.lose(row, input.perMille)) this.#exchange.costChanged(now, row);
        return;
      case 'message':
        this.#onMessage(now, row, input.message);
        return;
      default:
        unreachable(input);
    }
  }

  #onUp(now: Instant, input: NeighborIntroduction): void {
    const neighbors = this.#neighbors;
    let row = neighbors.find(input.neighbor);
    if (row !== NONE && !neighbors.hasKeys(row, input.sendKey, input.receiveKey)) {
      this.#onClosed(now, row);
      row = NONE;
    }
    if (row !== NONE && neighbors.isLive(row)) {
      this.#onMoved(now, row, input.via, input.link);
      return;
    }
    const before = neighbors.findId(readU32(input.id, 0), readU32(input.id, 4));
    if (before !== NONE) this.#leave(now, before, NeighborState.away); // its older session
    if (!neighbors.hasRoom()) {
      this.#outbox.push({ kind: 'dropped', reason: 'overLimit' });
      return;
    }
    if (row === NONE) {
      row = neighbors.take();
      if (!neighbors.isFree(row)) this.#onClosed(now, row);
    }
    neighbors.up(now, row, input);
    this.#open(now, row);
  }

  #onMoved(now: Instant, row: number, via: DirectVia, link: LinkInfo): void {
    this.#neighbors.move(row, via, link);
    if (this.#neighbors.isLive(row)) this.#exchange.costChanged(now, row);
  }

  #onDown(now: Instant, row: number): void {
    if (this.#neighbors.isLive(row)) this.#leave(now, row, NeighborState.away);
    else if (this.#neighbors.isSilent(row)) this.#neighbors.leave(now, row, NeighborState.away);
  }

  #onClosed(now: Instant, row: number): void {
    if (this.#neighbors.isLive(row)) this.#exchange.leave(now, row);
    this.#exchange.close(row);
    this.#neighbors.close(now, row);
    this.#forwarder.close(row);
  }

  /** False when the station is not a neighbour now. */
  #onHeard(now: Instant, row: number): boolean {
    const neighbors = this.#neighbors;
    if (neighbors.isSilent(row) && neighbors.hasRoom()) {
      neighbors.revive(now, row);
      this.#open(now, row);
    }
    if (!neighbors.isLive(row)) return false;
    neighbors.heard(now, row);
    return true;
  }

  #onMessage(now: Instant, row: number, message: RoutingMessage): void {
    if (!this.#onHeard(now, row)) {
      this.#outbox.push({ kind: 'dropped', reason: 'notNeighbor' });
      return;
    }
    switch (message.kind) {
      case 'routes':
        this.#neighbors.toldRoutes(now, row);
        this.#exchange.onRoutes(now, row, message.entries);
        return;
      case 'routesWanted':
        this.#onRoutesWanted(now, row);
        return;
      case 'routeRequest':
        this.#exchange.onRouteRequest(now, row, message);
        return;
      case 'label':
        this.#forwarder.onLabel(now, row, message);
        return;
      case 'heartbeat':
        this.#onHeartbeat(now, row, message);
        return;
      default:
        unreachable(message);
    }
  }

  #onRoutesWanted(now: Instant, row: number): void {
    this.#neighbors.dumpAt[row] = Math.max(now, (this.#neighbors.dumpedAt[row] ?? 0) + DUMP_MS);
    this.#onDumpDue(now, row);
  }

  #onDumpDue(now: Instant, row: number): void {
    if (now < (this.#neighbors.dumpAt[row] ?? Infinity)) return;
    this.#neighbors.dumpAt[row] = Infinity;
    this.#neighbors.dumpedAt[row] = now;
    this.#exchange.dump(row);
    this.#neighbors.isHeartbeatOrdered[row] = 1; // its digest says whether all of that arrived
    this.#neighbors.heartbeatAt[row] = now;
  }

  #onHeartbeat(now: Instant, row: number, heartbeat: Heartbeat): void {
    const neighbors = this.#neighbors;
    neighbors.announced(row, heartbeat.intervalS);
    const isSame = heartbeat.digest === this.#exchange.heardDigest(row);
    const isRefused = neighbors.isRefused[row] === 1;
    if ((isSame || isRefused) && neighbors.isResyncing[row] === 1) {
      neighbors.isResyncing[row] = 0;
      this.#exchange.finishResync(now, row);
    }
    if (isSame) neighbors.wantAt[row] = Infinity;
    neighbors.mismatches[row] = isSame ? 0 : Math.min((neighbors.mismatches[row] ?? 0) + 1, MISMATCHES_MAX);
    if (neighbors.mismatches[row] === MISMATCHES_MAX) neighbors.want(now, row);
  }

  #onTimeout(now: Instant): void {
    this.#exchange.onTimeout(now);
    for (let row = 0; row < this.#neighbors.rowCount; row++) {
      if (!this.#neighbors.isLive(row)) continue;
      if (this.#neighbors.deadAt(row) <= now) {
        this.#onDead(now, row);
        continue;
      }
      this.#onDumpDue(now, row);
      if ((this.#neighbors.wantAt[row] ?? Infinity) <= now) this.#askForAll(now, row);
    }
  }

  #onDead(now: Instant, row: number): void {
    this.#leave(now, row, NeighborState.silent);
    this.#outbox.push({ kind: 'neighborDead', neighbor: this.#neighbors.session[row] ?? 0 });
  }

  #askForAll(now: Instant, row: number): void {
    const neighbors = this.#neighbors;
    neighbors.wantAt[row] = Infinity;
    neighbors.wantedAt[row] = now;
    neighbors.mismatches[row] = 0;
    neighbors.isRefused[row] = 0;
    neighbors.isResyncing[row] = 1;
    this.#exchange.startResync(row);
    this.#send(row, { kind: 'routesWanted' }, true);
  }

  #open(now: Instant, row: number): void {
    this.#exchange.open(row);
    this.#neighbors.isHeartbeatOrdered[row] = 1;
    this.#neighbors.awaitRoutes(now, row);
  }

  #leave(now: Instant, row: number, state: typeof NeighborState.silent | typeof NeighborState.away): void {
    this.#exchange.leave(now, row);
    this.#neighbors.leave(now, row, state);
  }

  /**
   * After everything else: tells what changed, sends the heartbeats that are due, finds the next deadline.
   */
  #schedule(now: Instant): void {
    const neighbors = this.#neighbors;
    let dueAt = Infinity;
    for (let row = 0; row < neighbors.rowCount; row++) {
      if (!neighbors.isLive(row)) continue;
      this.#exchange.flush(now, row);
      const flushAt = this.#exchange.isPending(row) ? (neighbors.flushAt[row] ?? Infinity) : Infinity;
      if ((neighbors.heartbeatAt[row] ?? Infinity) <= now) this.#beat(now, row, flushAt);
      dueAt = Math.min(dueAt, neighbors.deadAt(row), flushAt, neighbors.heartbeatAt[row] ?? Infinity);
      dueAt = Math.min(dueAt, neighbors.wantAt[row] ?? Infinity, neighbors.dumpAt[row] ?? Infinity);
    }
    this.#neighborsDueAt = dueAt;
  }

  /** A digest says something only when everything before it is told: else the heartbeat waits for that. */
  #beat(now: Instant, row: number, flushAt: Instant): void {
    const intervalMs = this.#neighbors.intervalMs(row);
    if (flushAt !== Infinity) {
      this.#neighbors.heartbeatAt[row] = flushAt;
      return;
    }
    const digest = this.#exchange.toldDigest(row);
    this.#exchange.noteInterval(intervalMs);
    const isOrdered = this.#neighbors.isHeartbeatOrdered[row] === 1;
    const intervalS = Math.ceil(intervalMs / SECOND_MS);
    this.#send(row, { kind: 'heartbeat', digest, intervalS }, isOrdered);
    this.#neighbors.isHeartbeatOrdered[row] = 0;
    const earlier = randomBelow(this.#random, Math.floor(intervalMs / JITTER_SHARE));
    this.#neighbors.heartbeatAt[row] = now + intervalMs - earlier;
  }

  #send(row: number, message: RoutingMessage, reliable: boolean): void {
    this.#outbox.push({ kind: 'message', neighbor: this.#neighbors.session[row] ?? 0, message, reliable });
  }
}
