import { nodeSuite } from '@fogwisp/firmware-shim/node';
import {
  BOARD_LIMITS,
  createIdentity,
  createNetworkKey,
  encodeValue,
  type Identity,
  Node,
  type NodeEvent,
  PI_LIMITS,
} from '@fogwisp/protocol';
import { type Host, PROFILES, Prng, World } from '@fogwisp/protocol/sim';
import { type LabeledLine, scriptOf } from './script-of.js';

/**
 * The life of a board among neighbours, in the simulator: some on a local network (they hear each other's
 * beacons, so handshakes are KK) and some on cables (XX), and more nodes behind each. What the board, one
 * neighbour of equal limits and one leaf are told is recorded, to be told again in the engines of boards.
 */
export interface DayPlan {
  readonly neighbors: number;
  readonly behindEach: number;
  readonly readingEveryMs: number;
  readonly requestEveryMs: number;
  /** When memory is measured, by what has happened by then. The last one ends the day. */
  readonly marks: Readonly<Record<string, number>>;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** When nodes are switched on, and traffic begins; those behind come with the traffic of a small plan. */
const ALONE_UNTIL = 30 * SECOND;
const ONE_UNTIL = 2 * MINUTE;
const EIGHT_UNTIL = 4 * MINUTE;
const TRAFFIC_FROM = 10 * MINUTE;

/** 8 neighbours, 64 routes, 100 readings each way, requests both ways. */
export const BUSY_HOUR: DayPlan = {
  neighbors: 8,
  behindEach: 7,
  readingEveryMs: 5 * SECOND,
  requestEveryMs: 30 * SECOND,
  marks: {
    alone: ALONE_UNTIL,
    one: ONE_UNTIL,
    eight: EIGHT_UNTIL,
    routes: TRAFFIC_FROM,
    hundred: TRAFFIC_FROM + 510 * SECOND,
  },
};

/** Fewer nodes, for long: what grows with time grows here too. */
export const LONG_DAY: DayPlan = {
  neighbors: 3,
  behindEach: 2,
  readingEveryMs: 30 * SECOND,
  requestEveryMs: 2 * MINUTE,
  marks: { hour: HOUR + TRAFFIC_FROM, day: 24 * HOUR + TRAFFIC_FROM },
};

/** A script for each recorded node, as `host.next()` reads them. */
export interface Day {
  readonly board: Uint8Array;
  /**
   * A neighbour with the limits of a board, on a cable: it has its own behind it, and the board as another.
   */
  readonly farSide: Uint8Array;
  /** With one neighbour. */
  readonly leaf: Uint8Array;
}

export function recordDay(plan: DayPlan): Day {
  return new Recording(plan).run();
}

const SEED = 20;

class Recording {
  readonly #plan: DayPlan;
  readonly #farSide: string;
  readonly #leaf: string;
  readonly #suite = nodeSuite();
  readonly #keys = new Prng(SEED, 0x7fff_fff0);
  readonly #network = createNetworkKey(this.#suite, this.#keys);
  readonly #world = new World({ seed: SEED, spoilsBorrowed: false });
  readonly #identities = new Map<string, Identity>();
  readonly #marks = new Map<string, LabeledLine[]>();

  constructor(plan: DayPlan) {
    this.#plan = plan;
    this.#farSide = `n${plan.neighbors - 1}`;
    this.#leaf = `${this.#farSide}-0`;
  }

  run(): Day {
    this.#build();
    let end = 0;
    for (const [label, at] of Object.entries(this.#plan.marks)) {
      this.#world.at(at, () => this.#mark(label));
      end = Math.max(end, at);
    }
    this.#world.runUntil(end + 1);
    return {
      board: this.#script('board'),
      farSide: this.#script(this.#farSide),
      leaf: this.#script(this.#leaf),
    };
  }

  get #recorded(): readonly string[] {
    return ['board', this.#farSide, this.#leaf];
  }

  #build(): void {
    const board = this.#add('board', false);
    const neighbors: Host[] = [];
    for (let i = 0; i < this.#plan.neighbors; i++) neighbors.push(this.#add(`n${i}`, true));
    const half = this.#plan.neighbors >> 1;
    this.#world.join([board, ...neighbors.slice(0, half)], PROFILES.lan);
    for (const neighbor of neighbors.slice(half)) this.#world.connect(board, neighbor, PROFILES.serial);
    for (const neighbor of neighbors) this.#addBehind(neighbor);
    this.#world.at(ALONE_UNTIL, () => neighbors[0]?.start());
    this.#world.at(ONE_UNTIL, () => {
      for (const neighbor of neighbors.slice(1)) neighbor.start();
    });
    this.#world.at(TRAFFIC_FROM, () => this.#beginTraffic(board));
  }

  #addBehind(neighbor: Host): void {
    for (let i = 0; i < this.#plan.behindEach; i++) {
      const host = this.#add(`${neighbor.name}-${i}`, true);
      this.#world.connect(neighbor, host, PROFILES.serial);
      this.#world.at(EIGHT_UNTIL, () => host.start());
    }
  }

  #add(name: string, isOff: boolean): Host {
    const isRecorded = this.#recorded.includes(name);
    const identity = createIdentity(this.#suite, this.#keys);
    this.#identities.set(name, identity);
    const limits = isRecorded ? BOARD_LIMITS : PI_LIMITS;
    const [crypto, network] = [this.#suite, this.#network];
    const plan = { isOff, isRecorded, forgetsEvents: true, onEvent: answer };
    return this.#world.addHost(
      name,
      (birth) => new Node({ ...birth, name, identity, limits, crypto, network }),
      plan,
    );
  }

  /** Readings each way between the board and a neighbour of each kind, requests both ways with some. */
  #beginTraffic(board: Host): void {
    const [lan, cable, leaf] = ['n0', this.#farSide, this.#leaf].map((name) => this.#world.host(name));
    if (lan === undefined || cable === undefined || leaf === undefined) return;
    for (const other of [lan, cable]) {
      other.command({ kind: 'subscribe', pattern: 'board/reading', qos: 0 });
      board.command({ kind: 'subscribe', pattern: `${other.name}/reading`, qos: 1 });
      this.#publishForEver(other, 1);
      this.#askForEver(other, 'board');
    }
    leaf.command({ kind: 'subscribe', pattern: `${this.#farSide}/reading`, qos: 1 });
    cable.command({ kind: 'subscribe', pattern: `${this.#leaf}/reading`, qos: 0 });
    this.#publishForEver(leaf, 0);
    this.#publishForEver(board, 0);
    for (const name of ['n1', this.#farSide, 'n0-1']) this.#askForEver(board, name);
    this.#askForEver(leaf, 'board');
  }

  #publishForEver(host: Host, qos: 0 | 1): void {
    let count = 0;
    const publish = (): void => {
      const body = encodeValue({ count: ++count, celsius: 20 + (count % 80) / 16 });
      host.command({ kind: 'publish', topic: 'reading', body, qos });
      this.#world.after(this.#plan.readingEveryMs, publish);
    };
    publish();
  }

  #askForEver(host: Host, to: string): void {
    const body = encodeValue('how warm?');
    const ask = (): void => {
      host.command({ kind: 'request', to, path: 'temperature', body, deadlineMs: 10 * SECOND });
      this.#world.after(this.#plan.requestEveryMs, ask);
    };
    ask();
  }

  #mark(label: string): void {
    for (const name of this.#recorded) {
      const marks = this.#marks.get(name) ?? [];
      marks.push({ label, line: this.#world.host(name).trace.length });
      this.#marks.set(name, marks);
    }
  }

  #script(name: string): Uint8Array {
    const identity = this.#identities.get(name);
    if (identity === undefined) throw new Error(`nobody is called ${name}`);
    const casting = { name, seed: identity.seed, network: this.#network.key };
    return scriptOf(casting, this.#world.host(name).trace, this.#marks.get(name) ?? []);
  }
}

function answer(event: NodeEvent, host: Host): void {
  if (event.kind !== 'request') return;
  host.command({ kind: 'respond', request: event.request, status: 0, body: encodeValue(21.5) });
}
