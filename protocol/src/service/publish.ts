import type { Command, CommandId } from '../api.js';
import { unreachable } from '../kernel/assert.js';
import { copyBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import type { MailOutput } from '../mail/doors.js';
import type { Message } from '../packet/message.js';
import { Lines } from './line.js';
import { type Names, NameTable } from './names.js';
import { parsePattern } from './pattern.js';
import { type CommandInput, type PortInput, type PortOutput, retagged } from './port.js';
import { type PublishCommand, Publisher } from './publisher.js';
import { type SubscribeCommand, Subscriber } from './subscriber.js';

/**
 * Publications in both directions (SPEC §9.2), from the publisher to each subscriber end to end: there is no
 * broker, so nobody but the two can read them, and a topic lives as long as its publisher.
 */
export type PublishInput =
  | PortInput
  /** Its record says that it started anew. */
  | { readonly kind: 'rebooted'; readonly peer: NodeKey }
  | Extract<MailOutput, { kind: 'sleeper' | 'mailed' | 'letter' }>
  /** It publishes a topic that we listen to whoever publishes it; its record may be unknown. */
  | { readonly kind: 'introduced'; readonly peer: NodeKey }
  | CommandInput<Extract<Command, { kind: 'publish' | 'subscribe' | 'unsubscribe' }>>;

export interface PublishOptions {
  readonly self: NodeKey;
  readonly limits: Limits;
  /** Where several machines share them; else it has its own. */
  readonly names?: Names;
  readonly lines?: Lines;
}

/** Tags of the two halves share one number space: even ones are the subscriber's. */
const HALVES = 2;

export class PublishMachine implements Machine<PublishInput, PortOutput> {
  readonly #self: NodeKey;
  readonly #names: Names;
  readonly #wanted = new Outbox<PortOutput>();
  readonly #published = new Outbox<PortOutput>();
  readonly #outbox = new Outbox<PortOutput>();
  readonly #subscriber: Subscriber;
  readonly #publisher: Publisher;

  constructor(options: PublishOptions) {
    const { self, limits } = options;
    this.#self = self;
    this.#names = options.names ?? new NameTable(limits.recordCountMax);
    this.#subscriber = new Subscriber({ self, limits, names: this.#names, outbox: this.#wanted });
    this.#publisher = new Publisher({
      ...{ limits, names: this.#names, outbox: this.#published },
      lines: options.lines ?? new Lines(),
    });
  }

  /** Topics that this node publishes, as far as it keeps their last values. */
  get published(): readonly string[] {
    return [...this.#publisher.topics()];
  }

  /** Topics that it listens to whoever publishes them. */
  get wanted(): readonly string[] {
    return this.#subscriber.topicsOfAnyone();
  }

  /** Another number when those may be others. */
  get topicsVersion(): number {
    return this.#publisher.topicsVersion + this.#subscriber.topicsVersion;
  }

  handleInput(now: Instant, input: PublishInput): void {
    switch (input.kind) {
      case 'command':
        this.#onCommand(now, input.id, input.command);
        break;
      case 'message':
        this.#drop(this.#onMessage(now, input.from, input.message));
        break;
      case 'settled':
        this.#onSettled(now, input.tag, input.ok);
        break;
      case 'peerUp':
        this.#publisher.onUp(input.peer, input.resumed);
        this.#subscriber.onUp(now, input.peer, input.resumed);
        break;
      case 'peerDown':
        this.#publisher.onDown(input.peer, input.code);
        this.#subscriber.onDown(now, input.peer, input.code);
        break;
      case 'rebooted':
        this.#publisher.onReboot(input.peer);
        break;
      case 'sleeper':
        this.#publisher.onSleeper(input.peer, input.topics);
        break;
      case 'mailed':
        this.#publisher.onMailed(input.tag, input.fate);
        break;
      case 'letter':
        this.#subscriber.onLetter(input);
        break;
      case 'introduced':
        this.#subscriber.onIntroduced(now, input.peer);
        break;
      case 'room':
        this.#publisher.setRoom(input.peer, input.bytes);
        break;
      case 'peerNamed':
        this.#names.set(input.peer, input.name);
        this.#subscriber.onNamed(now, input.peer);
        break;
      case 'peerGone':
        this.#names.delete(input.peer);
        this.#subscriber.onGone(now, input.peer);
        break;
      case 'timeout':
        this.#subscriber.onTimeout(now);
        break;
      default:
        unreachable(input);
    }
    this.#collect(this.#wanted, 0);
    this.#collect(this.#published, 1);
  }

  /** What that peer hears with qos 1 here, or would if it were awake. */
  topicsOf(peer: NodeKey): readonly string[] {
    return this.#publisher.topicsOf(peer);
  }

  /** Whether anybody here listens to that topic of a node that calls itself so. */
  wants(peer: NodeKey, name: string, topic: string): boolean {
    return this.#subscriber.wants(peer, name, topic);
  }

  pollOutput(): PortOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return this.#subscriber.wakeAt;
  }

  #onCommand(
    now: Instant,
    id: CommandId,
    command: Extract<PublishInput, { kind: 'command' }>['command'],
  ): void {
    switch (command.kind) {
      case 'publish':
        return this.#publish(id, command);
      case 'subscribe':
        return this.#subscribe(now, id, command);
      case 'unsubscribe':
        return this.#subscriber.unsubscribe(now, command.pattern);
      default:
        return unreachable(command);
    }
  }

  #onMessage(now: Instant, from: NodeKey, message: Message): DropReason | undefined {
    switch (message.kind) {
      case 'publish':
        return this.#subscriber.onPublish(now, from, message);
      case 'subscribe':
        return this.#publisher.onSubscribe(from, message);
      case 'unsubscribe':
        this.#publisher.onUnsubscribe(from, message.alias);
        return undefined;
      default:
        return 'unexpected';
    }
  }

  #onSettled(now: Instant, tag: number, ok: boolean): void {
    const half = tag % HALVES;
    const own = (tag - half) / HALVES;
    if (half === 0) this.#subscriber.onSettled(now, own, ok);
    else this.#publisher.onSettled(own, ok);
  }

  /** A new subscription to ourselves gets the last value, as it would from anybody. */
  #subscribe(now: Instant, id: CommandId, command: SubscribeCommand): void {
    const topic = parsePattern(command.pattern)?.topic ?? '';
    const wasWanted = this.#subscriber.wantsOwn(topic);
    this.#subscriber.subscribe(now, id, command);
    const last = this.#publisher.retainedOf(topic);
    if (last !== undefined && !wasWanted && this.#subscriber.wantsOwn(topic)) this.#hear(topic, last);
  }

  #publish(id: CommandId, command: PublishCommand): void {
    if (!this.#publisher.accepts(id, command)) return;
    const isOwn = this.#subscriber.wantsOwn(command.topic);
    if (isOwn) this.#hear(command.topic, command.body);
    this.#publisher.publish(id, command, isOwn ? 1 : 0);
  }

  #hear(topic: string, body: Uint8Array): void {
    const from = this.#names.nameOf(this.#self);
    const event = { kind: 'message', from, topic, body: copyBytes(body) } as const;
    this.#outbox.push({ kind: 'event', event });
  }

  #collect(from: Outbox<PortOutput>, half: number): void {
    for (let output = from.shift(); output !== undefined; output = from.shift()) {
      this.#outbox.push(output.kind === 'send' ? retagged(output, HALVES, half) : output);
    }
  }

  #drop(reason: DropReason | undefined): void {
    if (reason !== undefined) this.#outbox.push({ kind: 'dropped', reason });
  }
}
