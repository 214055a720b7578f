import type { Command, PathReport, PeerName, PeerReport, RelayRefusal } from '../api.js';
import { unreachable } from '../kernel/assert.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Pong } from '../packet/message.js';
import {
  Catalog,
  type CatalogInput,
  type CatalogOptions,
  type CatalogOutput,
  type FoundNode,
} from './catalog.js';
import { Echo } from './echo.js';
import { Lines } from './line.js';
import { CatalogNames } from './names.js';
import { parsePattern } from './pattern.js';
import { type CommandInput, type PortInput, type PortOutput, retagged } from './port.js';
import { Presence } from './presence.js';
import { type PublishInput, PublishMachine } from './publish.js';
import { RequestMachine } from './request.js';
import { isName, isNodeKey } from './text.js';

/**
 * The services of a node as one machine (SPEC §9): hands each input to those it concerns, and what the
 * catalog learns of names to the others. It decides nothing itself.
 */
export type ServiceInput =
  | Exclude<PortInput, { kind: 'peerNamed' | 'peerGone' }>
  | Extract<CatalogInput, { kind: 'route' | 'wanted' | 'told' | 'wallClock' | 'rename' | 'boot' }>
  | Extract<PublishInput, { kind: 'sleeper' | 'mailed' | 'letter' }>
  | { readonly kind: 'roundTrip'; readonly peer: NodeKey; readonly ms: number }
  | { readonly kind: 'rerouted'; readonly peer: NodeKey }
  | ({ readonly kind: 'refused'; readonly peer: NodeKey } & RelayRefusal)
  | { readonly kind: 'heard'; readonly peer: NodeKey }
  /** It publishes a topic that this node listens to whoever publishes it. */
  | { readonly kind: 'introduced'; readonly peer: NodeKey }
  | { readonly kind: 'path'; readonly peer: NodeKey; readonly path: PathReport }
  | CommandInput<ServiceCommand>;

export type ServiceCommand = Extract<
  Command,
  { kind: 'request' | 'cancel' | 'respond' | 'publish' | 'subscribe' | 'unsubscribe' | 'ping' }
>;

export type ServiceOutput =
  | Exclude<CatalogOutput, { kind: 'rebooted' }>
  /** Nobody is known under that name, and the application waits for one; undefined: no longer. */
  | { readonly kind: 'nameWanted'; readonly name: string; readonly until: Instant | undefined };

/** Tags of the two machines that use them share one number space: even ones are those of requests. */
const TAGGED = 2;

export class ServiceMachine implements Machine<ServiceInput, ServiceOutput> {
  readonly #catalog: Catalog;
  readonly #request: RequestMachine;
  readonly #publish: PublishMachine;
  readonly #presence: Presence;
  readonly #echo: Echo;
  readonly #outbox = new Outbox<ServiceOutput>();

  /** Tells of the node itself at once, so its outputs are drained before the first input. */
  constructor(options: CatalogOptions) {
    const { limits, now } = options;
    const self = options.identity.key;
    this.#catalog = new Catalog(options);
    const names = new CatalogNames(this.#catalog);
    const lines = new Lines();
    this.#request = new RequestMachine({ self, limits, names, lines });
    this.#publish = new PublishMachine({ self, limits, names, lines });
    this.#presence = new Presence({ self, limits });
    this.#echo = new Echo(limits, names);
    this.#collect(now);
  }

  handleInput(now: Instant, input: ServiceInput): void {
    switch (input.kind) {
      case 'message':
        this.#onMessage(now, input);
        break;
      case 'command':
        this.#onCommand(now, input);
        break;
      case 'settled':
        this.#onSettled(now, input.tag, input.ok);
        break;
      case 'peerUp':
      case 'peerDown':
        this.#catalog.handleInput(now, input);
        this.#presence.handleInput(now, input);
        this.#request.handleInput(now, input);
        this.#publish.handleInput(now, input);
        break;
      case 'room':
        this.#request.handleInput(now, input);
        this.#publish.handleInput(now, input);
        break;
      case 'sleeper':
      case 'mailed':
      case 'letter':
        this.#publish.handleInput(now, input);
        break;
      case 'roundTrip':
      case 'rerouted':
      case 'refused':
        this.#request.handleInput(now, input);
        break;
      case 'heard':
      case 'path':
        this.#presence.handleInput(now, input);
        break;
      case 'route':
        this.#onRoute(now, input.destination, input.firstHop);
        break;
      case 'introduced':
        this.#publish.handleInput(now, input);
        break;
      case 'timeout':
        this.#onTimeout(now);
        break;
      default:
        this.#catalog.handleInput(now, input);
    }
    this.#collect(now);
  }

  pollOutput(): ServiceOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    const known = earlier(this.#catalog.pollTimeout(), this.#presence.pollTimeout());
    const asked = earlier(this.#request.pollTimeout(), this.#echo.pollTimeout());
    return earlier(known, earlier(asked, this.#publish.pollTimeout()));
  }

  /** The node that is shown under this name. */
  resolve(name: string): NodeKey | undefined {
    return this.#catalog.resolve(name);
  }

  /** Whose id starts like this, its key for a handshake, and the boot that its record is of. */
  find(short: ShortKey): FoundNode | undefined {
    return this.#catalog.find(short);
  }

  /** Topics that this node publishes, and those that it listens to whoever publishes them. */
  get topics(): { readonly published: readonly string[]; readonly wanted: readonly string[] } {
    return { published: this.#publish.published, wanted: this.#publish.wanted };
  }

  /** Another number when those may be others; 0 while there are none. */
  get topicsVersion(): number {
    return this.#publish.topicsVersion;
  }

  /** What this node says of itself, signed. */
  get own(): { readonly name: string; readonly record: Uint8Array } {
    return this.#catalog.own;
  }

  nameOf(peer: NodeKey): PeerName {
    return this.#catalog.nameOf(peer);
  }

  /** What that peer hears with qos 1 here, or would if it were awake. */
  topicsOf(peer: NodeKey): readonly string[] {
    return this.#publish.topicsOf(peer);
  }

  /** Whether the application listens to that topic of a node that calls itself so. */
  wants(peer: NodeKey, name: string, topic: string): boolean {
    return this.#publish.wants(peer, name, topic);
  }

  /** When a peer that sleeps means to be back. */
  dueAt(peer: NodeKey): Instant | undefined {
    return this.#presence.dueAt(peer);
  }

  report(peer: NodeKey): PeerReport | undefined {
    return this.#presence.report(peer);
  }

  #onMessage(now: Instant, input: Extract<ServiceInput, { kind: 'message' }>): void {
    switch (input.message.kind) {
      case 'request':
      case 'response':
      case 'cancel':
        return this.#request.handleInput(now, input);
      case 'publish':
      case 'subscribe':
      case 'unsubscribe':
        return this.#publish.handleInput(now, input);
      case 'record':
      case 'find':
      case 'findNewer':
        return this.#catalog.handleInput(now, input);
      case 'pong':
        return this.#onPong(now, input.from, input.message);
      case 'asleep':
        return this.#presence.handleInput(now, {
          kind: 'asleep',
          peer: input.from,
          forS: input.message.forS,
        });
      default:
        return this.#outbox.push({ kind: 'dropped', reason: 'unexpected' });
    }
  }

  #onCommand(now: Instant, { kind, id, command }: CommandInput<ServiceCommand>): void {
    if ((command.kind === 'request' || command.kind === 'ping') && this.#sleepsBeyond(now, command)) {
      this.#outbox.push({ kind: 'event', event: { kind: 'failed', command: id, code: 'asleep' } });
      return;
    }
    const wish = wishOf(now, command);
    if (wish !== undefined && this.resolve(wish.shown) === undefined) this.#outbox.push(wish.output);
    switch (command.kind) {
      case 'request':
      case 'cancel':
      case 'respond':
        return this.#request.handleInput(now, { kind, id, command });
      case 'ping':
        return this.#echo.handleInput(now, { kind, id, command });
      default:
        return this.#publish.handleInput(now, { kind, id, command });
    }
  }

  /** Whoever is due before the deadline is waited for. */
  #sleepsBeyond(
    now: Instant,
    { to, deadlineMs }: { readonly to: string; readonly deadlineMs: number },
  ): boolean {
    const peer = isNodeKey(to) ? to : this.#catalog.resolve(to);
    const dueAt = peer === undefined ? undefined : this.#presence.dueAt(peer);
    return dueAt !== undefined && dueAt > now + deadlineMs;
  }

  #onPong(now: Instant, from: NodeKey, pong: Pong): void {
    const path = this.#presence.report(from)?.path ?? { kind: 'unknown', since: now };
    this.#echo.handleInput(now, { kind: 'pong', from, pong, path });
  }

  #onSettled(now: Instant, tag: number, ok: boolean): void {
    const which = tag % TAGGED;
    const machine = which === 0 ? this.#request : this.#publish;
    machine.handleInput(now, { kind: 'settled', tag: (tag - which) / TAGGED, ok });
  }

  #onRoute(now: Instant, destination: ShortKey, firstHop: NodeKey | undefined): void {
    this.#catalog.handleInput(now, { kind: 'route', destination, firstHop });
    const peer = this.#catalog.find(destination)?.peer;
    if (peer === undefined) return;
    this.#presence.handleInput(now, { kind: 'reachable', peer, isReachable: firstHop !== undefined });
  }

  #onTimeout(now: Instant): void {
    for (const machine of [this.#catalog, this.#presence, this.#request, this.#publish, this.#echo]) {
      const at = machine.pollTimeout();
      if (at !== undefined && at <= now) machine.handleInput(now, { kind: 'timeout' });
    }
  }

  /** The catalog first: what it learns of names starts requests and subscriptions that wait for them. */
  #collect(now: Instant): void {
    for (let out = this.#catalog.pollOutput(); out !== undefined; out = this.#catalog.pollOutput()) {
      if (out.kind === 'known') this.#rename(now, { kind: 'peerNamed', peer: out.peer, name: out.name });
      else if (out.kind === 'forgotten') this.#rename(now, { kind: 'peerGone', peer: out.peer });
      if (out.kind === 'rebooted') this.#publish.handleInput(now, out);
      else this.#outbox.push(out);
    }
    this.#drain(this.#presence);
    this.#drain(this.#request, 0);
    this.#drain(this.#publish, 1);
    this.#drain(this.#echo);
  }

  #rename(now: Instant, input: Extract<PortInput, { kind: 'peerNamed' | 'peerGone' }>): void {
    this.#presence.handleInput(now, input);
    this.#request.handleInput(now, input);
    this.#publish.handleInput(now, input);
    this.#echo.handleInput(now, input);
  }

  #drain(machine: { pollOutput(): PortOutput | undefined }, which = 0): void {
    for (let out = machine.pollOutput(); out !== undefined; out = machine.pollOutput()) {
      this.#outbox.push(out.kind === 'send' ? retagged(out, TAGGED, which) : out);
    }
  }
}

interface NameWish {
  /** As the application writes it. */
  readonly shown: string;
  readonly output: Extract<ServiceOutput, { kind: 'nameWanted' }>;
}

/** The name that a command is about; of two nodes that share one, both are looked for. */
function wishOf(now: Instant, command: ServiceCommand): NameWish | undefined {
  const { to, until } = addressed(now, command);
  const [name = ''] = to.split('~');
  if (!isName(name)) return undefined;
  return { shown: to, output: { kind: 'nameWanted', name, until } };
}

function addressed(now: Instant, command: ServiceCommand): { to: string; until: Instant | undefined } {
  switch (command.kind) {
    case 'request':
    case 'ping':
      return { to: command.to, until: now + command.deadlineMs };
    case 'subscribe':
      return { to: parsePattern(command.pattern)?.publisher ?? '', until: Infinity };
    case 'unsubscribe':
      return { to: parsePattern(command.pattern)?.publisher ?? '', until: undefined };
    case 'cancel':
    case 'respond':
    case 'publish':
      return { to: '', until: undefined };
    default:
      return unreachable(command);
  }
}
