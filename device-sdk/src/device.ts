import type { DriverCounters, DriverFault, DriverNotice, Link, LinkSource } from '@fogwisp/firmware-shim';
import {
  type Command,
  type CommandId,
  type Instant,
  type LinkAddress,
  type LinkId,
  type NodeEvent,
  type NodeKey,
  type PeerReport,
  type ReachabilityReport,
  type RoleReport,
  type Rung,
  UsageError,
  unreachable,
} from '@fogwisp/protocol';
import { Answers, type Dispose, type Responder } from './answers.js';
import { Caller, qosOf } from './caller.js';
import type { CallOptions, DeliveryOptions, DeviceEvents, MailReport, Pong, Published } from './calls.js';
import { Commands } from './commands.js';
import { composeDevice, type DeviceDriver, type DeviceParts, openLinks } from './compose.js';
import { FogError, messageOf } from './errors.js';
import type { LinkPort } from './host/host.js';
import { checkOpen, Introspection, SERVICES, TOPICS } from './introspection.js';
import { type EventListener, Listeners } from './listeners.js';
import { checkFunction, checkPath, checkPeer } from './name.js';
import { textOf } from './notice.js';
import type { DeviceOptions, LinkSpec, Logger } from './options.js';
import { PeerBook } from './peer-book.js';
import { PING, pingAnswer } from './ping.js';
import { ROLE, roleAnswer } from './role.js';
import { type Listener, Subscriptions } from './subscriptions.js';
import { hopTowards, TRACE, traceAnswer } from './trace.js';
import type { Value } from './value.js';

/** Shorter than an asker waits for the hop. */
const TRACE_PING_MS = 1500;

/** This machine as one peer of a network: it serves and asks, publishes and listens. */
export class Device {
  /** 32 hexadecimal digits, the same at each start while the state directory is. */
  readonly id: NodeKey;
  readonly name: string;
  /** Tells networks apart without giving a key away: 16 hex digits. */
  readonly networkId: string;
  readonly #parts: DeviceParts;
  readonly #logger: Logger;
  readonly #driver: DeviceDriver;
  readonly #commands: Commands;
  readonly #caller: Caller;
  readonly #answers: Answers;
  readonly #subscriptions: Subscriptions;
  readonly #introspection: Introspection;
  readonly #peers: PeerBook;
  readonly #listeners: { readonly [K in keyof DeviceEvents]: Listeners<DeviceEvents[K]> } = {
    peer: new Listeners<PeerReport>(),
    reachability: new Listeners<ReachabilityReport>(),
    role: new Listeners<RoleReport>(),
    mail: new Listeners<MailReport>(),
    fault: new Listeners<Error>(),
  };
  #stopping: Promise<void> | undefined;
  #fault: DriverFault | undefined;
  #role: RoleReport | undefined;
  readonly #seen = new Map<LinkId, ReachabilityReport>();

  /** `Device.start` is the usual door; this one is for hosts and tests that bring their own parts. */
  constructor(parts: DeviceParts) {
    this.id = parts.id;
    this.name = parts.name;
    this.networkId = parts.networkId;
    this.#parts = parts;
    this.#logger = parts.logger;
    this.#peers = new PeerBook(parts.peerCountMax);
    this.#driver = parts.makeDriver({
      onEvent: (event) => this.#handleEvent(event),
      onFault: (fault) => this.#handleFault(fault),
      onNotice: (notice) => this.#handleNotice(notice),
    });
    const submit = (command: Command) => this.#submit(command);
    const { logger, makeAbort, messageBytesMax } = parts;
    this.#commands = new Commands({
      submit,
      peersSeen: () => this.#peers.namesSeen,
      dueInMs: (peer) => this.#peers.dueInMs(peer, this.now()),
    });
    this.#caller = new Caller(this.#commands, messageBytesMax);
    this.#answers = new Answers({ submit, makeAbort, messageBytesMax });
    this.#subscriptions = new Subscriptions({ submit, logger });
    this.#introspection = new Introspection((topics) => this.#publishTopics(topics));
    this.#answers.serve(TOPICS, () => this.#introspection.topics);
    this.#answers.serve(SERVICES, () => this.#answers.paths);
    this.#answers.serve(TRACE, (target) => this.#trace(target));
    this.#answers.serve(PING, (target) => this.#pingFor(target));
    this.#answers.serve(ROLE, () => roleAnswer(this.#role, this.now()));
    this.#driver.start();
  }

  /**
   * Opens the links and is there; peers come as they are found. Rejects with a `FogError`: `networkMissing`,
   * `networkInvalid`, `nameInvalid`, `stateUnusable`, `linkInvalid`, `hostNeeded`, `misuse`.
   */
  static async start(options: DeviceOptions): Promise<Device> {
    const device = new Device(await composeDevice(options));
    try {
      await device.#open(options.links, device.#parts.introductions);
      return device;
    } catch (thrown) {
      await device.stop();
      throw thrown;
    }
  }

  /** Answers requests for `path` until the disposer is called. */
  serve(path: string, responder: Responder): Dispose {
    this.#assertRunning();
    return this.#answers.serve(
      checkOpen(checkPath(path, 'serve'), 'serve'),
      checkFunction(responder, 'serve'),
    );
  }

  /**
   * Asks a peer, by name or id. Rejects with a `FogError`: what the responder chose, `unknownPeer`,
   * `timeout`, `unreachable`, `cancelled`, `tooLarge`, `busy`, `valueInvalid`, `stopped`, `misuse`.
   */
  async request(peer: string, path: string, body?: Value, options: CallOptions = {}): Promise<Value> {
    this.#assertRunning();
    return this.#caller.request(checkPeer(peer, 'request'), checkPath(path, 'request'), body, options);
  }

  /**
   * Listens to 'publisher/topic', or to a topic of anybody: '*' + '/topic'. The last value that was published
   * comes first, unless this device listens to the pattern already.
   */
  subscribe(pattern: string, listener: Listener, options: DeliveryOptions = {}): Dispose {
    this.#assertRunning();
    return this.#subscriptions.subscribe(pattern, checkFunction(listener, 'subscribe'), qosOf(options));
  }

  /**
   * To every subscriber of `topic` of this device, and to those who will be: the last value is kept. Rejects
   * with a `FogError`: `tooLarge`, `busy`, `valueInvalid`, `stopped`, `misuse`.
   */
  async publish(topic: string, value: Value, options: DeliveryOptions = {}): Promise<Published> {
    this.#assertRunning();
    checkOpen(checkPath(topic, 'publish'), 'publish');
    this.#introspection.noteTopic(topic);
    return this.#caller.publish(topic, value, options);
  }

  /** The round trip to a peer and the path it took. Also the way to wait until a peer is there. */
  async ping(peer: string, options: CallOptions = {}): Promise<Pong> {
    this.#assertRunning();
    return this.#caller.ping(checkPeer(peer, 'ping'), options);
  }

  /** Everybody known, with the path to each. Times are on the clock of `now()`. */
  peers(): readonly PeerReport[] {
    return this.#peers.all;
  }

  /** Whether it is a supernode now, and who serves it; undefined until it is among others. */
  get role(): RoleReport | undefined {
    return this.#role;
  }

  /** `peer`: whenever a fact about one changes. `fault`: this device has failed; unheard, it is thrown. */
  on<K extends keyof DeviceEvents>(what: K, listener: EventListener<DeviceEvents[K]>): Dispose {
    const listeners = this.#listeners[what];
    if (listeners !== undefined) return listeners.add(checkFunction(listener, 'on'));
    const known = Object.keys(this.#listeners).join(', ');
    throw new FogError('misuse', `on('${String(what)}', ...): there is no such event: one of ${known}`);
  }

  /** Milliseconds on the monotonic clock that peer reports use. */
  now(): Instant {
    return this.#parts.now();
  }

  /** Takes the link over, opens it, and closes it in the end. */
  addLink(link: Link): LinkId {
    this.#assertRunning();
    return this.#driver.addLink(link);
  }

  /** Closes it. */
  removeLink(link: LinkId): void {
    this.#driver.removeLink(link);
  }

  /** Adds each link that the source yields, such as a listening socket. */
  addSource(source: LinkSource): void {
    this.#assertRunning();
    this.#driver.addSource(source);
  }

  /** Closes it, and the links that it yielded. */
  removeSource(source: LinkSource): void {
    this.#driver.removeSource(source);
  }

  /** Opens a link that is described by plain values. */
  async openLink(spec: LinkSpec): Promise<void> {
    this.#assertRunning();
    await this.#open([spec], []);
  }

  /** What went over each link, and what was dropped and why. */
  get counters(): DriverCounters {
    return this.#driver.counters;
  }

  /**
   * Greets a station at a known address of a link, and again until it answers; with `rung` only as a way into
   * the network, while nobody else is there.
   */
  connect(link: LinkId, address: LinkAddress, rung?: Rung): void {
    this.#assertRunning();
    this.#submit({ kind: 'connect', link, address, rung });
  }

  /** Greets it no more; a session that is there stays. */
  disconnect(link: LinkId, address: LinkAddress): void {
    this.#assertRunning();
    this.#submit({ kind: 'disconnect', link, address });
  }

  /**
   * A join ticket: the network key, addresses where this or other devices are reached, and a signature, in
   * one text for `Device.start({ network })`. Whoever has it is in the network, also after it has expired.
   * `expiresAt`: Unix ms; left out: never.
   */
  invite(options: { readonly addresses: readonly string[]; readonly expiresAt?: number }): string {
    const expiresAt = Math.ceil((options.expiresAt ?? 0) / 1000);
    try {
      return this.#parts.invite(options.addresses, expiresAt);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      throw new FogError('misuse', thrown.message, { cause: thrown });
    }
  }

  /** Says goodbye to all peers and closes the links. What is under way is rejected with code `stopped`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop(undefined);
    return this.#stopping;
  }

  /**
   * As `stop`, before a sleep with the radio off: others are told when it means to be back, show it as asleep
   * until then, send it nothing, and keep requests for it that may wait so long. What is published with qos 1
   * under its subscriptions is kept by others until it is back (SPEC §8.12). Awake, start a new one.
   */
  sleep(forMs: number): Promise<void> {
    if (!(forMs > 0)) throw new FogError('misuse', 'sleep(forMs) wants the milliseconds until it is back');
    this.#stopping ??= this.#stop(forMs);
    return this.#stopping;
  }

  async #stop(sleepMs: number | undefined): Promise<void> {
    this.#abandon(this.#stoppedError());
    if (this.#fault === undefined) await this.#caller.stop(sleepMs);
    await this.#driver.stop();
    await this.#parts.close();
  }

  #abandon(error: FogError): void {
    this.#answers.stop();
    this.#subscriptions.stop();
    this.#commands.failAll(error);
  }

  async #trace(target: Value): Promise<Value> {
    if (typeof target !== 'string' || target === this.id)
      return traceAnswer(undefined, this.counters, this.#seen);
    const known = hopTowards(this.peers(), this.now(), target);
    // Who only forwards has no path of its own until it needs one.
    if (known === undefined) await this.ping(target, { timeoutMs: TRACE_PING_MS }).catch(() => undefined);
    const hop = known ?? hopTowards(this.peers(), this.now(), target);
    return traceAnswer(hop, this.counters, this.#seen);
  }

  /** Nothing where there is no answer: whoever asked from elsewhere is told so in time. */
  async #pingFor(target: Value): Promise<Value> {
    if (typeof target !== 'string') return null;
    const pong = await this.ping(target, { timeoutMs: TRACE_PING_MS }).catch(() => undefined);
    return pong === undefined ? null : pingAnswer(pong, this.now());
  }

  #publishTopics(topics: readonly string[]): void {
    this.#caller.publish(TOPICS, topics, { qos: 1 }).catch(() => undefined); // the device is being stopped
  }

  #open(links: DeviceOptions['links'], introductions: readonly string[]): Promise<void> {
    const device = this;
    const port: LinkPort = {
      networkId: this.networkId,
      get isStopped() {
        return device.#isStopped;
      },
      addLink: (link) => this.addLink(link),
      addSource: (source) => this.addSource(source),
      connect: (link, address, rung) => this.connect(link, address, rung),
    };
    return openLinks(links, port, introductions);
  }

  #submit(command: Command): CommandId {
    try {
      return this.#driver.submit(command);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      throw new FogError('misuse', thrown.message, { cause: thrown });
    }
  }

  #handleEvent(event: NodeEvent): void {
    switch (event.kind) {
      case 'peer':
        this.#handlePeer(event.peer);
        break;
      case 'request':
        this.#answers.handleRequest(event);
        break;
      case 'requestCancelled':
        this.#answers.handleCancelled(event.request);
        break;
      case 'message':
        this.#subscriptions.handleMessage(event);
        break;
      case 'response':
      case 'published':
      case 'pong':
      case 'stopped':
        this.#commands.handleEnd(event);
        break;
      case 'failed':
        if (!this.#commands.handleEnd(event)) this.#subscriptions.handleFailed(event.command, event.code);
        break;
      case 'reachability':
        this.#seen.set(event.reachability.link, event.reachability);
        this.#tell('reachability', event.reachability);
        break;
      case 'mail':
        this.#handleMail(event);
        break;
      case 'role':
        this.#role = event.role;
        this.#tell('role', event.role);
        break;
      default:
        unreachable(event);
    }
  }

  #handleMail({ kind: _, command: __, ...report }: Extract<NodeEvent, { kind: 'mail' }>): void {
    this.#tell('mail', report);
  }

  #handlePeer(peer: PeerReport): void {
    this.#peers.put(peer);
    this.#tell('peer', peer);
  }

  #tell<K extends keyof DeviceEvents>(what: K, event: DeviceEvents[K]): void {
    const warn = (thrown: unknown) =>
      this.#logger.warn(`a listener of '${what}' threw: ${messageOf(thrown)}`);
    this.#listeners[what].tell(event, warn);
  }

  /** The driver has stopped by itself: nothing that waits will be answered. */
  #handleFault(fault: DriverFault): void {
    this.#fault = fault;
    this.#abandon(
      new FogError('stopped', `the device "${this.name}" failed: ${fault.message}`, { cause: fault }),
    );
    if (this.#listeners.fault.isEmpty) throw fault;
    this.#tell('fault', fault);
  }

  #handleNotice(notice: DriverNotice): void {
    const text = textOf(notice);
    if (text !== undefined) this.#logger.warn(text);
  }

  get #isStopped(): boolean {
    return this.#stopping !== undefined || this.#fault !== undefined;
  }

  #assertRunning(): void {
    if (this.#isStopped) throw this.#stoppedError();
  }

  #stoppedError(): FogError {
    return new FogError(
      'stopped',
      `the device "${this.name}" was stopped: start a new one with Device.start`,
    );
  }
}
