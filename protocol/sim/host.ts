import type {
  Command,
  CommandId,
  Instant,
  LinkAddress,
  LinkId,
  NodeEvent,
  NodeInput,
  NodeOutput,
} from '@fogwisp/protocol';
import { Alarm } from './alarm.js';
import { HostClock, type Microseconds, toMicroseconds } from './clock.js';
import { Disk, type StoreFault, VALUE_BYTES_MAX } from './disk.js';
import { insist } from './failure.js';
import { TraceHash } from './hash.js';
import type { HostPlan } from './host-options.js';
import type { Medium } from './medium.js';
import { type Counters, type Port, zeroCounters } from './port.js';
import { Prng } from './prng.js';
import type { Surroundings } from './surroundings.js';
import { hashInput, hashOutput, Recorder, type SimNode, type TraceLine } from './trace.js';

type Life =
  | { readonly kind: 'off' }
  | { readonly kind: 'running'; readonly node: SimNode }
  | {
      readonly kind: 'asleep';
      readonly node: SimNode;
      readonly since: Microseconds;
      readonly held: NodeInput[];
    };

const OFF: Life = { kind: 'off' };
const PERSIST_MS = 5;

/** A node with its clock, its store and its ports: everything that a power cut happens to at once. */
export class Host {
  readonly name: string;
  readonly index: number;
  readonly ports: Port[] = [];
  readonly disk = new Disk();
  readonly counters: Counters = zeroCounters();
  /** Packets that the node dropped, by reason. */
  readonly dropped = new Map<string, number>();
  /** What the application was told, and the world time (ms) of each. */
  readonly events: NodeEvent[] = [];
  readonly eventTimes: number[] = [];
  readonly hash = new TraceHash();
  readonly #world: Surroundings;
  readonly #plan: HostPlan;
  readonly #alarm: Alarm;
  readonly #fate: Prng;
  readonly #random: Prng | Recorder;
  readonly #recorder: Recorder | undefined;
  readonly #outputs: NodeOutput[] = [];
  #life: Life = OFF;
  #clock: HostClock;
  #bootCount = 0;
  #commandCount = 0;
  #storedAt: Microseconds = 0;

  constructor(world: Surroundings, plan: HostPlan) {
    this.#world = world;
    this.name = plan.name;
    this.index = plan.index;
    this.#plan = plan;
    this.#alarm = new Alarm(world, this);
    this.#fate = new Prng(world.seed, 4 * plan.index + 1);
    const random = new Prng(world.seed, 4 * plan.index + 2);
    this.#recorder = plan.isRecorded ? new Recorder(random) : undefined;
    this.#random = this.#recorder ?? random;
    this.#clock = this.#newClock();
  }

  get isRunning(): boolean {
    return this.#life.kind === 'running';
  }

  /** Powered, awake or not: the other end of a cable sees a carrier. */
  get isPowered(): boolean {
    return this.#life.kind !== 'off';
  }

  /** The machine under test, to read figures from; undefined when it is off. */
  get node(): SimNode | undefined {
    return this.#life.kind === 'off' ? undefined : this.#life.node;
  }

  get bootCount(): number {
    return this.#bootCount;
  }

  get trace(): readonly TraceLine[] {
    return this.#recorder?.lines ?? [];
  }

  /** What its node calls now. */
  localTime(): Instant {
    return this.#clock.local(this.#world.nowUs);
  }

  /** Gives a command, now; its outcome is among the events later. */
  command(command: Command): CommandId {
    const id = ++this.#commandCount;
    this.give({ kind: 'command', id, command });
    return id;
  }

  setWallClock(unixMs: number): void {
    this.give({ kind: 'wallClock', unixMs });
  }

  eventsOf<K extends NodeEvent['kind']>(kind: K): Extract<NodeEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<NodeEvent, { kind: K }> => event.kind === kind);
  }

  // Faults and power

  start(): void {
    insist(this.#life.kind === 'off', `${this.name} is off before it starts`);
    this.#clock = this.#newClock();
    this.#bootCount++;
    const now = this.localTime();
    const restored = new Map(this.disk.stored);
    this.#recorder?.boot(now, restored);
    const node = this.#plan.makeNode({ name: this.name, now, random: this.#random, restored });
    this.#life = { kind: 'running', node };
    this.#drain(node, undefined);
    for (const port of this.ports) this.#announce(port.medium, port);
    this.#plan.onBoot?.(this);
  }

  /** Power goes: the node is gone, and so is what was not yet stored, as `fault` says. */
  crash(fault: StoreFault = 'torn'): void {
    insist(this.#life.kind !== 'off', `${this.name} is on before it crashes`);
    this.#life = OFF;
    this.#alarm.stop();
    this.disk.crash(fault, this.#fate);
    for (const port of this.ports) {
      port.isUp = false;
      port.medium.restart(this.#world.nowUs);
      this.#announce(port.medium, port);
    }
  }

  restart(fault: StoreFault = 'torn'): void {
    if (this.#life.kind !== 'off') this.crash(fault);
    this.start();
  }

  /** Sleeps with memory kept: hears nothing, its timers wait. */
  suspend(): void {
    insist(this.#life.kind === 'running', `${this.name} is awake before it is suspended`);
    this.#life = { kind: 'asleep', node: this.#life.node, since: this.#world.nowUs, held: [] };
    this.#alarm.stop();
  }

  /** On some systems the monotonic clock stood still meanwhile. */
  resume(options: { readonly clockStood?: boolean } = {}): void {
    const life = this.#life;
    insist(life.kind === 'asleep', `${this.name} sleeps before it resumes`);
    if (options.clockStood) this.#clock.leaveOut(life.since, this.#world.nowUs);
    this.#life = { kind: 'running', node: life.node };
    for (const input of life.held) this.give(input);
    for (const port of this.ports) this.tell(port);
    this.#alarm.set(this.#clock, life.node.pollTimeout());
  }

  skewClock(skewPpm: number): void {
    this.#clock.skew(this.#world.nowUs, skewPpm);
    if (this.#life.kind === 'running') this.#alarm.set(this.#clock, this.#life.node.pollTimeout());
  }

  // For the world

  /** Puts an input on the calendar, at once. */
  give(input: NodeInput): void {
    this.#world.schedule(this.#world.nowUs, { kind: 'input', host: this, input });
  }

  /** Has the port's node told, in turn, when what it knows about the link is no longer so. */
  tell(port: Port): void {
    this.#world.schedule(this.#world.nowUs, { kind: 'carrier', port });
  }

  wake(): void {
    this.#alarm.ring(this.localTime());
    if (this.#life.kind === 'running') this.#handle(this.#life.node, { kind: 'timeout' });
  }

  input(input: NodeInput): void {
    if (this.#life.kind === 'asleep') this.#life.held.push(input);
    if (this.#life.kind === 'running') this.#handle(this.#life.node, input);
  }

  /** Gives false when nobody is there to hear it. */
  packet(link: LinkId, from: LinkAddress, bytes: Uint8Array): boolean {
    if (this.#life.kind !== 'running') return false;
    const lent = this.#world.lend(bytes);
    this.counters.receivedPackets++;
    this.counters.receivedBytes += bytes.length;
    this.#handle(this.#life.node, { kind: 'packet', link, from, bytes: lent });
    this.#world.takeBack(lent);
    return true;
  }

  stored(boot: number): void {
    if (boot !== this.#bootCount || this.#life.kind === 'off') return;
    const key = this.disk.finish();
    insist(key !== undefined, 'each confirmation has its write');
    this.input({ kind: 'persisted', key });
  }

  carrier(port: Port): void {
    if (this.#life.kind !== 'running') return;
    const { medium, link } = port;
    const isUp = medium.isUp && (!medium.hasCarrier || medium.ports.every((end) => end.host.isPowered));
    if (isUp === port.isUp) return;
    port.isUp = isUp;
    this.#handle(
      this.#life.node,
      isUp ? { kind: 'linkUp', link, info: port.info } : { kind: 'linkDown', link },
    );
  }

  #handle(node: SimNode, input: NodeInput): void {
    const now = this.localTime();
    hashInput(this.hash, now, input);
    this.#recorder?.input(now, input);
    node.handleInput(now, input);
    this.#drain(node, input);
  }

  #drain(node: SimNode, input: NodeInput | undefined): void {
    const outputs = this.#outputs;
    for (let output = node.pollOutput(); output !== undefined; output = node.pollOutput()) {
      hashOutput(this.hash, output);
      this.#recorder?.output(output);
      outputs.push(output);
      this.#perform(output);
    }
    const due = node.pollTimeout();
    this.hash.value(due);
    this.#recorder?.drained(due);
    this.#alarm.set(this.#clock, due);
    this.#world.settled(this, input, outputs);
    const events = this.#plan.onEvent === undefined ? undefined : outputs.filter(isEvent);
    outputs.length = 0;
    // Last of all, because the application may crash its own host.
    for (const { event } of events ?? []) this.#plan.onEvent?.(event, this);
  }

  #perform(output: NodeOutput): void {
    switch (output.kind) {
      case 'transmit':
        return this.#transmit(output.link, output.to, output.bytes);
      case 'persist':
        return this.#persist(output.key, output.value);
      case 'event':
        if (this.#plan.forgetsEvents) return;
        this.events.push(output.event);
        this.eventTimes.push(this.#world.nowUs / 1000);
        return;
      case 'dropped':
        this.dropped.set(output.reason, (this.dropped.get(output.reason) ?? 0) + 1);
    }
  }

  #transmit(link: LinkId, to: LinkAddress, bytes: Uint8Array): void {
    const port = this.ports[link - 1];
    insist(port !== undefined, `link ${link} exists`);
    this.#world.transmit(port, to, bytes);
    this.counters.sentPackets++;
    this.counters.sentBytes += bytes.length;
  }

  #persist(key: string, value: Uint8Array | undefined): void {
    insist((value?.length ?? 0) <= VALUE_BYTES_MAX, `the value of '${key}' fits a page of the store`);
    this.disk.begin(key, value);
    const latency = toMicroseconds(this.#plan.persistMs ?? PERSIST_MS);
    this.#storedAt = Math.max(this.#storedAt, this.#world.nowUs + latency);
    this.#world.schedule(this.#storedAt, { kind: 'stored', host: this, boot: this.#bootCount });
  }

  /** A host came or went: those at the other ends may notice. */
  #announce(medium: Medium, own: Port): void {
    if (this.isPowered) this.tell(own);
    if (!medium.hasCarrier) return;
    for (const port of medium.ports) if (port !== own) port.host.tell(port);
  }

  #newClock(): HostClock {
    return new HostClock(this.#world.nowUs, this.#plan.clockStartsAtMs ?? 0, this.#plan.skewPpm ?? 0);
  }
}

function isEvent(output: NodeOutput): output is Extract<NodeOutput, { kind: 'event' }> {
  return output.kind === 'event';
}
