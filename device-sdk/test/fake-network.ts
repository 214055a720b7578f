import type { DriverCounters } from '@fogwisp/firmware-shim';
import {
  type Command,
  type CommandId,
  type LinkId,
  type Machine,
  type NodeEvent,
  type NodeInput,
  type NodeOutput,
  Outbox,
  type PathReport,
  type PeerReport,
  PI_LIMITS,
  type Status,
} from '@fogwisp/protocol';
import { Device, type DeviceDriver, type DeviceParts, type DriverListener, FogError } from '../src/index.js';

const PATH: PathReport = {
  kind: 'direct',
  link: { id: 1, kind: 'fake', name: 'fake0' },
  roundTripMs: 1,
  since: 0,
};

/**
 * Turns of the promise queue without anything new, after which nothing more comes: more than any chain here
 * has.
 */
const QUIET_TURNS = 30;

interface Asked {
  readonly asker: FakeNode;
  readonly command: CommandId;
}

/** A network on which every message arrives at once; time moves only by `advance`. */
export class FakeNetwork {
  readonly nodes: FakeNode[] = [];
  readonly warnings: string[] = [];
  /** To tell devices what only a driver knows: faults and notices. */
  readonly listeners = new Map<string, DriverListener>();
  readonly #drivers: FakeDriver[] = [];
  readonly #asked = new Map<number, Asked>();
  #requests = 0;
  #nodes = 0;
  now = 0;

  device(name: string, change: Partial<DeviceParts> = {}): Device {
    const node = new FakeNode(this, name);
    const device = new Device({
      id: node.id,
      name,
      networkId: '0123456789abcdef',
      introductions: [],
      invite: (addresses, expiresAt) => `fogjoin1-${addresses.join(' ')} ${expiresAt}`,
      messageBytesMax: PI_LIMITS.messageBytesMax,
      peerCountMax: 3,
      logger: { warn: (message) => this.warnings.push(message) },
      now: () => this.now,
      makeAbort: () => new AbortController(),
      makeDriver: (listener) => {
        const driver = new FakeDriver(this, node, listener);
        this.listeners.set(name, listener);
        this.#drivers.push(driver);
        return driver;
      },
      close: async () => undefined,
      ...change,
    });
    this.nodes.push(node);
    for (const other of this.nodes) {
      if (other === node) continue;
      other.tell({ kind: 'peer', peer: node.report('online') });
      node.tell({ kind: 'peer', peer: other.report('online') });
    }
    return device;
  }

  find(nameOrId: string): FakeNode | undefined {
    return this.nodes.find((node) => node.name === nameOrId || node.id === nameOrId);
  }

  leave(node: FakeNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    for (const other of this.nodes) other.tell({ kind: 'peer', peer: node.report('offline') });
  }

  /** Numbers for ids. */
  count(): number {
    this.#nodes++;
    return this.#nodes;
  }

  /** Gives a request a number and remembers who asked. */
  ask(asked: Asked): number {
    this.#requests++;
    this.#asked.set(this.#requests, asked);
    return this.#requests;
  }

  answer(request: number, status: Status, body: Uint8Array): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    asked?.asker.end(asked.command, { kind: 'response', command: asked.command, status, body });
  }

  /** Drains until nobody has anything left to say. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      for (const driver of this.#drivers) if (driver.drain()) quiet = 0;
      await Promise.resolve();
    }
  }

  async advance(ms: number): Promise<void> {
    await this.settle();
    this.now += ms;
    for (const driver of this.#drivers) driver.wake();
    await this.settle();
  }
}

/** Behaves like a node, without sessions, packets or links. */
export class FakeNode implements Machine<NodeInput, NodeOutput> {
  readonly id: string;
  readonly name: string;
  readonly commands: Command[] = [];
  /** Patterns the application subscribed to. */
  readonly patterns = new Set<string>();
  readonly #network: FakeNetwork;
  readonly #outbox = new Outbox<NodeOutput>();
  readonly #deadlines = new Map<CommandId, { at: number; isKnown: boolean }>();

  constructor(network: FakeNetwork, name: string) {
    this.#network = network;
    this.name = name;
    this.id = `${network.count()}`.padStart(32, '0');
  }

  report(status: PeerReport['status']): PeerReport {
    return { id: this.id, name: this.name, status, path: PATH, heardAt: this.#network.now };
  }

  tell(event: NodeEvent): void {
    this.#outbox.push({ kind: 'event', event });
  }

  /** Ends a command that is still waiting. */
  end(command: CommandId, event: NodeEvent): void {
    if (this.#deadlines.delete(command)) this.tell(event);
  }

  handleInput(now: number, input: NodeInput): void {
    if (input.kind === 'command') this.#handleCommand(now, input.id, input.command);
    if (input.kind !== 'timeout') return;
    for (const [command, { at, isKnown }] of this.#deadlines) {
      if (at <= now)
        this.end(command, { kind: 'failed', command, code: isKnown ? 'timeout' : 'unknownPeer' });
    }
  }

  pollOutput(): NodeOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): number | undefined {
    const all = [...this.#deadlines.values()].map((each) => each.at);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  #handleCommand(now: number, id: CommandId, command: Command): void {
    this.commands.push(command);
    switch (command.kind) {
      case 'request': {
        const peer = this.#network.find(command.to);
        this.#deadlines.set(id, { at: now + command.deadlineMs, isKnown: peer !== undefined });
        const request = this.#network.ask({ asker: this, command: id });
        peer?.tell({ kind: 'request', request, from: this, path: command.path, body: command.body });
        break;
      }
      case 'ping': {
        const peer = this.#network.find(command.to);
        this.#deadlines.set(id, { at: now + command.deadlineMs, isKnown: peer !== undefined });
        if (peer !== undefined) this.end(id, { kind: 'pong', command: id, roundTripMs: 1, path: PATH });
        break;
      }
      case 'respond':
        this.#network.answer(command.request, command.status, command.body);
        break;
      case 'publish': {
        const patterns = [
          `*/${command.topic}`,
          `${this.name}/${command.topic}`,
          `${this.id}/${command.topic}`,
        ];
        const hears = (node: FakeNode) => node !== this && patterns.some((each) => node.patterns.has(each));
        const subscribers = this.#network.nodes.filter(hears);
        const { topic, body } = command;
        for (const node of subscribers) node.tell({ kind: 'message', from: this, topic, body });
        this.tell({ kind: 'published', command: id, subscribers: subscribers.length, lost: 0 });
        break;
      }
      case 'subscribe':
        this.patterns.add(command.pattern);
        break;
      case 'unsubscribe':
        this.patterns.delete(command.pattern);
        break;
      case 'stop':
        this.tell({ kind: 'stopped', command: id });
        break;
      default:
        break;
    }
  }
}

class FakeDriver implements DeviceDriver {
  readonly #network: FakeNetwork;
  readonly #node: FakeNode;
  readonly #listener: DriverListener;
  #commands = 0;
  #isRunning = false;

  constructor(network: FakeNetwork, node: FakeNode, listener: DriverListener) {
    this.#network = network;
    this.#node = node;
    this.#listener = listener;
  }

  start(): void {
    this.#isRunning = true;
  }

  addLink(): LinkId {
    return 1;
  }

  removeLink(): void {}

  addSource(): void {}

  removeSource(): void {}

  get counters(): DriverCounters {
    return { links: [], dropped: {} };
  }

  submit(command: Command): CommandId {
    const id = ++this.#commands;
    this.#node.handleInput(this.#network.now, { kind: 'command', id, command });
    return id;
  }

  wake(): void {
    const at = this.#node.pollTimeout();
    if (at !== undefined && at <= this.#network.now)
      this.#node.handleInput(this.#network.now, { kind: 'timeout' });
  }

  /** True when there was anything. */
  drain(): boolean {
    let any = false;
    for (let output = this.#node.pollOutput(); output !== undefined; output = this.#node.pollOutput()) {
      any = true;
      if (output.kind === 'event' && this.#isRunning) this.#listener.onEvent(output.event);
    }
    return any;
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#network.leave(this.#node);
  }
}

/** What a call ends with, after everything that can happen at once has happened. */
export async function outcome<T>(
  network: FakeNetwork,
  call: Promise<T>,
  advanceMs = 0,
): Promise<T | FogError> {
  const caught = call.catch((error: unknown) => {
    if (error instanceof FogError) return error;
    throw error;
  });
  await network.advance(advanceMs);
  return caught;
}

export function pair(): { network: FakeNetwork; attic: Device; cellar: Device } {
  const network = new FakeNetwork();
  return { network, attic: network.device('attic'), cellar: network.device('cellar') };
}
