import type { CryptoSuite } from '../../src/crypto/suite.js';
import { toHex } from '../../src/kernel/bytes.js';
import type { LinkInfo, ShortKey } from '../../src/kernel/link.js';
import type { Instant } from '../../src/kernel/time.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import type { RouterInput, RouterOutput, RoutingMessage } from '../../src/routing/doors.js';
import { Router } from '../../src/routing/router.js';
import { fakeSuite, LAN } from './fake-suite.js';
import { Agenda, Dice, type Edge, edgeKey } from './graphs.js';

/**
 * Routers wired to each other in virtual time, with sessions as the node keeps them. Everything follows from
 * the seed.
 */

export interface NetworkOptions {
  readonly seed: number;
  readonly nodeCount: number;
  readonly edges: readonly Edge[];
  readonly limits?: Partial<Limits>;
  /** Of each datagram message and frame, 0 ... 1. Reliable messages only come later. */
  readonly loss?: number;
  readonly delayMsMax?: number;
  readonly link?: LinkInfo;
  readonly start?: Instant;
  readonly suite?: CryptoSuite;
}

interface Station {
  readonly id: Uint8Array;
  readonly key: ShortKey;
  router: Router;
  boots: number;
  /** Boot count of each peer when the session began under which it was last taken up. */
  readonly peerBoots: Map<number, number>;
  /** What the checker saw last, by destination. */
  hops: (ShortKey | undefined)[];
}

/** One end of a session. */
interface Side {
  readonly session: number;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** Boot count of the far end when the session began. */
  readonly peerBoots: number;
  isUp: boolean;
  /** Reliable messages to the far end, in their order, and when each may arrive at the earliest. */
  readonly queue: Waiting[];
}

interface Waiting {
  readonly at: Instant;
  readonly message: RoutingMessage;
  readonly tag: number | undefined;
}

interface Wire {
  readonly a: number;
  readonly b: number;
  readonly sides: readonly [Side, Side];
  isUp: boolean;
  /** Counts cuts and mends, so that what was scheduled before does not happen after. */
  generation: number;
}

export class Network {
  readonly dice: Dice;
  readonly stations: Station[] = [];
  readonly outputs: { readonly node: number; readonly at: Instant; readonly output: RouterOutput }[] = [];
  readonly frames: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[] = [];
  now: Instant;
  isCheckingLoops = true;
  /** Sees every message that is sent. */
  tap: ((message: RoutingMessage) => void) | undefined;
  /** Says which messages get lost in spite of everything. */
  sabotage: ((from: number, to: number, message: RoutingMessage) => boolean) | undefined;
  readonly #options: NetworkOptions;
  readonly #wires = new Map<string, Wire>();
  readonly #numbers = new Map<ShortKey, number>();
  readonly #agenda = new Agenda();
  #sessions = 1;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.dice = new Dice(options.seed);
    this.now = options.start ?? 1000;
    for (let node = 0; node < options.nodeCount; node++) {
      const id = this.dice.bytes(16);
      const key = toHex(id.subarray(0, 8));
      this.#numbers.set(key, node);
      this.stations.push({
        id,
        key,
        router: this.#makeRouter(id, 1),
        boots: 1,
        peerBoots: new Map(),
        hops: [],
      });
    }
    for (const [a, b] of options.edges) this.join(a, b);
  }

  station(node: number): Station {
    const station = this.stations[node];
    if (station === undefined) throw new Error(`no node ${node}`);
    return station;
  }

  key(node: number): ShortKey {
    return this.station(node).key;
  }

  /** The session of `from` with `to`, as `from` sees it. */
  side(from: number, to: number): Side {
    const wire = this.#wire(from, to);
    return wire.a === from ? wire.sides[0] : wire.sides[1];
  }

  hasWire(a: number, b: number): boolean {
    return this.#wires.has(edgeKey(a, b));
  }

  isJoined(a: number, b: number): boolean {
    return this.#wires.get(edgeKey(a, b))?.isUp === true;
  }

  /** A new session between two nodes. */
  join(a: number, b: number): void {
    const wire: Wire = { a, b, isUp: true, generation: 0, sides: this.#newSides(a, b) };
    this.#wires.set(edgeKey(a, b), wire);
    this.#bringUp(wire);
  }

  /** The wire is cut and each end notices on its own. With `isClosed` the session does not survive that. */
  cut(a: number, b: number, isClosed: boolean): void {
    const wire = this.#wire(a, b);
    wire.isUp = false;
    const generation = ++wire.generation;
    if (isClosed) this.#wires.delete(edgeKey(a, b));
    wire.sides.forEach((side, end) => {
      const kind = isClosed ? 'neighborClosed' : 'neighborDown';
      this.after(this.dice.below(2000), () => {
        if (!isClosed && wire.generation !== generation) return;
        side.isUp = false;
        this.input(end === 0 ? wire.a : wire.b, { kind, neighbor: side.session });
      });
    });
  }

  /** The wire is cut and both ends notice at once. */
  cutNow(a: number, b: number): void {
    const wire = this.#wire(a, b);
    wire.isUp = false;
    wire.generation++;
    for (const [near, far] of [
      [a, b],
      [b, a],
    ] as const) {
      const side = this.side(near, far);
      side.isUp = false;
      this.input(near, { kind: 'neighborDown', neighbor: side.session });
    }
  }

  /** After a cut, the session that survived goes on. */
  mend(a: number, b: number): void {
    const wire = this.#wire(a, b);
    wire.isUp = true;
    wire.generation++;
    this.#bringUp(wire);
  }

  /** One end takes the neighbour up. */
  raise(node: number, peer: number): void {
    const side = this.side(node, peer);
    side.isUp = true;
    this.station(node).peerBoots.set(peer, side.peerBoots);
    this.input(node, {
      kind: 'neighborUp',
      neighbor: side.session,
      id: this.station(peer).id,
      via: { kind: 'direct', link: peer, address: '' },
      link: this.#options.link ?? LAN,
      sendKey: side.sendKey,
      formerKey: undefined,
      receiveKey: side.receiveKey,
    });
  }

  /** Everything in its memory is lost; neighbours notice when the new sessions come. */
  restart(node: number, boot?: number): void {
    const station = this.station(node);
    station.boots++;
    station.router = this.#makeRouter(station.id, boot ?? station.boots);
    station.hops = [];
    station.peerBoots.clear();
    for (const wire of [...this.#wires.values()]) {
      if (wire.a !== node && wire.b !== node) continue;
      const peer = wire.a === node ? wire.b : wire.a;
      const old = this.side(peer, node).session;
      const wasUp = wire.isUp;
      wire.isUp = false;
      wire.generation++;
      this.#wires.delete(edgeKey(node, peer));
      this.after(200 + this.dice.below(2000), () => {
        this.input(peer, { kind: 'neighborClosed', neighbor: old });
        if (wasUp && !this.hasWire(node, peer)) this.join(node, peer);
      });
    }
  }

  send(from: number, to: number, packet: Uint8Array): void {
    this.input(from, { kind: 'send', to: this.key(to), packet });
  }

  input(node: number, input: RouterInput): void {
    this.station(node).router.handleInput(this.now, input);
    this.#drain(node);
    if (this.isCheckingLoops) this.#checkLoops(node);
  }

  after(ms: number, run: () => void): void {
    this.#agenda.add(this.now + ms, run);
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [node, wakeAt] = this.#nextWake();
      const taskAt = this.#agenda.nextAt;
      const at = Math.min(taskAt, wakeAt);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (taskAt <= wakeAt) this.#agenda.take()?.run();
      else this.input(node, { kind: 'timeout' });
    }
    this.now = until;
  }

  nextHop(node: number, destination: number): number | undefined {
    const hop = this.station(node).router.nextHop(this.key(destination));
    return hop === undefined ? undefined : this.#numbers.get(hop);
  }

  /** The nodes that next hops lead through; undefined when they lead elsewhere. */
  way(node: number, destination: number): readonly number[] | undefined {
    const way = [node];
    for (let at = node; at !== destination; ) {
      const next = this.nextHop(at, destination);
      if (next === undefined || way.includes(next)) return undefined;
      way.push(next);
      at = next;
    }
    return way;
  }

  /** Links from `node` by the wires that are up, breadth first. */
  distances(node: number): readonly number[] {
    const distances = this.stations.map(() => Infinity);
    const queue = [node];
    distances[node] = 0;
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      for (const wire of this.#wires.values()) {
        if (!wire.isUp || (wire.a !== at && wire.b !== at)) continue;
        const next = wire.a === at ? wire.b : wire.a;
        if (distances[next] !== Infinity) continue;
        distances[next] = (distances[at] ?? 0) + 1;
        queue.push(next);
      }
    }
    return distances;
  }

  /** Pairs whose next hops disagree with what the wires allow; empty when converged. */
  disagreements(): readonly string[] {
    const wrong: string[] = [];
    for (let node = 0; node < this.stations.length; node++) {
      this.distances(node).forEach((distance, destination) => {
        const next = this.nextHop(node, destination);
        const isRight =
          distance === 0 || distance === Infinity
            ? next === undefined
            : this.way(node, destination) !== undefined;
        if (!isRight) wrong.push(`${node} to ${destination}: distance ${distance}, next hop ${next}`);
      });
    }
    return wrong;
  }

  dropped(reason: string): number {
    return this.outputs.filter(({ output }) => output.kind === 'dropped' && output.reason === reason).length;
  }

  /** Packets delivered at a node, as text. */
  delivered(node: number): readonly string[] {
    return this.outputs.flatMap((entry) =>
      entry.node === node && entry.output.kind === 'deliver' ? [toHex(entry.output.bytes)] : [],
    );
  }

  #makeRouter(id: Uint8Array, boot: number): Router {
    const limits = { ...PI_LIMITS, ...this.#options.limits };
    const suite = this.#options.suite ?? fakeSuite;
    return new Router({ now: this.now, self: { id }, suite, random: this.dice, limits, boot });
  }

  #newSides(a: number, b: number): [Side, Side] {
    const [ab, ba] = [this.dice.bytes(32), this.dice.bytes(32)];
    const [boots, peerBoots] = [this.station(a).boots, this.station(b).boots];
    return [
      { session: this.#sessions++, peerBoots, sendKey: ab, receiveKey: ba, isUp: false, queue: [] },
      { session: this.#sessions++, peerBoots: boots, sendKey: ba, receiveKey: ab, isUp: false, queue: [] },
    ];
  }

  #bringUp(wire: Wire): void {
    const generation = wire.generation;
    for (const [node, peer] of [
      [wire.a, wire.b],
      [wire.b, wire.a],
    ] as const) {
      this.after(this.dice.below(500), () => {
        if (wire.generation === generation) this.raise(node, peer);
      });
    }
  }

  #drain(node: number): void {
    const { router } = this.station(node);
    for (let output = router.pollOutput(); output !== undefined; output = router.pollOutput()) {
      this.outputs.push({ node, at: this.now, output });
      if (output.kind === 'message') this.#onMessage(node, output);
      else if (output.kind === 'transmit') this.#onTransmit(node, output.via.link, output.bytes);
      else if (output.kind === 'neighborDoubted') this.#onDoubted(node, output.neighbor);
    }
  }

  /** It is asked, and answers if it is there. */
  #onDoubted(node: number, neighbor: number): void {
    this.after(2, () => {
      for (const wire of this.#wires.values()) {
        const [near, far] = wire.a === node ? wire.sides : [wire.sides[1], wire.sides[0]];
        if ((wire.a !== node && wire.b !== node) || near.session !== neighbor) continue;
        if (wire.isUp && near.isUp && far.isUp) this.input(node, { kind: 'heard', neighbor });
        return;
      }
    });
  }

  #onMessage(node: number, output: Extract<RouterOutput, { kind: 'message' }>): void {
    for (const wire of this.#wires.values()) {
      const side = wire.a === node ? wire.sides[0] : wire.sides[1];
      if ((wire.a === node || wire.b === node) && side.session === output.neighbor) {
        this.#carry(wire, node, output);
        return;
      }
    }
  }

  #carry(wire: Wire, from: number, output: Extract<RouterOutput, { kind: 'message' }>): void {
    const { message, reliable: isReliable, tag } = output;
    const to = wire.a === from ? wire.b : wire.a;
    this.tap?.(message);
    if (this.sabotage?.(from, to, message) === true) return;
    if (isReliable) {
      const near = wire.a === from ? wire.sides[0] : wire.sides[1];
      let at = this.now + this.#delay();
      while (this.#isLost()) at += 300;
      near.queue.push({ at, message, tag });
      this.#agenda.add(at, () => this.#deliverQueue(wire, from));
    } else if (!this.#isLost()) {
      this.after(this.#delay(), () => this.#deliver(wire, to, message));
    }
  }

  /** What the reliable part of a session does: in order, once, however long the wire is cut. */
  #deliverQueue(wire: Wire, from: number): void {
    const to = wire.a === from ? wire.b : wire.a;
    const { queue } = wire.a === from ? wire.sides[0] : wire.sides[1];
    for (let head = queue[0]; head !== undefined && head.at <= this.now; head = queue[0]) {
      if (this.#wires.get(edgeKey(from, to)) !== wire) return;
      if (!this.#deliver(wire, to, head.message)) {
        this.after(300, () => this.#deliverQueue(wire, from));
        return;
      }
      queue.shift();
      if (head.tag !== undefined) this.#acknowledge(wire, from, head.tag);
    }
  }

  /** The session learns that the far end took it, also after a moment without the wire. */
  #acknowledge(wire: Wire, to: number, tag: number): void {
    this.after(this.#delay(), () => {
      if (this.#wires.get(edgeKey(wire.a, wire.b)) === wire)
        this.input(to, { kind: 'settled', tag, ok: true });
    });
  }

  #deliver(wire: Wire, to: number, message: RoutingMessage): boolean {
    const far = wire.a === to ? wire.sides[0] : wire.sides[1];
    if (!wire.isUp || !far.isUp || this.#wires.get(edgeKey(wire.a, wire.b)) !== wire) return false;
    this.input(to, { kind: 'message', neighbor: far.session, message });
    return true;
  }

  #onTransmit(from: number, to: number, bytes: Uint8Array): void {
    this.frames.push({ from, to, bytes });
    const wire = this.#wires.get(edgeKey(from, to));
    if (wire === undefined || !wire.isUp || this.#isLost()) return;
    this.after(this.#delay(), () => {
      if (wire.isUp)
        this.input(to, { kind: 'frame', via: { kind: 'direct', link: from, address: '' }, bytes });
    });
  }

  #isLost(): boolean {
    return this.dice.next() < (this.#options.loss ?? 0);
  }

  #delay(): number {
    return 1 + this.dice.below(this.#options.delayMsMax ?? 20);
  }

  /** A loop can only close at the node that just changed: follow each changed way from there. */
  #checkLoops(node: number): void {
    const station = this.station(node);
    for (let destination = 0; destination < this.stations.length; destination++) {
      const hop = station.router.nextHop(this.key(destination));
      if (hop === station.hops[destination]) continue;
      station.hops[destination] = hop;
      const way: number[] = [];
      for (let at: number | undefined = node; at !== undefined && at !== destination; ) {
        if (way.includes(at)) throw new Error(`loop to ${destination} at ${way.join(' ')}, t = ${this.now}`);
        way.push(at);
        const next = this.nextHop(at, destination);
        at = next !== undefined && this.#isCurrent(at, next) ? next : undefined;
      }
    }
  }

  /**
   * Frames under a session of an earlier life of the receiver are dropped there: no packet takes that edge.
   */
  #isCurrent(from: number, to: number): boolean {
    return this.station(from).peerBoots.get(to) === this.station(to).boots;
  }

  #wire(a: number, b: number): Wire {
    const wire = this.#wires.get(edgeKey(a, b));
    if (wire === undefined) throw new Error(`no wire ${a}-${b}`);
    return wire;
  }

  #nextWake(): readonly [number, Instant] {
    let node = 0;
    let soonest = Infinity;
    for (let i = 0; i < this.stations.length; i++) {
      const at = this.station(i).router.pollTimeout() ?? Infinity;
      if (at >= soonest) continue;
      node = i;
      soonest = at;
    }
    return [node, soonest];
  }
}
