import type { CryptoSuite } from '../crypto/suite.js';
import { assert, unreachable } from '../kernel/assert.js';
import { readU32 } from '../kernel/bytes.js';
import type { DirectVia, LinkInfo, ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Random } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import type { Heartbeat } from '../packet/message.js';
import type { Landmark, RouterInput, RouterOutput, RoutingMessage } from './doors.js';
import { RouteExchange } from './exchange.js';
import { Forwarder } from './forward.js';
import { Heartbeats, WANT_ROOM_MS } from './heartbeat.js';
import { intervalIn } from './interval.js';
import { LossMeter } from './loss.js';
import { type NeighborIntroduction, NeighborState, NeighborTable, NONE } from './neighbor.js';
import { highOf, lowOf, shortIdBytes, shortKey } from './short-id.js';

/**
 * Who is a neighbour, which way leads where, and forwarding along it (SPEC §8). The work is done by four
 * parts that know nothing of doors: the neighbour table, the exchange of routes, the heartbeats, the
 * forwarder. Here is only what becomes of a neighbour.
 */

export interface RouterOptions {
  readonly now: Instant;
  /** The 16-byte id of this node. */
  readonly self: { readonly id: Uint8Array };
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly limits: Limits;
  /** Later than any that this node used before, modulo 2^16. */
  readonly boot: number;
  /** Heartbeats are so far apart at least, both ways; default: as the link says. */
  readonly wakeEveryMs?: number;
}

export interface RouterFigures {
  readonly neighbors: number;
  readonly routes: number;
  /** Of the rows in use; more may be set aside. */
  readonly routingBytes: number;
}

const NEIGHBOR_BYTES = 500;
const ROUTE_BYTES = 84;
const OFFER_BYTES = 4;

export class Router implements Machine<RouterInput, RouterOutput> {
  readonly #outbox = new Outbox<RouterOutput>();
  readonly #neighbors: NeighborTable;
  readonly #exchange: RouteExchange;
  readonly #heartbeats: Heartbeats;
  readonly #forwarder: Forwarder;
  readonly #loss: LossMeter;
  #now: Instant;
  /** No neighbour has anything due before. */
  #neighborsDueAt: Instant = Infinity;

  constructor(options: RouterOptions) {
    const { suite, limits, boot } = options;
    const id = options.self.id;
    const outbox = this.#outbox;
    const neighbors = new NeighborTable(limits, options.wakeEveryMs);
    const exchange = new RouteExchange({ id, boot, limits, neighbors, outbox });
    this.#now = options.now;
    this.#neighbors = neighbors;
    this.#exchange = exchange;
    this.#heartbeats = new Heartbeats({ random: options.random, neighbors, exchange, outbox });
    this.#loss = new LossMeter(neighbors.rowCount);
    this.#forwarder = new Forwarder({ id, suite, limits, neighbors, exchange, loss: this.#loss, outbox });
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
    const routesAt = Math.min(this.#neighborsDueAt, this.#exchange.nextTimeout());
    const at = Math.min(routesAt, this.#forwarder.nextTimeout());
    return at === Infinity ? undefined : at;
  }

  /** Whom packets for that node go to now; undefined when there is no way. For checkers of loops. */
  nextHop(destination: ShortKey): ShortKey | undefined {
    const neighbor = this.#exchange.nextHop(highOf(destination), lowOf(destination));
    if (neighbor === NONE) return undefined;
    return shortKey(this.#neighbors.high(neighbor), this.#neighbors.low(neighbor));
  }

  /** The supernodes that there are routes to. */
  landmarks(): readonly Landmark[] {
    return this.#exchange.landmarks();
  }

  /** Landmarks that keep records for others, by nothing else than that there is a route to them. */
  indexHolders(): readonly ShortKey[] {
    return this.#exchange.indexHolders();
  }

  /** Another number when `indexHolders` may be different. */
  get indexVersion(): number {
    return this.#exchange.indexVersion;
  }

  /** The way to that node as last told with `route`: links in all, the next neighbour, the smallest MTU. */
  route(destination: ShortKey): { hops: number; neighbor: number; mtu: number } | undefined {
    const [high, low] = [highOf(destination), lowOf(destination)];
    const row = this.#exchange.nextHop(high, low);
    const neighbor = row === NONE ? undefined : this.#neighbors.session(row);
    if (neighbor === undefined) return undefined;
    return { hops: this.#exchange.hops(high, low), neighbor, mtu: this.#exchange.mtu(high, low) };
  }

  /** Whether there is a way to anybody who is no neighbour. */
  reachesBeyond(): boolean {
    return this.#exchange.reachesBeyond();
  }

  /** What is in use of the tables, with the sizes of `limits.ts`; for those who watch from outside. */
  figures(): RouterFigures {
    const neighbors = this.#neighbors.liveCount;
    const routes = this.#exchange.routeCount;
    const bytes = neighbors * NEIGHBOR_BYTES + routes * (ROUTE_BYTES + neighbors * OFFER_BYTES);
    return { neighbors, routes, routingBytes: bytes };
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
    if (input.kind === 'settled') {
      this.#exchange.onSettled(now, input.tag, input.ok);
      return;
    }
    if (input.kind === 'landmark') {
      this.#exchange.setLandmark(input.isLandmark, input.holdsIndex === true);
      return;
    }
    if (input.kind === 'seek') {
      this.#seek(now, input);
      return;
    }
    if (input.kind === 'pace') {
      this.#neighbors.setPace(input.intervalMsMax);
      for (let row = 0; row < this.#neighbors.rowEnd; row++) {
        if (this.#neighbors.isLive(row)) this.#heartbeats.hasten(now, row);
      }
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
        this.#onLoss(now, row, input.perMille);
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
      this.#onNewKeys(now, row, input);
    }
    if (row !== NONE && neighbors.isLive(row)) {
      this.#onMoved(now, row, input.via, input.link);
      return;
    }
    const before = neighbors.findId(readU32(input.id, 0), readU32(input.id, 4));
    if (before !== NONE) this.#leave(now, before, NeighborState.away); // its older session
    if (row === NONE) row = neighbors.findFree();
    if (row === NONE || !neighbors.hasRoom()) {
      this.#outbox.push({ kind: 'dropped', reason: 'overLimit' });
      return;
    }
    neighbors.up(now, row, input);
    this.#open(now, row);
  }

  /** The neighbour may have forgotten everything, so nothing counts that it was told. */
  #onNewKeys(now: Instant, row: number, introduction: NeighborIntroduction): void {
    this.#onDown(now, row);
    this.#exchange.close(row);
    this.#forwarder.renew(row);
    this.#neighbors.setKeys(row, introduction);
  }

  #onMoved(now: Instant, row: number, via: DirectVia, link: LinkInfo): void {
    this.#neighbors.move(row, via, link);
    if (this.#neighbors.isLive(row)) this.#exchange.costChanged(now, row);
  }

  #onDown(now: Instant, row: number): void {
    if (this.#neighbors.isLive(row)) this.#leave(now, row, NeighborState.away);
    else if (this.#neighbors.isSilent(row)) this.#neighbors.leave(row, NeighborState.away);
  }

  #onClosed(now: Instant, row: number): void {
    if (this.#neighbors.isLive(row)) this.#exchange.leave(now, row);
    this.#exchange.close(row);
    this.#neighbors.close(row);
    this.#forwarder.close(row);
    this.#loss.reset(row);
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
        this.#heartbeats.onRoutes(now, row);
        this.#exchange.onRoutes(now, row, message.entries);
        return;
      case 'routesWanted':
        this.#heartbeats.onRoutesWanted(now, row);
        return;
      case 'routeRequest':
        this.#exchange.onRouteRequest(now, row, message);
        return;
      case 'routeSeek':
        this.#exchange.search.onSeek(now, row, message);
        return;
      case 'routeSeekBack':
        this.#exchange.search.onSeekBack(row, message);
        return;
      case 'routeUnwanted':
        this.#exchange.onUnwanted(row, message.destination);
        return;
      case 'vicinity':
        this.#exchange.setReach(row, message.hops, message.landmarkHops);
        return;
      case 'relayRefused':
        this.#forwarder.onRelayRefused(now, row, message);
        return;
      case 'labelUnknown':
        this.#forwarder.onLabelUnknown(row, message);
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

  #onHeartbeat(now: Instant, row: number, heartbeat: Heartbeat): void {
    this.#heartbeats.onHeartbeat(now, row, heartbeat);
    this.#loss.onHeartbeat(now, row, intervalIn(heartbeat));
    const perMille = this.#loss.takeChange(row);
    if (perMille !== undefined) this.#onLoss(now, row, perMille);
  }

  #onLoss(now: Instant, row: number, perMille: number): void {
    if (this.#neighbors.lose(row, perMille)) this.#exchange.costChanged(now, row);
  }

  #seek(now: Instant, seek: Extract<RouterInput, { kind: 'seek' }>): void {
    const { destination, landmarks = [], near = [] } = seek;
    const bytesOf = (id: ShortKey) => shortIdBytes(highOf(id), lowOf(id));
    const hints = { landmarks: landmarks.map(bytesOf), near: near.map(bytesOf) };
    this.#exchange.search.seek(now, highOf(destination), lowOf(destination), hints);
  }

  #onTimeout(now: Instant): void {
    this.#forwarder.onTimeout(now);
    this.#exchange.onTimeout(now);
    for (let row = 0; row < this.#neighbors.rowEnd; row++) {
      if (!this.#neighbors.isLive(row)) continue;
      if (this.#neighbors.deadAt(row) <= now) {
        this.#onDead(now, row);
        continue;
      }
      if (this.#exchange.room.takeRoomAgain(row)) this.#heartbeats.want(now, row, WANT_ROOM_MS);
      this.#heartbeats.onTimeout(now, row);
    }
  }

  #onDead(now: Instant, row: number): void {
    this.#leave(now, row, NeighborState.silent);
    this.#outbox.push({ kind: 'neighborDead', neighbor: this.#neighbors.session(row) });
  }

  #open(now: Instant, row: number): void {
    this.#exchange.open(now, row);
    this.#heartbeats.open(now, row);
    this.#loss.pause(row);
  }

  #leave(now: Instant, row: number, state: typeof NeighborState.silent | typeof NeighborState.away): void {
    this.#exchange.leave(now, row);
    this.#neighbors.leave(row, state);
  }

  /**
   * After everything else: tells what changed, sends the heartbeats that are due, finds the next deadline.
   */
  #schedule(now: Instant): void {
    const neighbors = this.#neighbors;
    let dueAt = Infinity;
    for (let row = 0; row < neighbors.rowEnd; row++) {
      if (!neighbors.isLive(row)) continue;
      this.#exchange.teller.tell(now, row);
      const tellAt = this.#exchange.teller.nextTimeout(row);
      this.#heartbeats.beat(now, row, tellAt);
      dueAt = Math.min(dueAt, neighbors.deadAt(row), tellAt, this.#heartbeats.nextTimeout(row));
    }
    this.#neighborsDueAt = dueAt;
  }
}
