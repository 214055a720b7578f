import type { Command, CommandId, RelayRefusal } from '../api.js';
import { unreachable } from '../kernel/assert.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Message } from '../packet/message.js';
import { Answerer } from './answerer.js';
import { Asker } from './asker.js';
import { Lines } from './line.js';
import { type Names, NameTable } from './names.js';
import {
  type CommandInput,
  type Delivery,
  type PeerDownCode,
  type PortInput,
  type PortOutput,
  retagged,
} from './port.js';

/**
 * Requests in both directions (SPEC §9.1). There are no roles: every node asks and answers. A request to
 * oneself takes the same way, with the wire left out.
 */
export type RequestInput =
  | PortInput
  | { readonly kind: 'roundTrip'; readonly peer: NodeKey; readonly ms: number }
  /** Somebody on the way there does not forward for this node now. */
  | ({ readonly kind: 'refused'; readonly peer: NodeKey } & RelayRefusal)
  /** Packets to that peer go by another way from now on. */
  | { readonly kind: 'rerouted'; readonly peer: NodeKey }
  | CommandInput<Extract<Command, { kind: 'request' | 'cancel' | 'respond' }>>;

export interface RequestOptions {
  readonly self: NodeKey;
  readonly limits: Limits;
  /** Where several machines share them; else it has its own. */
  readonly names?: Names;
  readonly lines?: Lines;
}

/** Tags of the two halves share one number space: even ones are the asker's. */
const HALVES = 2;

export class RequestMachine implements Machine<RequestInput, PortOutput> {
  readonly #self: NodeKey;
  readonly #names: Names;
  readonly #lines: Lines;
  readonly #asked = new Outbox<PortOutput>();
  readonly #answers = new Outbox<PortOutput>();
  readonly #outbox = new Outbox<PortOutput>();
  readonly #asker: Asker;
  readonly #answerer: Answerer;

  constructor(options: RequestOptions) {
    const { self, limits } = options;
    this.#self = self;
    this.#lines = options.lines ?? new Lines();
    this.#names = options.names ?? new NameTable(limits.recordCountMax);
    const shared = { limits, names: this.#names, lines: this.#lines };
    this.#asker = new Asker({ ...shared, self, outbox: this.#asked });
    this.#answerer = new Answerer({ ...shared, outbox: this.#answers });
  }

  handleInput(now: Instant, input: RequestInput): void {
    switch (input.kind) {
      case 'command':
        this.#onCommand(now, input.id, input.command);
        break;
      case 'message':
        this.#onMessage(now, input.from, input.message, input.delivery);
        break;
      case 'settled':
        this.#onSettled(now, input.tag, input.ok);
        break;
      case 'peerUp':
        this.#lines.up(input.peer, input.resumed);
        this.#asker.onUp(now, input.peer, input.resumed);
        break;
      case 'peerDown':
        this.#onDown(now, input.peer, input.code);
        break;
      case 'room':
        this.#lines.setRoom(input.peer, input.bytes);
        break;
      case 'roundTrip':
        this.#lines.setRoundTrip(input.peer, input.ms);
        break;
      case 'refused':
        this.#asker.onRefused(now, input);
        break;
      case 'rerouted':
        this.#asker.onRerouted(now, input.peer);
        break;
      case 'peerNamed':
        this.#names.set(input.peer, input.name);
        this.#asker.onNamed(now, input.peer, input.name);
        break;
      case 'peerGone':
        this.#names.delete(input.peer);
        break;
      case 'timeout':
        this.#asker.onTimeout(now);
        this.#answerer.onTimeout(now);
        break;
      default:
        unreachable(input);
    }
    this.#flush(now);
  }

  pollOutput(): PortOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return earlier(this.#asker.wakeAt, this.#answerer.wakeAt);
  }

  #onCommand(
    now: Instant,
    id: CommandId,
    command: Extract<RequestInput, { kind: 'command' }>['command'],
  ): void {
    switch (command.kind) {
      case 'request':
        return this.#asker.ask(now, id, command);
      case 'cancel':
        return this.#asker.cancel(now, command.command);
      case 'respond':
        return this.#answerer.respond(now, command);
      default:
        return unreachable(command);
    }
  }

  #onMessage(now: Instant, from: NodeKey, message: Message, delivery: Delivery): void {
    if (message.kind === 'request') return this.#drop(this.#answerer.onRequest(now, from, message, delivery));
    if (message.kind === 'cancel') return this.#answerer.onCancel(now, from, message.id);
    const isOurs = message.kind === 'response' && this.#asker.onResponse(now, from, message);
    if (!isOurs) this.#drop('unexpected');
  }

  #onSettled(now: Instant, tag: number, ok: boolean): void {
    const half = tag % HALVES;
    const own = (tag - half) / HALVES;
    if (half === 0) this.#asker.onSettled(now, own, ok);
    else this.#answerer.onSettled(now, own, ok);
  }

  #onDown(now: Instant, peer: NodeKey, code: PeerDownCode): void {
    this.#lines.down(peer, code);
    this.#asker.onDown(now, peer, code);
    this.#answerer.onDown(peer, code);
  }

  /** Hands out what the halves said; what is meant for ourselves comes back in. */
  #flush(now: Instant): void {
    for (;;) {
      const fromAsker = this.#asked.shift();
      const output = fromAsker ?? this.#answers.shift();
      if (output === undefined) return;
      this.#hand(now, output, fromAsker === undefined ? 1 : 0);
    }
  }

  #hand(now: Instant, output: PortOutput, half: number): void {
    if (output.kind !== 'send') return this.#outbox.push(output);
    const own = retagged(output, HALVES, half);
    if (own.to !== this.#self) return this.#outbox.push(own);
    if (own.tag !== undefined) this.#onSettled(now, own.tag, true);
    this.#onMessage(now, this.#self, output.message, output.delivery);
  }

  #drop(reason: DropReason | undefined): void {
    if (reason !== undefined) this.#outbox.push({ kind: 'dropped', reason });
  }
}
