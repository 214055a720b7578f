import {
  type Command,
  type CommandId,
  type DropReason,
  type Instant,
  type LinkId,
  type Machine,
  type NodeEvent,
  type NodeInput,
  type NodeOutput,
  UsageError,
  unreachable,
} from '@fogwisp/protocol';
import { AttachedLink, type DriverNotice, type LinkStatus } from './attached-link.js';
import { DriverFault, describeInput } from './driver-fault.js';
import { Persister } from './persister.js';
import type { Link, LinkSource, Platform } from './platform.js';

/** Timers that fell due together; more wait for the next wake, so that a node cannot block the process. */
const TIMEOUTS_PER_WAKE_MAX = 64;

/** Packets and commands that may share one drain; a bound on what the node keeps meanwhile. */
const INPUTS_PER_DRAIN_MAX = 64;

/** How far the wall clock may wander from the monotonic one before the node is told again. */
const WALL_CLOCK_DRIFT_MS_MAX = 1000;

/** What a driver drives, and whom it tells. */
export interface DriverOptions {
  readonly platform: Platform;
  readonly node: Machine<NodeInput, NodeOutput>;
  /** Called at the end of the turn, never inside a method of the driver. */
  readonly onEvent: (event: NodeEvent) => void;
  /** The driver has stopped. Without it the fault is thrown, which ends a Node process. */
  readonly onFault?: (fault: DriverFault) => void;
  /** What links, sources and the store have to say; for people. */
  readonly onNotice?: (notice: DriverNotice) => void;
}

/** What went over each link, and what the node did not take, since the start. */
export interface DriverCounters {
  readonly links: readonly LinkStatus[];
  /** Packets that the node dropped, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

type Transmit = Extract<NodeOutput, { kind: 'transmit' }>;
type Phase = 'new' | 'running' | 'stopped';

/**
 * The only event loop. Each input is handed to the node at once (its bytes are borrowed); what it leads to
 * waits for the end of the turn: outputs, events, and arming the one timer. So packets that arrive together
 * are acknowledged together, messages that are published together share packets, and an application that
 * submits from an event never meets a node in the middle of a step.
 */
export class Driver {
  readonly #platform: Platform;
  readonly #node: Machine<NodeInput, NodeOutput>;
  readonly #onEvent: (event: NodeEvent) => void;
  readonly #onFault: ((fault: DriverFault) => void) | undefined;
  readonly #onNotice: ((notice: DriverNotice) => void) | undefined;
  readonly #persister: Persister;
  readonly #links = new Map<LinkId, AttachedLink>();
  /** With the links that each has yielded. */
  readonly #sources = new Map<LinkSource, Map<Link, LinkId>>();
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly #settled = Promise.resolve();
  #phase: Phase = 'new';
  #events: NodeEvent[] = [];
  #fault: DriverFault | undefined;
  #isDraining = false;
  /** Since the last drain. */
  #inputCount = 0;
  #lastInput: NodeInput = { kind: 'timeout' };
  #isTurnOpen = false;
  #isAwaitingArrivals = false;
  #now: Instant;
  #armedAt: Instant | undefined;
  #wallClockOffset: number | undefined;
  #lastLink = 0;
  #lastCommand = 0;

  constructor(options: DriverOptions) {
    this.#platform = options.platform;
    this.#node = options.node;
    this.#onEvent = options.onEvent;
    this.#onFault = options.onFault;
    this.#onNotice = options.onNotice;
    this.#now = options.platform.now();
    this.#persister = new Persister(options.platform, {
      persisted: (key) => this.#input({ kind: 'persisted', key }),
      storeFailed: (key, error) => {
        this.#tell({ kind: 'storeFailed', key, error });
        this.#endTurnLater(); // arms the timer for another try
      },
    });
  }

  start(): void {
    if (this.#phase !== 'new') throw new UsageError('alreadyStarted', 'a driver starts once: make a new one');
    this.#phase = 'running';
    this.#tellWallClock();
    for (const link of this.#links.values()) link.open();
    for (const [source, links] of this.#sources) this.#openSource(source, links);
    this.#endTurnLater();
  }

  /** Opens the link, at once or at `start`. */
  addLink(link: Link): LinkId {
    if (this.#phase === 'stopped') throw new UsageError('stopped', 'the driver has stopped: make a new one');
    const id = ++this.#lastLink;
    const attached = new AttachedLink(id, link, {
      input: (input) => this.#input(input),
      notice: (notice) => this.#tell(notice),
    });
    this.#links.set(id, attached);
    if (this.#phase === 'running') attached.open();
    return id;
  }

  /** Closes the link; unknown ids are ignored, as the link may have gone by itself. */
  removeLink(id: LinkId): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.close();
    this.#links.delete(id);
  }

  /** Attaches each link that the source yields, for as long as it lasts. */
  addSource(source: LinkSource): void {
    if (this.#phase === 'stopped') throw new UsageError('stopped', 'the driver has stopped: make a new one');
    const links = new Map<Link, LinkId>();
    this.#sources.set(source, links);
    if (this.#phase === 'running') this.#openSource(source, links);
  }

  /** Closes the source, and the links that came of it. */
  removeSource(source: LinkSource): void {
    const links = this.#sources.get(source);
    if (links === undefined) return;
    this.#sources.delete(source);
    source.close();
    for (const id of links.values()) this.removeLink(id);
  }

  /** Throws the `UsageError` of the node when the command is wrong; what comes of it is told by events. */
  submit(command: Command): CommandId {
    if (this.#phase !== 'running') {
      throw new UsageError(
        'notRunning',
        'the driver is not running: start it first, and submit nothing after stop',
      );
    }
    const id = ++this.#lastCommand;
    this.#input({ kind: 'command', id, command });
    return id;
  }

  get counters(): DriverCounters {
    const links = [...this.#links.values()].map((link) => link.status);
    return { links, dropped: { ...this.#dropped } };
  }

  /**
   * Closes everything without a word to the peers (that is the command `stop`); resolves when all is stored.
   */
  async stop(): Promise<void> {
    if (this.#phase === 'running') this.#drain();
    this.#halt();
    await this.#persister.settle();
  }

  #halt(): void {
    if (this.#phase === 'stopped') return;
    this.#phase = 'stopped';
    this.#platform.wakeAt(undefined, this.#wake);
    for (const source of this.#sources.keys()) source.close();
    for (const link of this.#links.values()) link.close();
  }

  #openSource(source: LinkSource, links: Map<Link, LinkId>): void {
    source.open({
      add: (link) => {
        if (this.#phase === 'running' && this.#sources.has(source)) links.set(link, this.addLink(link));
        else link.close();
      },
      remove: (link) => {
        const id = links.get(link);
        links.delete(link);
        if (id !== undefined) this.removeLink(id);
      },
      up: (address) => this.#tell({ kind: 'sourceUp', address }),
      down: (reason, error) => this.#tell({ kind: 'sourceDown', reason, error }),
      notice: (text) => this.#tell({ kind: 'sourceNotice', text }),
    });
  }

  #tell(notice: DriverNotice): void {
    this.#onNotice?.(notice);
  }

  #input(input: NodeInput): void {
    if (this.#phase !== 'running') return;
    const now = this.#platform.now();
    if (now > this.#now) this.#now = now;
    try {
      this.#node.handleInput(this.#now, input);
    } catch (error) {
      if (input.kind === 'command' && error instanceof UsageError) throw error;
      this.#fail(describeInput(input), error);
      return;
    }
    this.#lastInput = input;
    this.#inputCount++;
    const mayWait = input.kind === 'packet' || input.kind === 'command';
    if (!this.#isDraining && (!mayWait || this.#inputCount >= INPUTS_PER_DRAIN_MAX)) this.#drain();
    if (input.kind === 'packet') this.#endTurnAfterArrivals();
    else this.#endTurnLater();
  }

  #drain(): void {
    this.#isDraining = true;
    this.#inputCount = 0;
    // Sent in one go: a receiver that is woken for the first packet is still awake for the others.
    const packets: Transmit[] = [];
    try {
      for (;;) {
        const output = this.#node.pollOutput();
        if (output === undefined) break;
        if (output.kind === 'transmit') packets.push(output);
        else this.#perform(output);
      }
      for (const { link, to, bytes } of packets) this.#links.get(link)?.send(to, bytes);
    } catch (error) {
      this.#fail(describeInput(this.#lastInput), error);
    } finally {
      this.#isDraining = false;
    }
  }

  #perform(output: Exclude<NodeOutput, Transmit>): void {
    switch (output.kind) {
      case 'persist':
        this.#persister.write(output.key, output.value);
        return;
      case 'event':
        this.#events.push(output.event);
        return;
      case 'dropped':
        this.#dropped[output.reason] = (this.#dropped[output.reason] ?? 0) + 1;
        if (output.link !== undefined) this.#links.get(output.link)?.countDropped();
        return;
      default:
        unreachable(output);
    }
  }

  /** A microtask, so that neither events nor faults are told inside a public method. */
  #endTurnLater(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    this.#settled.then(this.#endTurn);
  }

  /** More packets may have come with this one. */
  #endTurnAfterArrivals(): void {
    if (this.#platform.afterArrivals === undefined) return this.#endTurnLater();
    if (this.#isAwaitingArrivals) return;
    this.#isAwaitingArrivals = true;
    this.#platform.afterArrivals(this.#onArrived);
  }

  readonly #onArrived = (): void => {
    this.#isAwaitingArrivals = false;
    if (this.#phase === 'running') this.#endTurn();
  };

  readonly #endTurn = (): void => {
    this.#isTurnOpen = false;
    if (this.#phase === 'running' && this.#inputCount > 0) this.#drain();
    try {
      for (let i = 0; i < this.#events.length; i++) this.#onEvent(this.#events[i] as NodeEvent);
      this.#events = [];
    } catch (error) {
      this.#events = [];
      this.#fail('an event in the application', error);
    }
    if (this.#phase === 'running') this.#arm();
    const fault = this.#fault;
    if (fault === undefined) return;
    this.#fault = undefined;
    if (this.#onFault === undefined) throw fault;
    this.#onFault(fault);
  };

  /** A wake that comes too early costs less than re-arming with every packet. */
  #arm(): void {
    let at: Instant | undefined;
    try {
      at = this.#node.pollTimeout();
    } catch (error) {
      this.#fail('the question for its next deadline', error);
      return;
    }
    const retryAt = this.#persister.retryAt;
    if (retryAt !== undefined && (at === undefined || retryAt < at)) at = retryAt;
    if (at !== undefined && this.#armedAt !== undefined && this.#armedAt <= at) return;
    if (at === undefined && this.#armedAt === undefined) return;
    this.#armedAt = at;
    this.#platform.wakeAt(at, this.#wake);
  }

  readonly #wake = (): void => {
    this.#armedAt = undefined;
    if (this.#phase !== 'running') return;
    this.#tellWallClock();
    for (let i = 0; i < TIMEOUTS_PER_WAKE_MAX; i++) {
      const at = this.#nextTimeout();
      if (at === undefined || at > this.#platform.now()) break;
      this.#input({ kind: 'timeout' });
    }
    this.#persister.retry(this.#platform.now());
    this.#endTurnLater();
  };

  #nextTimeout(): Instant | undefined {
    if (this.#phase !== 'running') return undefined;
    try {
      return this.#node.pollTimeout();
    } catch (error) {
      this.#fail('the question for its next deadline', error);
      return undefined;
    }
  }

  /** Again after a step: a Pi without a clock of its own starts long ago and is set once it has a network. */
  #tellWallClock(): void {
    const unixMs = this.#platform.unixMs?.();
    if (unixMs === undefined) return;
    const offset = unixMs - this.#platform.now();
    const told = this.#wallClockOffset;
    if (told !== undefined && Math.abs(offset - told) <= WALL_CLOCK_DRIFT_MS_MAX) return;
    this.#wallClockOffset = offset;
    this.#input({ kind: 'wallClock', unixMs });
  }

  #fail(during: string, error: unknown): void {
    if (this.#fault === undefined) this.#fault = new DriverFault(during, error);
    this.#halt();
    this.#isTurnOpen = true;
    this.#settled.then(this.#endTurn);
  }
}
