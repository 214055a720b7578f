import type { LinkAddress, NodeInput, NodeOutput } from '@fogwisp/protocol';
import type { Checker, Step } from './checker.js';
import { type Microseconds, toMicroseconds } from './clock.js';
import { Courier } from './courier.js';
import { EventHeap, type Ticket } from './event-heap.js';
import { insist, WorldFailure } from './failure.js';
import { TraceHash } from './hash.js';
import { Host } from './host.js';
import type { HostOptions } from './host-options.js';
import { type Flight, Medium, type MediumOptions, type Tap } from './medium.js';
import { Nat, type NatOptions } from './nat.js';
import { Port } from './port.js';
import { Prng } from './prng.js';
import type { HostEvent, Surroundings } from './surroundings.js';
import type { MakeNode } from './trace.js';
import type { AttachOptions, ConnectOptions, WorldOptions } from './world-options.js';

interface Action {
  readonly kind: 'action';
  readonly run: () => void;
}
type WorldEvent = Flight | HostEvent | Action;

/** More events at one instant than any honest burst: time stands still. */
const EVENTS_AT_ONCE_MAX = 2_000_000;

/** Boxes draw from streams of chance of their own. */
const NAT_STREAMS = 0x4000_0000;

/**
 * Hosts, media and virtual time. Events are taken one by one, by time and then by insertion; chance comes
 * from the seed alone. So a run is a function of its seed and of the code, in every engine.
 */
export class World implements Surroundings {
  readonly seed: number;
  readonly hosts: Host[] = [];
  readonly media: Medium[] = [];
  /** For the scenario: what happens, not how. */
  readonly random: Prng;
  readonly #checkers: readonly Checker[];
  readonly #courier: Courier;
  readonly #events = new EventHeap<WorldEvent>();
  readonly #byName = new Map<string, Host>();
  readonly #hash = new TraceHash();
  #tap: Tap | undefined;
  #nowUs: Microseconds = 0;
  #eventCount = 0;
  #natCount = 0;
  #eventsAtOnce = 0;
  #moving: Host | undefined;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.random = new Prng(options.seed);
    this.#checkers = options.checkers ?? [];
    this.#courier = new Courier(this.#events, options.spoilsBorrowed ?? true);
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#nowUs / 1000;
  }

  get nowUs(): Microseconds {
    return this.#nowUs;
  }

  /** Of everything that any host was told and said; equal in every engine for the same seed and code. */
  get hash(): string {
    return this.#hash.hex;
  }

  /** Events taken so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Events on the calendar. */
  get pendingCount(): number {
    return this.#events.size;
  }

  /** Sees every packet and its fate; undefined looks away. */
  set tap(tap: Tap | undefined) {
    this.#tap = tap;
    for (const medium of this.media) medium.tap = tap;
  }

  // Building

  addHost(name: string, makeNode: MakeNode, options: HostOptions = {}): Host {
    insist(!this.#byName.has(name), `one host is called ${name}`);
    const host = new Host(this, { ...options, name, index: this.hosts.length, makeNode });
    this.hosts.push(host);
    this.#byName.set(name, host);
    if (!options.isOff) host.start();
    return host;
  }

  host(name: string): Host {
    const host = this.#byName.get(name);
    insist(host !== undefined, `a host is called ${name}`);
    return host;
  }

  addMedium(options: MediumOptions = {}): Medium {
    const medium = new Medium(options, new Prng(this.seed, 4 * this.media.length + 3));
    medium.tap = this.#tap;
    this.media.push(medium);
    return medium;
  }

  /** A box that stations are attached behind. */
  addNat(options: NatOptions): Nat {
    return new Nat(options, new Prng(this.seed, NAT_STREAMS + this.#natCount++));
  }

  attach(host: Host, medium: Medium, options: AttachOptions = {}): Port {
    const isPoint = medium.info.cast === 'point';
    const address = options.address ?? (isPoint ? '' : host.name);
    const { behind } = options;
    const port = medium.attach({ host, link: host.ports.length + 1, address, behind });
    host.ports.push(port);
    if (options.quality !== undefined) medium.change(options.quality, port);
    host.tell(port);
    return port;
  }

  /** A link between two hosts. */
  connect(a: Host, b: Host, options: ConnectOptions = {}): Medium {
    insist((options.cast ?? 'point') === 'point', 'two hosts are connected by a point medium');
    const medium = this.addMedium({ name: `${a.name}-${b.name}`, ...options });
    this.attach(a, medium);
    this.attach(b, medium, options.back === undefined ? {} : { quality: options.back });
    return medium;
  }

  /** A medium of many stations, each under its name. */
  join(hosts: readonly Host[], options: MediumOptions = {}): Medium {
    const medium = this.addMedium({ cast: 'broadcast', ...options });
    for (const host of hosts) this.attach(host, medium);
    return medium;
  }

  // Faults of media; those of hosts are theirs

  /** The link goes down and both nodes are told, as when a cable is pulled from a port with a carrier. */
  unplug(medium: Medium): void {
    this.#switch(medium, false);
  }

  plug(medium: Medium): void {
    this.#switch(medium, true);
  }

  /** Silence, both ways; nobody is told. */
  cut(medium: Medium): void {
    medium.cut(this.#nowUs);
  }

  /** Undoes `cut` and all that was blocked. */
  heal(medium: Medium): void {
    medium.heal();
  }

  // Running

  /** An action of the scenario, at a world time in ms. */
  at(atMs: number, run: () => void): void {
    const at = toMicroseconds(atMs);
    insist(at >= this.#nowUs, 'actions lie in the future');
    this.#events.add(at, { kind: 'action', run });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run);
  }

  /** Takes the next event; false when there is none. */
  step(): boolean {
    const at = this.#events.nextAt;
    const event = this.#events.shift();
    if (at === undefined || event === undefined) return false;
    this.#eventsAtOnce = at === this.#nowUs ? this.#eventsAtOnce + 1 : 0;
    this.#nowUs = at;
    this.#eventCount++;
    this.#moving = hostOf(event);
    try {
      insist(this.#eventsAtOnce < EVENTS_AT_ONCE_MAX, 'time goes on');
      this.#take(event);
    } catch (cause) {
      throw this.#failure(cause);
    }
    return true;
  }

  runFor(ms: number): void {
    this.runUntil(this.now + ms);
  }

  /**
   * Until a world time in ms, or until a condition holds: true when it does, false after `withinMs` (default
   * a minute). A condition is asked after each event, or only every `everyMs`.
   */
  runUntil(atMs: number): void;
  runUntil(
    holds: () => boolean,
    options?: { readonly withinMs?: number; readonly everyMs?: number },
  ): boolean;
  runUntil(goal: number | (() => boolean), options: { withinMs?: number; everyMs?: number } = {}): boolean {
    if (typeof goal === 'number') {
      this.#runTo(toMicroseconds(goal));
      return true;
    }
    const until = this.#nowUs + toMicroseconds(options.withinMs ?? 60_000);
    const { everyMs } = options;
    while (!goal()) {
      if (everyMs !== undefined && this.#nowUs < until) {
        this.#runTo(Math.min(until, this.#nowUs + toMicroseconds(everyMs)));
      } else if ((this.#events.nextAt ?? Number.POSITIVE_INFINITY) <= until) {
        this.step();
      } else {
        this.#nowUs = until;
        return goal();
      }
    }
    return true;
  }

  /** Asks the checkers for what must hold at the end. */
  finish(): void {
    for (const checker of this.#checkers) {
      const complaint = checker.atEnd?.(this);
      if (complaint !== undefined) throw this.#failure(`${checker.name}: ${complaint}`);
    }
  }

  /** One line from which a run can be told from another. */
  describe(): string {
    return `SEED=${this.seed} AT=${this.now}ms EVENTS=${this.#eventCount} HASH=${this.hash}`;
  }

  // Surroundings of the hosts

  schedule(at: Microseconds, event: HostEvent): Ticket {
    return this.#events.add(at, event);
  }

  reschedule(ticket: Ticket, at: Microseconds): void {
    this.#events.move(ticket, at);
  }

  cancel(ticket: Ticket): void {
    this.#events.remove(ticket);
  }

  transmit(port: Port, to: LinkAddress, bytes: Uint8Array): void {
    this.#courier.accept(this.#nowUs, port, to, bytes);
  }

  lend(bytes: Uint8Array): Uint8Array {
    return this.#courier.lend(bytes);
  }

  takeBack(bytes: Uint8Array): void {
    this.#courier.takeBack(bytes);
  }

  settled(host: Host, input: NodeInput | undefined, outputs: readonly NodeOutput[]): void {
    this.#hash.word(host.index);
    this.#hash.word(host.hash.digest);
    if (this.#checkers.length === 0) return;
    const step: Step = { host, input, outputs };
    for (const checker of this.#checkers) {
      const complaint = checker.afterStep(this, step);
      if (complaint !== undefined) throw this.#failure(`${checker.name}: ${complaint}`);
    }
  }

  #take(event: WorldEvent): void {
    switch (event.kind) {
      case 'flight':
        return this.#courier.deliver(this.#nowUs, event);
      case 'wake':
        return event.host.wake();
      case 'input':
        return event.host.input(event.input);
      case 'stored':
        return event.host.stored(event.boot);
      case 'carrier':
        return event.port.host.carrier(event.port);
      case 'action':
        return event.run();
    }
  }

  #switch(medium: Medium, isUp: boolean): void {
    medium.switchTo(isUp, this.#nowUs);
    for (const port of medium.ports) port.host.tell(port);
  }

  #runTo(until: Microseconds): void {
    insist(until >= this.#nowUs, 'time runs forward');
    while ((this.#events.nextAt ?? Number.POSITIVE_INFINITY) <= until) this.step();
    this.#nowUs = until;
  }

  /** Whatever breaks in a step is told with the seed and the place. */
  #failure(cause: unknown): WorldFailure {
    if (cause instanceof WorldFailure && cause.whereabouts !== undefined) return cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    const host = this.#moving?.name;
    return new WorldFailure(what, { seed: this.seed, atMs: this.now, event: this.#eventCount, host }, cause);
  }
}

function hostOf(event: WorldEvent): Host | undefined {
  switch (event.kind) {
    case 'flight':
      return event.goal instanceof Port ? event.goal.host : undefined;
    case 'carrier':
      return event.port.host;
    case 'action':
      return undefined;
    default:
      return event.host;
  }
}
