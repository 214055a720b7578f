import { type Command, Status } from '../api.js';
import { copyBytes, EMPTY } from '../kernel/bytes.js';
import { type DropReason, UsageError } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { RequestMessage } from '../packet/message.js';
import { DEADLINE_MS_MAX, Refusal, statusOf } from './ask.js';
import { fingerprint } from './fingerprint.js';
import type { Lines } from './line.js';
import type { Names } from './names.js';
import type { Delivery, PeerDownCode, PortOutput, Sink } from './port.js';
import { isPath } from './text.js';

/**
 * Requests of others (SPEC §9.1): open -> answered -> forgotten. The application sees each one once however
 * often it arrives, because an answer is kept for 30 s after it was last asked for, and given again; a
 * cancelled request is kept as long, without an answer.
 *
 * At most requestCountMax are kept. When that many are, the oldest answered one goes: its asker has most
 * likely got the answer. When all are open, the newcomer is told to come again later.
 */
const ANSWER_KEPT_MS = 30 * SECOND_MS;
/** Waits for a session that could not carry an answer double up to here. */
const RETRY_MS = 500;
const BACK_OFF_MS_MAX = 8 * SECOND_MS;
/** Type 1, id 5, status 1, head of body 3. */
const HEAD_BYTES_MAX = 10;

/** A request that the application is working on. */
interface Open {
  readonly request: number;
  readonly key: string;
  readonly from: NodeKey;
  readonly id: number;
  readonly print: number;
  readonly openedAt: Instant;
  /** How it came last: what came reliably is not asked again, so the answer must not get lost. */
  delivery: Delivery;
}

interface Answered {
  readonly from: NodeKey;
  readonly id: number;
  /** Undefined for what was cancelled before it came: anything of that id is it. */
  readonly print: number | undefined;
  /** When it was given, or asked for again. */
  answeredAt: Instant;
  readonly status: number;
  delivery: Delivery;
  /** Undefined when there is nothing to repeat: cancelled, or the session says that it arrived. */
  body: Uint8Array | undefined;
  tag: number | undefined;
  attempt: number;
  retryAt: Instant | undefined;
}

export type RespondCommand = Extract<Command, { kind: 'respond' }>;

export interface AnswererOptions {
  readonly limits: Limits;
  readonly names: Names;
  readonly lines: Lines;
  readonly outbox: Sink<PortOutput>;
}

export class Answerer {
  readonly #options: AnswererOptions;
  /** Both in order of age, by asker and id. */
  readonly #open = new Map<string, Open>();
  readonly #answered = new Map<string, Answered>();
  readonly #byRequest = new Map<number, Open>();
  #nextRequest = 1;
  #nextTag = 0;
  #wakeAt: Instant | undefined;

  constructor(options: AnswererOptions) {
    this.#options = options;
  }

  get wakeAt(): Instant | undefined {
    return this.#open.size + this.#answered.size === 0 ? undefined : this.#wakeAt;
  }

  onRequest(
    now: Instant,
    from: NodeKey,
    message: RequestMessage,
    delivery: Delivery,
  ): DropReason | undefined {
    const { limits, lines } = this.#options;
    if (message.path === undefined ? message.alias === undefined : !isPath(message.path)) return 'malformed';
    const path = lines.find(from)?.read(message) ?? message.path;
    if (path === undefined) return this.#refuse(from, message.id, Refusal.unknownAlias, delivery);
    if (message.body.length > limits.messageBytesMax) {
      return this.#refuse(from, message.id, Status.tooLarge, delivery);
    }
    const key = keyOf(from, message.id);
    const print = fingerprint(path, message.body);
    if (this.#isRepeated(now, key, print, delivery)) return undefined;
    if (!this.#makeRoom(from)) return this.#refuse(from, message.id, Refusal.noRoom, delivery);
    const request = this.#nextRequest++;
    const open: Open = { request, key, from, id: message.id, print, delivery, openedAt: now };
    this.#open.set(key, open);
    this.#byRequest.set(request, open);
    this.#wake(now + DEADLINE_MS_MAX);
    const body = copyBytes(message.body);
    const event = { kind: 'request', request, from: this.#options.names.nameOf(from), path, body } as const;
    this.#options.outbox.push({ kind: 'event', event });
    return undefined;
  }

  /** A request that has been cancelled or was given up is answered into the void. */
  respond(now: Instant, command: RespondCommand): void {
    if (statusOf(command.status) === undefined) {
      throw new UsageError('badStatus', 'a status is one of those in Status');
    }
    const open = this.#byRequest.get(command.request);
    if (open === undefined) return;
    this.#close(open);
    const isTooLarge = command.body.length > this.#options.limits.messageBytesMax;
    const status = isTooLarge ? Status.tooLarge : command.status;
    const body = isTooLarge ? EMPTY : copyBytes(command.body);
    const { from, id, print, delivery } = open;
    const answered = this.#keep(now, open.key, { from, id, print, delivery, status, body });
    this.#transmit(answered);
  }

  onCancel(now: Instant, from: NodeKey, id: number): void {
    const key = keyOf(from, id);
    const open = this.#open.get(key);
    if (open !== undefined) {
      this.#close(open);
      this.#cancelled(open);
    } else if (this.#answered.has(key) || !this.#makeRoom(from)) return;
    const print = open?.print;
    this.#keep(now, key, { from, id, print, delivery: 'datagram', status: Status.ok, body: undefined });
  }

  /** Only a restart ends what a peer asked for; after any other loss it asks again, under the same ids. */
  onDown(peer: NodeKey, code: PeerDownCode): void {
    for (const [key, answered] of this.#answered) {
      if (answered.from !== peer) continue;
      answered.retryAt = undefined;
      if (code === 'unreachable') answered.tag = undefined;
      if (code === 'restarted') this.#answered.delete(key);
    }
    if (code !== 'restarted') return;
    for (const open of this.#open.values()) {
      if (open.from !== peer) continue;
      this.#close(open);
      this.#cancelled(open);
    }
  }

  onSettled(now: Instant, tag: number, ok: boolean): void {
    for (const answered of this.#answered.values()) {
      if (answered.tag !== tag) continue;
      answered.tag = undefined;
      if (ok) answered.body = undefined;
      else this.#retry(now, answered);
      return;
    }
  }

  onTimeout(now: Instant): void {
    if (this.#wakeAt === undefined || this.#wakeAt > now) return;
    this.#wakeAt = undefined;
    for (const [key, answered] of this.#answered) {
      if (answered.answeredAt + ANSWER_KEPT_MS <= now) {
        this.#answered.delete(key);
        continue;
      }
      if (answered.retryAt !== undefined && answered.retryAt <= now) this.#transmit(answered);
      this.#wake(answered.retryAt);
      this.#wake(answered.answeredAt + ANSWER_KEPT_MS);
    }
    for (const open of this.#open.values()) {
      if (open.openedAt + DEADLINE_MS_MAX > now) {
        this.#wake(open.openedAt + DEADLINE_MS_MAX);
        break;
      }
      this.#close(open);
      this.#cancelled(open);
    }
  }

  /**
   * True when it was seen before. The same id with another content is a new request of a peer that lost
   * count.
   */
  #isRepeated(now: Instant, key: string, print: number, delivery: Delivery): boolean {
    const open = this.#open.get(key);
    if (open !== undefined) {
      open.delivery = delivery;
      if (open.print === print) return true;
      this.#close(open);
      this.#cancelled(open);
    }
    const answered = this.#answered.get(key);
    if (answered === undefined) return false;
    if (answered.answeredAt + ANSWER_KEPT_MS > now && (answered.print ?? print) === print) {
      answered.delivery = delivery;
      if (answered.tag === undefined) this.#transmit(answered);
      this.#answered.delete(key);
      this.#remember(now, key, answered);
      return true;
    }
    this.#answered.delete(key);
    return false;
  }

  /** One peer may not hold all: an eighth of the open ones is left to the others. */
  #makeRoom(from: NodeKey): boolean {
    const max = this.#options.limits.requestCountMax;
    const share = Math.max(1, max - Math.max(1, max >> 3));
    if (this.#open.size >= share && countOf(this.#open, from) >= share) return false;
    if (this.#open.size + this.#answered.size < max) return true;
    // A peer that fills half of the cache by itself pushes out its own answers, not those of others.
    let isGreedy: boolean | undefined;
    for (const [key, answered] of this.#answered) {
      if (answered.from !== from) isGreedy ??= countOf(this.#answered, from) * 2 >= max;
      if (isGreedy === true && answered.from !== from) continue;
      this.#answered.delete(key);
      return true;
    }
    return false;
  }

  #keep(
    now: Instant,
    key: string,
    what: Pick<Answered, 'from' | 'id' | 'print' | 'delivery' | 'status' | 'body'>,
  ): Answered {
    const { from, id, print, delivery, status, body } = what;
    const answered: Answered = {
      from,
      id,
      print,
      delivery,
      status,
      body,
      answeredAt: now,
      tag: undefined,
      attempt: 0,
      retryAt: undefined,
    };
    this.#remember(now, key, answered);
    return answered;
  }

  /** As the youngest. */
  #remember(now: Instant, key: string, answered: Answered): void {
    answered.answeredAt = now;
    this.#answered.set(key, answered);
    this.#wake(now + ANSWER_KEPT_MS);
  }

  #transmit(answered: Answered): void {
    answered.retryAt = undefined;
    if (answered.body === undefined) return;
    const { lines, outbox } = this.#options;
    const { from, id, status, body } = answered;
    const message = { kind: 'response', id, status, body } as const;
    if (answered.delivery === 'datagram' && HEAD_BYTES_MAX + body.length <= lines.roomBytes(from)) {
      outbox.push({ kind: 'send', to: from, message, delivery: 'datagram' });
      return;
    }
    answered.tag = this.#nextTag++;
    outbox.push({ kind: 'send', to: from, message, delivery: 'reliable', tag: answered.tag });
  }

  /** Without a session nothing is retried: the asker comes back with one and asks again. */
  #retry(now: Instant, answered: Answered): void {
    const { lines } = this.#options;
    if (lines.find(answered.from) === undefined) return;
    const wait = Math.max(RETRY_MS, lines.retryMs(answered.from)) * (1 << Math.min(answered.attempt, 6));
    answered.attempt++;
    answered.retryAt = now + Math.min(BACK_OFF_MS_MAX, wait);
    this.#wake(answered.retryAt);
  }

  #refuse(to: NodeKey, id: number, status: number, delivery: Delivery): undefined {
    const message = { kind: 'response', id, status, body: EMPTY } as const;
    this.#options.outbox.push({ kind: 'send', to, message, delivery });
    return undefined;
  }

  #close(open: Open): void {
    this.#open.delete(open.key);
    this.#byRequest.delete(open.request);
  }

  #cancelled(open: Open): void {
    const event = { kind: 'requestCancelled', request: open.request } as const;
    this.#options.outbox.push({ kind: 'event', event });
  }

  #wake(at: Instant | undefined): void {
    this.#wakeAt = earlier(this.#wakeAt, at);
  }
}

function keyOf(from: NodeKey, id: number): string {
  return `${from}/${id}`;
}

function countOf(table: ReadonlyMap<string, { readonly from: NodeKey }>, from: NodeKey): number {
  let count = 0;
  for (const entry of table.values()) if (entry.from === from) count++;
  return count;
}
