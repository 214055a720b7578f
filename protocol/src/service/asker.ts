import { type CommandId, type FailureCode, type RelayRefusal, Status } from '../api.js';
import { copyBytes } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { ResponseMessage } from '../packet/message.js';
import { type Ask, type Asking, newAsk, newAsking, Refusal, type RequestCommand, statusOf } from './ask.js';
import { IdPool } from './id-pool.js';
import type { Lines } from './line.js';
import type { Names } from './names.js';
import type { Delivery, PeerDownCode, PortOutput, Sink } from './port.js';

/**
 * Our own requests (SPEC §9.1). A request waits for its name, then asks until it is answered or its deadline
 * passes:
 *
 *   naming -> asking -> answered | failed | cancelled
 *
 * One that fits a packet is a datagram and is asked again after 1, 2, 4 ... waits, because the answer
 * acknowledges it; a larger one is left to the session. A new session asks everything again. The id stays the
 * same throughout, so that the peer can tell it from a second request.
 */

/** Waits double up to here. */
const BACK_OFF_MS_MAX = 8 * SECOND_MS;
/** While the node opens a session it holds the request; asking again only guards against a lost queue. */
const QUEUED_RETRY_MS = 15 * SECOND_MS;
/** Unanswered attempts that make the path suspect. */
const DOUBT_ATTEMPTS = 2;
const ID_MAX = 0xffff_ffff;
/** Type 1, id 5, array 1, alias 2, and the heads of path 2 and body 3. */
const HEAD_BYTES_MAX = 14;

export interface AskerOptions {
  readonly self: NodeKey;
  readonly limits: Limits;
  readonly names: Names;
  readonly lines: Lines;
  readonly outbox: Sink<PortOutput>;
}

export class Asker {
  readonly #options: AskerOptions;
  readonly #asks = new Map<CommandId, Ask>();
  readonly #byId = new Map<number, Ask>();
  readonly #ids = new IdPool(ID_MAX);
  #nextTag = 0;
  /** Never later than the next deadline or retry; earlier when what it was set for has ended. */
  #wakeAt: Instant | undefined;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  get wakeAt(): Instant | undefined {
    return this.#asks.size === 0 ? undefined : this.#wakeAt;
  }

  ask(now: Instant, command: CommandId, request: RequestCommand): void {
    if (this.#asks.has(command)) throw new UsageError('commandId', 'this command id is in use');
    const ask = newAsk(now, command, request);
    const { limits } = this.#options;
    if (ask.body.length > limits.messageBytesMax) return this.#fail(command, 'tooLarge');
    if (this.#asks.size >= limits.requestCountMax) return this.#fail(command, 'busy');
    this.#asks.set(command, ask);
    this.#wake(ask.deadlineAt);
    const peer = this.#find(ask.to);
    if (peer !== undefined) this.#begin(now, ask, peer);
  }

  /** What the application gave up must not run later from a delayed packet, so the peer is told reliably. */
  cancel(now: Instant, command: CommandId): void {
    const ask = this.#asks.get(command);
    if (ask === undefined) return;
    this.#withdraw(ask, 'reliable');
    this.#end(now, ask);
    this.#fail(command, 'cancelled');
  }

  onNamed(now: Instant, peer: NodeKey, name: string): void {
    for (const ask of this.#asks.values()) {
      if (ask.state.kind === 'naming' && (ask.to === name || ask.to === peer)) this.#begin(now, ask, peer);
    }
  }

  onUp(now: Instant, peer: NodeKey, resumed: boolean): void {
    this.onNamed(now, peer, peer);
    for (const [ask, asking] of this.#asking(peer)) {
      const wasQueued = asking.isQueued;
      asking.isQueued = false;
      asking.attempt = 0;
      if (!resumed && !wasQueued) this.#transmit(now, ask, asking);
      else if (asking.tag === undefined) this.#retryIn(now, asking);
    }
  }

  onDown(now: Instant, peer: NodeKey, code: PeerDownCode): void {
    for (const [ask, asking] of this.#asking(peer)) {
      if (code === 'unreachable') {
        this.#end(now, ask);
        this.#fail(ask.command, 'unreachable');
        continue;
      }
      asking.attempt = 0;
      asking.isQueued = false;
      if (asking.tag === undefined) this.#retryIn(now, asking);
    }
  }

  /** Another way leads there: what the way before swallowed need not wait as long as it was silent. */
  onRerouted(now: Instant, peer: NodeKey): void {
    const first = this.#options.lines.retryMs(peer);
    for (const [ask, asking] of this.#asking(peer)) {
      if (asking.retryAt === undefined || asking.isQueued || asking.attempt < 2) continue;
      const againAt = asking.retryAt - waitOf(first, asking.attempt - 1) + first;
      asking.attempt = 0;
      asking.refusal = undefined;
      if (now >= againAt) this.#transmit(now, ask, asking);
      else asking.retryAt = againAt; // the one before may have gone by the new way already
      this.#wake(asking.retryAt);
    }
  }

  /** A second refusal in a row ends a request, and so does one that lasts longer than its deadline. */
  onRefused(now: Instant, { peer, relay, retryMs }: RelayRefusal & { readonly peer: NodeKey }): void {
    for (const [ask, asking] of [...this.#asking(peer)]) {
      if (now < asking.refusedUntil) continue;
      if (asking.refusal !== undefined || now + retryMs >= ask.deadlineAt) {
        this.#withdraw(ask, 'datagram');
        this.#end(now, ask);
        this.#fail(ask.command, 'relayBusy', { relay, retryMs });
        continue;
      }
      asking.refusal = { relay, retryMs };
      asking.refusedUntil = now + retryMs;
      if (asking.tag !== undefined) continue;
      asking.retryAt = now + retryMs;
      this.#wake(asking.retryAt);
    }
  }

  onSettled(now: Instant, tag: number, ok: boolean): void {
    for (const ask of this.#byId.values()) {
      const asking = ask.state;
      if (asking.kind !== 'asking' || asking.tag !== tag) continue;
      asking.tag = undefined;
      if (!ok) this.#retryIn(now, asking);
      return;
    }
  }

  /** False when nothing of ours has this id at this peer. */
  onResponse(now: Instant, from: NodeKey, response: ResponseMessage): boolean {
    const ask = this.#byId.get(response.id);
    if (ask === undefined || ask.state.kind !== 'asking' || ask.state.peer !== from) return false;
    const asking = ask.state;
    if (response.status === Refusal.unknownAlias) return this.#onUnknownAlias(now, ask, asking);
    if (response.status === Refusal.noRoom) return this.#onNoRoom(now, asking);
    const line = this.#options.lines.find(from);
    if (line !== undefined && line === asking.line) line.confirm(ask.path);
    this.#end(now, ask);
    const body = copyBytes(response.body);
    const event = {
      kind: 'response',
      command: ask.command,
      status: statusOf(response.status) ?? Status.failed, // one that only a later version knows
      body,
    } as const;
    this.#options.outbox.push({ kind: 'event', event });
    this.#takeRoom(now, from);
    return true;
  }

  onTimeout(now: Instant): void {
    if (this.#wakeAt === undefined || this.#wakeAt > now) return;
    this.#wakeAt = undefined;
    for (const ask of this.#asks.values()) {
      if (ask.deadlineAt <= now) {
        this.#expire(now, ask);
        continue;
      }
      const retryAt = ask.state.kind === 'asking' ? ask.state.retryAt : undefined;
      if (ask.state.kind === 'asking' && retryAt !== undefined && retryAt <= now) {
        this.#doubt(ask.state);
        this.#transmit(now, ask, ask.state);
      } else this.#wake(retryAt);
      this.#wake(ask.deadlineAt);
    }
  }

  #doubt({ attempt, isQueued, isRefused, peer }: Asking): void {
    if (attempt === DOUBT_ATTEMPTS && !isQueued && !isRefused)
      this.#options.outbox.push({ kind: 'doubt', peer });
  }

  #onUnknownAlias(now: Instant, ask: Ask, asking: Asking): boolean {
    if (asking.isWrittenOut) return false;
    asking.isWrittenOut = true;
    asking.line?.refuse(ask.path);
    this.#transmit(now, ask, asking);
    return true;
  }

  /** The next attempt is due in a while anyway, unless the session carried this one. */
  #onNoRoom(now: Instant, asking: Asking): boolean {
    asking.isRefused = true;
    if (asking.retryAt === undefined) this.#retryIn(now, asking);
    return true;
  }

  /** An answer leaves room for one that was refused, so that many requests go as fast as the peer answers. */
  #takeRoom(now: Instant, peer: NodeKey): void {
    for (const [ask, asking] of this.#asking(peer)) {
      if (!asking.isRefused) continue;
      this.#transmit(now, ask, asking);
      return;
    }
  }

  /** A NodeKey that nobody told us of is like a name: it may still appear. */
  #find(to: string): NodeKey | undefined {
    const { names, lines, self } = this.#options;
    return to === self || names.has(to) || lines.find(to) !== undefined ? to : names.resolve(to);
  }

  #begin(now: Instant, ask: Ask, peer: NodeKey): void {
    const asking = newAsking(peer, this.#ids.take(now));
    ask.state = asking;
    this.#byId.set(asking.id, ask);
    this.#transmit(now, ask, asking);
  }

  #transmit(now: Instant, ask: Ask, asking: Asking): void {
    const { lines, self, outbox } = this.#options;
    const to = asking.peer;
    const line = lines.find(to);
    const item = line?.write(ask.path) ?? { alias: undefined, path: ask.path };
    const message = { kind: 'request', id: asking.id, ...item, body: ask.body } as const;
    const isLarge = HEAD_BYTES_MAX + ask.pathBytes + ask.body.length > lines.roomBytes(to);
    asking.line = line;
    asking.isQueued = line === undefined && to !== self;
    asking.isRefused = false;
    asking.retryAt = undefined;
    asking.tag = isLarge || to === self ? this.#nextTag++ : undefined;
    if (asking.tag !== undefined) {
      outbox.push({ kind: 'send', to, message, delivery: 'reliable', tag: asking.tag });
      return;
    }
    outbox.push({ kind: 'send', to, message, delivery: 'datagram' });
    this.#retryIn(now, asking);
  }

  #retryIn(now: Instant, asking: Asking): void {
    const first = this.#options.lines.retryMs(asking.peer);
    const wait = asking.isQueued ? QUEUED_RETRY_MS : waitOf(first, asking.attempt);
    asking.attempt++;
    asking.retryAt = now + wait;
    this.#wake(asking.retryAt);
  }

  #expire(now: Instant, ask: Ask): void {
    this.#withdraw(ask, 'datagram');
    this.#end(now, ask);
    if (ask.state.kind === 'naming') this.#fail(ask.command, 'unknownPeer');
    else if (ask.state.refusal !== undefined) this.#fail(ask.command, 'relayBusy', ask.state.refusal);
    else this.#fail(ask.command, ask.state.isRefused ? 'busy' : 'timeout');
  }

  /** Nothing is sent to a peer that never got the request, nor is a session opened for it. */
  #withdraw(ask: Ask, delivery: Delivery): void {
    const asking = ask.state;
    if (asking.kind === 'naming') return;
    const { lines, self, outbox } = this.#options;
    if (lines.find(asking.peer) === undefined && !asking.isQueued && asking.peer !== self) return;
    outbox.push({ kind: 'send', to: asking.peer, message: { kind: 'cancel', id: asking.id }, delivery });
  }

  #end(now: Instant, ask: Ask): void {
    this.#asks.delete(ask.command);
    if (ask.state.kind === 'naming') return;
    this.#byId.delete(ask.state.id);
    this.#ids.give(now, ask.state.id);
  }

  #fail(command: CommandId, code: FailureCode, refusal?: RelayRefusal): void {
    const why = refusal === undefined ? {} : { refusal };
    this.#options.outbox.push({ kind: 'event', event: { kind: 'failed', command, code, ...why } });
  }

  #wake(at: Instant | undefined): void {
    this.#wakeAt = earlier(this.#wakeAt, at);
  }

  *#asking(peer: NodeKey): Iterable<readonly [Ask, Asking]> {
    for (const ask of this.#asks.values()) {
      if (ask.state.kind === 'asking' && ask.state.peer === peer) yield [ask, ask.state];
    }
  }
}

/** Before the next attempt; `first`: before the second one. */
function waitOf(first: number, attempt: number): number {
  return Math.min(BACK_OFF_MS_MAX, first * (1 << Math.min(attempt, 6)));
}
