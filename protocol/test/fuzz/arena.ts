import { Prng } from '@fogwisp/protocol/sim';
import type { LinkInfo, NodeEvent, NodeInput, NodeOutput } from '../../src/api.js';
import type { CryptoSuite } from '../../src/crypto/suite.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { createNetworkKey, type NetworkKey } from '../../src/identity/network.js';
import { BROADCAST, type LinkAddress, type LinkId } from '../../src/kernel/link.js';
import { BOARD_LIMITS, PI_LIMITS } from '../../src/limits.js';
import { Node } from '../../src/node.js';
import { Rogue } from '../support/rogue.js';
import { stubSuite } from './stub-suite.js';

/** A packet on its way, or one that was: the arena forgets nothing for a while. */
export interface Flight {
  readonly sender: string;
  readonly link: LinkId;
  readonly from: LinkAddress;
  readonly to: LinkAddress;
  readonly bytes: Uint8Array;
}

export interface Seat {
  readonly name: string;
  readonly identity: Identity;
  node: Node;
  readonly links: ReadonlySet<LinkId>;
  readonly up: Set<LinkId>;
  readonly store: Map<string, Uint8Array>;
  readonly events: NodeEvent[];
  /** Written and not yet confirmed. */
  readonly unconfirmed: [string, Uint8Array | undefined][];
}

const BUS = 1;
const CABLE = 2;
const UDP = 3;
export const LINKS: Readonly<Record<LinkId, LinkInfo>> = {
  [BUS]: link('lan', 'broadcast', 1200, 0),
  [CABLE]: link('serial', 'point', 64, 115_200),
  [UDP]: link('udp', 'address', 480, 0),
};
const CAPTURED_MAX = 400;
/** More from one input than any honest one makes. */
const OUTPUTS_MAX = 4096;
const TIMEOUTS_AT_ONCE_MAX = 200;

function link(kind: string, cast: LinkInfo['cast'], mtu: number, bitrate: number): LinkInfo {
  return { kind, name: kind, cast, mtu, bitrate, flow: 'datagram', reliable: false };
}

/**
 * Three shipped nodes and a member that lies, on three links, under one clock; nothing is timed but by them.
 * a -cable- b -bus- c and the rogue; a -udp- c. Whoever drives it decides which packet arrives when, and
 * where.
 */
export class Arena {
  readonly chance: Prng;
  readonly suite: CryptoSuite = stubSuite();
  readonly network: NetworkKey;
  readonly seats: readonly Seat[];
  readonly rogue: Rogue;
  now: number;
  /** On their way, oldest first, and the last few that ever were. */
  readonly flying: Flight[] = [];
  readonly captured: Flight[] = [];
  inputCount = 0;
  readonly #requests: (readonly [Seat, number])[] = [];

  constructor(seed: number) {
    this.chance = new Prng(seed, 0x0a4e_4a00);
    this.now = this.chance.pick([0, 1, 123_456, 2 ** 31 - 5000, 2 ** 32 - 5000, 49.7 * 86_400_000]);
    this.now = Math.floor(this.now);
    this.network = createNetworkKey(this.suite, this.chance);
    this.seats = [this.#seat('a', [CABLE, UDP]), this.#seat('b', [BUS, CABLE]), this.#seat('c', [BUS, UDP])];
    const identity = createIdentity(this.suite, this.chance);
    this.rogue = new Rogue({ suite: this.suite, identity, network: this.network, random: this.chance });
    this.rogue.handleInput(this.now, { kind: 'linkUp', link: BUS, info: LINKS[BUS] as LinkInfo });
    for (const seat of this.seats) for (const id of seat.links) this.plug(seat, id);
    this.input(this.seat(0), command(1, { kind: 'connect', link: UDP, address: 'c' }));
    this.input(this.seat(0), command(2, { kind: 'subscribe', pattern: '*/door', qos: 1 }));
    this.flushRogue();
  }

  seat(index: number): Seat {
    const seat = this.seats[index % this.seats.length];
    if (seat === undefined) throw new Error('an arena has seats');
    return seat;
  }

  /** Everything goes in here: checks what comes out. */
  input(seat: Seat, input: NodeInput): void {
    this.inputCount++;
    seat.node.handleInput(this.now, input);
    this.#drain(seat);
  }

  plug(seat: Seat, id: LinkId): void {
    if (seat.up.has(id)) return;
    seat.up.add(id);
    this.input(seat, { kind: 'linkUp', link: id, info: LINKS[id] as LinkInfo });
  }

  unplug(seat: Seat, id: LinkId): void {
    if (!seat.up.delete(id)) return;
    this.input(seat, { kind: 'linkDown', link: id });
  }

  /** Loses all but what was confirmed, and perhaps that. */
  restart(seat: Seat, store: ReadonlyMap<string, Uint8Array>): void {
    const up = [...seat.up];
    seat.up.clear();
    seat.unconfirmed.length = 0;
    seat.store.clear();
    for (const [key, value] of store) seat.store.set(key, value);
    seat.node = this.#makeNode(seat.name, seat.identity, seat.store);
    this.#drain(seat);
    for (const id of up) this.plug(seat, id);
    if (seat.links.has(UDP) && seat.name === 'a') {
      this.input(seat, command(1, { kind: 'connect', link: UDP, address: 'c' }));
    }
  }

  confirm(seat: Seat): void {
    const write = seat.unconfirmed.shift();
    if (write === undefined) return;
    const [key, value] = write;
    if (value === undefined) seat.store.delete(key);
    else seat.store.set(key, value);
    this.input(seat, { kind: 'persisted', key });
  }

  /** The oldest packet arrives. */
  deliver(): void {
    const flight = this.flying.shift();
    if (flight === undefined) return;
    for (const seat of this.seats) {
      if (this.#reaches(flight, seat)) this.arrive(seat, flight.link, flight.from, flight.bytes);
    }
    const isForRogue = flight.link === BUS && (flight.to === 'r' || flight.to === BROADCAST);
    if (!isForRogue) return;
    this.rogue.handleInput(this.now, {
      kind: 'packet',
      link: BUS,
      from: flight.from,
      bytes: flight.bytes,
    });
    this.flushRogue();
  }

  /** Bytes are lent, and spoiled when the node gives them back. */
  arrive(seat: Seat, id: LinkId, from: LinkAddress, bytes: Uint8Array): void {
    const lent = new Uint8Array(bytes);
    this.inputCount++;
    seat.node.handleInput(this.now, { kind: 'packet', link: id, from, bytes: lent });
    lent.fill(0xa5);
    this.#drain(seat);
  }

  /** Time goes on, and timers that fall due ring. */
  wait(ms: number): void {
    this.now += ms;
    this.#answer();
    for (const seat of this.seats) {
      for (let rings = 0; ; rings++) {
        const at = seat.node.pollTimeout();
        if (at === undefined || at > this.now) break;
        if (rings > TIMEOUTS_AT_ONCE_MAX) throw new Error(`${seat.name} never stops ringing`);
        this.input(seat, { kind: 'timeout' });
      }
    }
  }

  flushRogue(): void {
    for (let output = this.rogue.pollOutput(); output !== undefined; output = this.rogue.pollOutput()) {
      if (output.kind !== 'transmit') continue;
      const { link, to, bytes } = output;
      this.#fly({ sender: 'r', link, from: 'r', to, bytes });
    }
  }

  #seat(name: string, links: readonly LinkId[]): Seat {
    const identity = createIdentity(this.suite, this.chance);
    const store = new Map<string, Uint8Array>();
    const node = this.#makeNode(name, identity, store);
    const rest = { up: new Set<LinkId>(), events: [], unconfirmed: [] };
    const seat: Seat = { name, identity, node, links: new Set(links), store, ...rest };
    this.#drain(seat);
    return seat;
  }

  #makeNode(name: string, identity: Identity, store: ReadonlyMap<string, Uint8Array>): Node {
    const { now, network, suite: crypto, chance: random } = this;
    const limits = name === 'b' ? PI_LIMITS : BOARD_LIMITS;
    return new Node({ now, identity, network, name, crypto, random, limits, restored: new Map(store) });
  }

  #drain(seat: Seat): void {
    let count = 0;
    for (let out = seat.node.pollOutput(); out !== undefined; out = seat.node.pollOutput()) {
      if (++count > OUTPUTS_MAX) throw new Error(`${seat.name} floods`);
      this.#perform(seat, out);
    }
    const at = seat.node.pollTimeout();
    if (at !== undefined && !Number.isFinite(at)) throw new Error(`${seat.name} waits for ${at}`);
  }

  #perform(seat: Seat, output: NodeOutput): void {
    switch (output.kind) {
      case 'transmit': {
        const info = LINKS[output.link];
        if (info === undefined || !seat.up.has(output.link)) throw new Error('sent on a link that is down');
        if (output.bytes.length > info.mtu) throw new Error('sent more than the link carries');
        const { link, to, bytes } = output;
        const from = info.cast === 'point' ? '' : seat.name;
        return this.#fly({ sender: seat.name, link, from, to, bytes });
      }
      case 'persist':
        seat.unconfirmed.push([output.key, output.value]);
        return;
      case 'event':
        seat.events.push(output.event);
        if (output.event.kind === 'request') this.#requests.push([seat, output.event.request]);
        return;
      case 'dropped':
    }
  }

  /** As applications do, on their next turn. */
  #answer(): void {
    for (let next = this.#requests.shift(); next !== undefined; next = this.#requests.shift()) {
      const [seat, request] = next;
      const body = new Uint8Array(this.chance.below(40));
      this.input(seat, command(0, { kind: 'respond', request, status: 0, body }));
    }
  }

  #fly(flight: Flight): void {
    this.flying.push(flight);
    this.captured.push(flight);
    if (this.captured.length > CAPTURED_MAX) this.captured.splice(0, CAPTURED_MAX / 4);
    if (this.flying.length > 5000) throw new Error('packets breed');
  }

  #reaches(flight: Flight, seat: Seat): boolean {
    if (!seat.up.has(flight.link)) return false;
    const info = LINKS[flight.link];
    if (info?.cast === 'point' || flight.to === BROADCAST) return flight.sender !== seat.name;
    return flight.to === seat.name;
  }
}

export function command<C>(id: number, what: C): { kind: 'command'; id: number; command: C } {
  return { kind: 'command', id, command: what };
}
